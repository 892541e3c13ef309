"""The hub: knows every subscription, hears of every event, and delivers what is due at each commitment."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import orjson
from solders.account import Account
from solders.pubkey import Pubkey

from opinion_localnet import addresses
from opinion_localnet.bank.messages import LoadedTransaction
from opinion_localnet.bank.records import ClosedSlot, Commitment, ErrorJson, ExecutedTransaction
from opinion_localnet.node import Node
from opinion_localnet.pubsub.subscriptions import (
    METHODS,
    AccountWanted,
    LogsWanted,
    ProgramWanted,
    RootWanted,
    SignatureWanted,
    SlotUpdatesWanted,
    SlotWanted,
    Subscription,
    Wanted,
)
from opinion_localnet.rpc.accounts import encode
from opinion_localnet.rpc.errors import subscription_refused

W = TypeVar("W")
# Of all connections together.
MAX_SUBSCRIPTIONS = 100_000


class Hub:
    """All subscriptions of all connections."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._ids = itertools.count(1)
        self._by_kind: dict[type, dict[int, Subscription]] = {kind: {} for kind in METHODS}
        # Tens of thousands may wait for signatures, and every transaction is told to those of its own.
        self._by_signature: dict[str, dict[int, Subscription]] = {}
        self._count = 0
        # Confirmed slots that are not final yet, for those who wait for finality.
        self._settling: deque[ClosedSlot] = deque()
        self._root = node.bank.slot_at(Commitment.FINALIZED)

    # Subscribing

    def subscribe(self, wanted: Wanted, deliver: Callable[[bytes], None]) -> int:
        """Start delivering; returns the subscription's id. Raises RpcError if the node has too many."""
        if self._count >= MAX_SUBSCRIPTIONS:
            raise subscription_refused()
        subscription = Subscription(next(self._ids), wanted, deliver)
        self._by_kind[type(wanted)][subscription.id] = subscription
        self._count += 1
        if isinstance(wanted, SignatureWanted):
            self._by_signature.setdefault(wanted.signature, {})[subscription.id] = subscription
        return subscription.id

    def knows(self, identifier: int) -> bool:
        """Whether there is such a subscription; a signature's ends by itself."""
        return any(identifier in group for group in self._by_kind.values())

    def started(self, identifier: int) -> None:
        """The client knows the id: tell it what is already true."""
        subscription = self._by_kind[SignatureWanted].get(identifier)
        if subscription is None or not isinstance(subscription.wanted, SignatureWanted):
            return
        status = self._node.bank.status(subscription.wanted.signature)
        if status is None:
            return
        if subscription.wanted.received:
            self._tell_received(subscription, status.slot)
        if self._node.bank.commitment_of(status.slot) >= subscription.wanted.commitment:
            self._tell_signature(subscription, status.err, subscription.wanted.commitment)

    def unsubscribe(self, identifier: int) -> bool:
        """Stop delivering; False if there is no such subscription."""
        for group in self._by_kind.values():
            ended = group.pop(identifier, None)
            if ended is not None:
                self._count -= 1
                self._forget_signature(ended)
                return True
        return False

    def _forget_signature(self, ended: Subscription) -> None:
        if isinstance(ended.wanted, SignatureWanted):
            waiting = self._by_signature[ended.wanted.signature]
            del waiting[ended.id]
            if not waiting:
                del self._by_signature[ended.wanted.signature]

    # Events

    def executed(self, transaction: ExecutedTransaction, loaded: LoadedTransaction) -> None:
        """Tell whoever listens at `processed`, and whoever waits for receipt."""
        for subscription, wanted in self._waiting(transaction.signature):
            if wanted.received:
                self._tell_received(subscription, transaction.slot)
        self._tell_transaction(transaction, Commitment.PROCESSED)
        if self._by_kind[AccountWanted] or self._by_kind[ProgramWanted]:
            written = ((key, self._node.bank.account(key, Commitment.PROCESSED)) for key in loaded.written())
            self._tell_accounts(written, Commitment.PROCESSED, transaction.slot)

    def slot_opened(self, slot: int, parent: int, root: int) -> None:
        """Tell whoever counts slots."""
        value = {"parent": parent, "root": root, "slot": slot}
        for subscription, _ in self._each(SlotWanted):
            self._notify(subscription, value)
        stamp = time.time_ns() // 1_000_000
        for subscription, _ in self._each(SlotUpdatesWanted):
            self._notify(subscription, {"parent": parent, "slot": slot, "timestamp": stamp, "type": "createdBank"})

    def confirmed(self, slots: Sequence[ClosedSlot], root: int) -> None:
        """Tell whoever waits for confirmation or finality."""
        for slot in slots:
            self._settle(slot, Commitment.CONFIRMED)
            self._settling.append(slot)
        while self._settling and self._settling[0].slot <= root:
            self._settle(self._settling.popleft(), Commitment.FINALIZED)
        if root > self._root:
            self._root = root
            for subscription, _ in self._each(RootWanted):
                self._notify(subscription, root)

    def _settle(self, slot: ClosedSlot, commitment: Commitment) -> None:
        for transaction in slot.transactions:
            self._tell_transaction(transaction, commitment)
        self._tell_accounts(slot.accounts, commitment, slot.slot)

    # Telling

    def _each(self, kind: type[W]) -> list[tuple[Subscription, W]]:
        return [(s, s.wanted) for s in self._by_kind[kind].values() if isinstance(s.wanted, kind)]

    def _waiting(self, signature: str) -> list[tuple[Subscription, SignatureWanted]]:
        # A copy: delivering a signature's notification ends its subscription.
        waiting = self._by_signature.get(signature, {}).values()
        return [(s, s.wanted) for s in waiting if isinstance(s.wanted, SignatureWanted)]

    def _tell_transaction(self, transaction: ExecutedTransaction, commitment: Commitment) -> None:
        for subscription, wanted in self._waiting(transaction.signature):
            if wanted.commitment is commitment:
                self._tell_signature(subscription, transaction.err, commitment)
        for subscription, wanted in self._each(LogsWanted):
            heard = wanted.mentions is None or wanted.mentions in transaction.keys
            if heard and wanted.commitment is commitment:
                value: dict[str, object] = {
                    "err": transaction.err,
                    "logs": transaction.meta["logMessages"] or [],
                    "signature": transaction.signature,
                }
                self._notify(subscription, _context(transaction.slot, value))

    def _tell_signature(self, subscription: Subscription, err: ErrorJson | None, commitment: Commitment) -> None:
        slot = self._node.bank.slot_at(commitment)
        self._notify(subscription, _context(slot, {"err": err}))
        self.unsubscribe(subscription.id)

    def _tell_received(self, subscription: Subscription, slot: int) -> None:
        self._notify(subscription, _context(slot, "receivedSignature"))

    def _tell_accounts(
        self, written: Iterable[tuple[Pubkey, Account | None]], commitment: Commitment, slot: int
    ) -> None:
        accounts = [(s, w) for s, w in self._each(AccountWanted) if w.commitment is commitment]
        programs = [(s, w) for s, w in self._each(ProgramWanted) if w.commitment is commitment]
        if not accounts and not programs:
            return
        for address, account in written:
            shown = account or Account(0, b"", addresses.SYSTEM_PROGRAM)
            for subscription, wanted in accounts:
                if wanted.address == address:
                    value = encode(self._node, address, shown, wanted.config, commitment, wanted.encoding)
                    self._notify(subscription, _context(slot, value))
            for subscription, wanted in programs:
                if shown.owner == wanted.program and wanted.keep(shown.data):
                    encoded = encode(self._node, address, shown, wanted.config, commitment, wanted.encoding)
                    value = {"account": encoded, "pubkey": str(address)}
                    self._notify(subscription, _context(slot, value))

    def _notify(self, subscription: Subscription, result: object) -> None:
        method = f"{METHODS[type(subscription.wanted)]}Notification"
        params = {"result": result, "subscription": subscription.id}
        subscription.deliver(orjson.dumps({"jsonrpc": "2.0", "method": method, "params": params}))


def _context(slot: int, value: object) -> dict[str, object]:
    # Unlike an answer's, a notification's context does not name the version.
    return {"context": {"slot": slot}, "value": value}
