"""The bank: the newest state, and the one place that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from solders.account import Account
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from opinion_localnet import addresses
from opinion_localnet.bank import clock as chain_clock
from opinion_localnet.bank import execution, runtime
from opinion_localnet.bank.blockhashes import MAX_SLOT_HASHES, BlockId, RecentBlocks, next_hashes
from opinion_localnet.bank.clock import ChainTime
from opinion_localnet.bank.fees import RecentFees, prioritization_fee
from opinion_localnet.bank.messages import LoadedTransaction, load
from opinion_localnet.bank.nonce import durable_nonce, nonce_account_of
from opinion_localnet.bank.records import ClosedSlot, Commitment, ExecutedTransaction, TransactionRejectedError
from opinion_localnet.bank.statuses import RecentStatuses, SignatureStatus
from opinion_localnet.bank.versions import AccountVersions

FINALITY_LAG = 32
_SLOT_SYSVARS = (addresses.CLOCK, addresses.SLOT_HASHES, addresses.RECENT_BLOCKHASHES)


@dataclass(frozen=True, slots=True)
class BankState:
    """Where a bank starts from: a genesis or a ledger."""

    blocks: tuple[BlockId, ...]
    transaction_count: int
    epoch_start: int
    statuses: tuple[tuple[str, SignatureStatus], ...] = ()


class Bank:
    """Executes transactions in the open slot, and closes slots one after the other.

    A slot is `processed` while open, `confirmed` once the node says that it is on disk, and `finalized` 32
    slots after that. Not thread-safe: it belongs to the event loop.
    """

    def __init__(self, svm: LiteSVM, state: BankState, time: ChainTime) -> None:
        self._svm = svm
        self._time = time
        self._recent = RecentBlocks(state.blocks)
        self._statuses = RecentStatuses()
        self._statuses.restore(state.statuses)
        self._versions = AccountVersions()
        self._fees = RecentFees()
        self._epoch_start = state.epoch_start
        self._confirmed = self._recent.latest.slot
        self.transaction_count = state.transaction_count
        self._landed: list[ExecutedTransaction] = []
        self._begin(self._recent.latest.slot + 1)

    # Reading

    @property
    def recent_blocks(self) -> RecentBlocks:
        """Blockhashes and their heights."""
        return self._recent

    @property
    def recent_fees(self) -> RecentFees:
        """What recent transactions paid for priority."""
        return self._fees

    @property
    def open_slot(self) -> int:
        """The slot that takes transactions now."""
        return self._slot

    @property
    def unix_time(self) -> int:
        """Clock's time in the open slot."""
        return self._unix_time

    def slot_at(self, commitment: Commitment) -> int:
        """The newest slot of `commitment`."""
        if commitment is Commitment.PROCESSED:
            return self._slot
        if commitment is Commitment.CONFIRMED:
            return self._confirmed
        return max(0, self._confirmed - FINALITY_LAG)

    def height_at(self, commitment: Commitment) -> int:
        """The block height of `slot_at(commitment)`."""
        if commitment is Commitment.PROCESSED:
            return self._recent.latest.height + 1
        return self._recent.at_or_before(self.slot_at(commitment)).height

    def block_at(self, commitment: Commitment) -> BlockId:
        """The newest closed block of `commitment`."""
        return self._recent.at_or_before(self.slot_at(commitment))

    def commitment_of(self, slot: int) -> Commitment:
        """How settled `slot` is."""
        if slot <= self.slot_at(Commitment.FINALIZED):
            return Commitment.FINALIZED
        return Commitment.CONFIRMED if slot <= self._confirmed else Commitment.PROCESSED

    def status(self, signature: str) -> SignatureStatus | None:
        """Where `signature` landed, if that was in the newest 300 slots."""
        return self._statuses.get(signature)

    def account(self, address: Pubkey, commitment: Commitment) -> Account | None:
        """The account at `address`, as it was at `commitment`."""
        if commitment is not Commitment.PROCESSED:
            changed, before = self._versions.lookup(address, self.slot_at(commitment))
            if changed:
                return before
        return self._svm.get_account(address)

    def program_accounts(self, owner: Pubkey, commitment: Commitment) -> list[tuple[Pubkey, Account]]:
        """Every account that `owner` owned at `commitment`."""
        newest = self._svm.get_program_accounts(owner)
        if commitment is Commitment.PROCESSED:
            return newest
        changed = self._versions.changed_since(self.slot_at(commitment))
        unchanged = [(key, account) for key, account in newest if key not in changed]
        return unchanged + [(key, a) for key, a in changed.items() if a is not None and a.owner == owner]

    def rent_exempt_minimum(self, space: int) -> int:
        """The lamports that an account of `space` bytes must hold."""
        return self._svm.minimum_balance_for_rent_exemption(space)

    # Executing

    def load(self, transaction: VersionedTransaction) -> LoadedTransaction:
        """Resolve the lookup tables against the newest state; raises TransactionRejectedError."""
        return load(transaction, self._svm.get_account)

    def check(self, loaded: LoadedTransaction, commitment: Commitment = Commitment.PROCESSED) -> Pubkey | None:
        """Refuse an expired blockhash, or what landed by `commitment`; return a durable one's nonce account."""
        nonce = self.check_age(loaded)
        landed = self._statuses.get(loaded.signature)
        if landed is not None and landed.slot <= self.slot_at(commitment):
            raise TransactionRejectedError("AlreadyProcessed")
        return nonce

    def check_age(self, loaded: LoadedTransaction) -> Pubkey | None:
        """Refuse an expired blockhash; return the nonce account that a durable one uses."""
        blockhash = loaded.message.recent_blockhash
        if self._recent.is_valid(str(blockhash), self._recent.latest.height + 1):
            return None
        nonce = nonce_account_of(loaded, self._svm.get_account)
        if nonce is None or bytes(blockhash) == durable_nonce(self._recent.latest.blockhash):
            raise TransactionRejectedError("BlockhashNotFound")
        return nonce

    def execute(self, loaded: LoadedTransaction, wire: bytes) -> ExecutedTransaction:
        """Run a transaction whose signatures were checked, in the open slot; raises TransactionRejectedError."""
        nonce = self.check(loaded)
        self._remember(loaded.written())
        landed = execution.execute(self._svm, loaded, nonce, self._recent.latest.blockhash)
        executed = ExecutedTransaction(
            signature=loaded.signature,
            slot=self._slot,
            index=len(self._landed),
            wire=wire,
            keys=tuple(str(key) for key in loaded.keys),
            err=landed.err,
            meta=landed.meta,
            memo=landed.memo,
        )
        self._landed.append(executed)
        self._statuses.add(executed.signature, SignatureStatus(self._slot, landed.err))
        self._fees.add(prioritization_fee(loaded), list(loaded.written()))
        self.transaction_count += 1
        return executed

    def simulate(self, loaded: LoadedTransaction, commitment: Commitment) -> execution.Simulation:
        """Run a transaction without keeping anything, on the accounts as they were at `commitment`."""
        past: dict[Pubkey, Account | None] = {}
        if commitment is not Commitment.PROCESSED:
            slot = self.slot_at(commitment)
            for key in loaded.keys:
                changed, before = self._versions.lookup(key, slot)
                if changed:
                    past[key] = before
        with execution.as_of(self._svm, past):
            return execution.simulate(self._svm, loaded)

    # Advancing

    def close_slot(self) -> ClosedSlot:
        """Close the open slot and open the next."""
        return self._close(self._slot + 1)

    def warp(self, slots: int, seconds: float) -> list[ClosedSlot]:
        """Let `slots` slots and `seconds` seconds pass at once.

        The newest 512 slots get blocks, so that SlotHashes is dense and every older blockhash has expired;
        the slots before them are skipped, as on a cluster that stood still.
        """
        skipped = max(0, slots - MAX_SLOT_HASHES - 1)
        closed = [self._close(self._slot + 1 + skipped)]
        # Time passes between the transactions before the warp and the empty blocks after it.
        self._time.advance(seconds)
        self._refresh_sysvars()
        closed += [self._close(self._slot + 1) for _ in range(slots - skipped - 1)]
        return closed

    def confirm(self, slot: int) -> None:
        """Slots up to `slot` are safely on disk."""
        self._confirmed = max(self._confirmed, slot)
        self._versions.forget(self.slot_at(Commitment.FINALIZED))

    def _close(self, next_slot: int) -> ClosedSlot:
        parent = self._recent.latest
        signatures = [transaction.signature for transaction in self._landed]
        blockhash, bank_hash = next_hashes(parent.blockhash, self._slot, signatures)
        closed = ClosedSlot(
            slot=self._slot,
            parent=parent.slot,
            height=parent.height + 1,
            blockhash=blockhash,
            previous_blockhash=parent.blockhash,
            bank_hash=bank_hash,
            unix_time=self._unix_time,
            time_offset=self._time.offset,
            transaction_count=self.transaction_count,
            transactions=tuple(self._landed),
            accounts=tuple(self._written()),
        )
        self._recent.append(BlockId(closed.slot, closed.height, blockhash, bank_hash))
        self._begin(next_slot)
        return closed

    def _begin(self, slot: int) -> None:
        if slot // chain_clock.SLOTS_PER_EPOCH != (slot - 1) // chain_clock.SLOTS_PER_EPOCH:
            self._epoch_start = self._time.now()
        self._slot = slot
        self._landed = []
        self._versions.begin(slot)
        self._statuses.begin(slot)
        self._fees.begin(slot)
        self._remember(_SLOT_SYSVARS)
        self._refresh_sysvars()

    def _refresh_sysvars(self) -> None:
        self._unix_time = self._time.now()
        clock = chain_clock.clock_at(self._slot, self._unix_time, self._epoch_start)
        hashes: list[Hash] = self._recent.newest_hashes(150)
        runtime.set_slot_sysvars(self._svm, clock, self._recent.slot_hashes(), hashes)

    def _remember(self, written: Iterable[Pubkey]) -> None:
        for key in written:
            if not self._versions.is_remembered(key):
                self._versions.remember(key, self._svm.get_account(key))

    def _written(self) -> Iterator[tuple[Pubkey, Account | None]]:
        for key in self._versions.touched():
            yield key, self._svm.get_account(key)
