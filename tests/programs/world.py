"""One chain in process: LiteSVM with the program in place, its clock, its SlotHashes, and snapshots of its accounts.

Signatures are not verified and blockhashes never expire: who signs is said by the transaction's flags, which is all a
program ever sees. That, and restoring accounts instead of
building a new chain, is what lets a row of a table cost a millisecond.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace

from solders.account import Account
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from tests.programs import idl, tokens
from tests.programs.spec import SLOT_HASHES_KEPT, SYSTEM_PROGRAM, UPGRADEABLE_LOADER, derive

GENESIS_TIME = 1_800_000_000
GENESIS_SLOT = 400_000_000
RICH = 10**15
GONE = Account(0, b"", SYSTEM_PROGRAM)


class Refused(Exception):  # noqa: N818 - named after what happened
    """A transaction that failed: the program's error by name, or the runtime's own."""

    def __init__(self, name: str, code: int | None, failed: FailedTransactionMetadata) -> None:
        meta = failed.meta()
        super().__init__(name, *meta.logs())
        self.name, self.code, self.logs = name, code, meta.logs()
        self.error = failed.err()
        self.compute_units = meta.compute_units_consumed()
        self.returned = bytes(meta.return_data().data)

    @property
    def said(self) -> list[str]:
        """What the program itself logged."""
        return [line.removeprefix("Program log: ") for line in self.logs if line.startswith("Program log: ")]


@dataclass(frozen=True)
class Done:
    """A transaction that succeeded."""

    compute_units: int
    logs: list[str]
    returned: bytes
    fee: int

    @property
    def events(self) -> list[tuple[str, SimpleNamespace]]:
        """The program's events, in order."""
        return idl.load().events_in(self.logs)


@dataclass(frozen=True)
class Snapshot:
    """Accounts, clock and slot hashes at one moment."""

    accounts: Mapping[Pubkey, Account]
    now: int
    slot: int
    slot_hashes: tuple[tuple[int, Hash], ...]


@functools.cache
def keypair(name: str) -> Keypair:
    """A named actor's keypair: the same in every run."""
    return Keypair.from_seed(hashlib.sha256(f"actor {name}".encode()).digest())


def actor(name: str) -> Pubkey:
    """A named actor's address."""
    return keypair(name).pubkey()


def _failure(failed: FailedTransactionMetadata) -> Refused:
    error = failed.err()
    inner = getattr(error, "err", None)
    code = getattr(inner, "code", None)
    if code is None:
        return Refused(f"runtime: {inner or error!r}", None, failed)
    return Refused(idl.load().errors.get(code, f"custom: {code}"), code, failed)


def _writable(message: Message) -> list[Pubkey]:
    keys, head = message.account_keys, message.header
    signers = head.num_required_signatures
    unsigned = len(keys) - head.num_readonly_unsigned_accounts
    return keys[: signers - head.num_readonly_signed_accounts] + keys[signers:unsigned]


class World:
    """A chain with programs placed under the upgradeable loader."""

    def __init__(self, programs: Mapping[Pubkey, bytes], upgrade_authority: Pubkey) -> None:
        svm = LiteSVM.default().with_mainnet_features().with_builtins().with_sysvars().with_default_programs()
        self.svm = svm.with_sigverify(False).with_blockhash_check(False).with_transaction_history(0)
        self.fee_payer = actor("fee payer")
        self._touched: set[Pubkey] = set()
        self._origin: dict[Pubkey, Account] = {}
        self._base: dict[Pubkey, Account] = {}
        for address, elf in programs.items():
            self._place(address, elf, upgrade_authority)
        self.fund(self.fee_payer)
        self._blockhash = self.svm.latest_blockhash()
        self._set_time(GENESIS_TIME, GENESIS_SLOT)
        self._hashes: list[tuple[int, Hash]] = []
        self.pass_slots(SLOT_HASHES_KEPT)

    def _place(self, address: Pubkey, elf: bytes, authority: Pubkey) -> None:
        data_address, _ = derive(bytes(address), program=UPGRADEABLE_LOADER)
        head = (3).to_bytes(4, "little") + bytes(8) + b"\1" + bytes(authority)
        self.svm.set_account(data_address, Account(RICH, head + elf, UPGRADEABLE_LOADER))
        program = (2).to_bytes(4, "little") + bytes(data_address)
        self.svm.set_account(address, Account(RICH, program, UPGRADEABLE_LOADER, executable=True))

    # Time

    def _set_time(self, now: int, slot: int) -> None:
        clock = self.svm.get_clock()
        clock.unix_timestamp, clock.slot = now, slot
        self.svm.set_clock(clock)
        self.now, self.slot = now, slot

    def at(self, now: int) -> World:
        """Sets the clock's Unix time."""
        self._set_time(now, self.slot)
        return self

    def later(self, seconds: int) -> World:
        """Moves the clock's Unix time."""
        return self.at(self.now + seconds)

    def pass_slots(self, count: int, skipped: Iterable[int] = ()) -> World:
        """Moves `count` slots on; SlotHashes ends at the parent of the new slot and lacks those that were skipped."""
        without = set(skipped)
        passed = (slot for slot in range(self.slot + count - 1, self.slot - 1, -1) if slot not in without)
        fresh = [(slot, slot_hash(slot)) for slot in islice(passed, SLOT_HASHES_KEPT)]
        return self.set_slot_hashes(self.slot + count, (fresh + self._hashes)[:SLOT_HASHES_KEPT])

    def set_slot_hashes(self, slot: int, entries: list[tuple[int, Hash]]) -> World:
        """Sets the slot and the whole of SlotHashes, newest first."""
        self._hashes = entries
        self.svm.set_slot_hashes(entries)
        self._set_time(self.now, slot)
        return self

    @property
    def slot_hashes(self) -> list[tuple[int, Hash]]:
        """SlotHashes, newest first."""
        return list(self._hashes)

    # Accounts

    def account(self, address: Pubkey) -> Account | None:
        """An account, or None where nothing stands."""
        return self.svm.get_account(address)

    def data(self, address: Pubkey) -> bytes:
        """An account's bytes; none where nothing stands."""
        found = self.account(address)
        return b"" if found is None else found.data

    def lamports(self, address: Pubkey) -> int:
        """An account's lamports."""
        return self.svm.get_balance(address) or 0

    def place(self, address: Pubkey, account: Account) -> None:
        """Puts an account in place, past every rule of the runtime."""
        self._touch([address])
        self.svm.set_account(address, account)

    def _touch(self, addresses: Iterable[Pubkey]) -> None:
        """Remembers what is about to change, and what stood there before anything did."""
        for address in addresses:
            if address not in self._touched:
                self._touched.add(address)
                if address not in self._base and address not in self._origin:
                    self._origin[address] = self.svm.get_account(address) or GONE

    def remove(self, address: Pubkey) -> None:
        """Takes an account away."""
        self.place(address, GONE)

    def fund(self, address: Pubkey, lamports: int = RICH) -> None:
        """Gives an address a system account with these lamports."""
        self.place(address, Account(lamports, b"", SYSTEM_PROGRAM))

    def edit(self, address: Pubkey, layout: str, **changes: idl.Value) -> None:
        """Overwrites fields of an account in place, those before its string."""
        account = self.svm.get_account(address)
        assert account is not None, f"nothing stands at {address}"
        spec, data = idl.load().accounts[layout], bytearray(account.data)
        for field in spec.fields:
            if field.name in changes:
                value = changes.pop(field.name)
                raw = value.to_bytes(field.size, "little", signed=value < 0) if isinstance(value, int) else bytes(value)
                assert len(raw) == field.size, field
                at = spec.offset(field.name)
                data[at : at + field.size] = raw
        assert not changes, f"{layout} has no {changes}"
        self.place(address, Account(account.lamports, bytes(data), account.owner))

    def read(self, address: Pubkey, layout: str) -> SimpleNamespace:
        """An account's fields by the IDL."""
        return idl.load().accounts[layout].decode(self.data(address))

    def balance(self, address: Pubkey) -> int:
        """A token account's amount; nothing where none stands."""
        found = self.account(address)
        return 0 if found is None else tokens.amount(found)

    def rent(self, size: int) -> int:
        """Lamports that make this many bytes exempt."""
        return self.svm.minimum_balance_for_rent_exemption(size)

    # Transactions

    def send(self, *instructions: Instruction, payer: Pubkey | None = None) -> Done:
        """Sends one transaction. Raises Refused."""
        message = Message.new_with_blockhash(instructions, payer or self.fee_payer, self._blockhash)
        self._touch(_writable(message))
        signatures = [Signature.default()] * message.header.num_required_signatures
        result = self.svm.send_transaction(VersionedTransaction.populate(message, signatures))
        if isinstance(result, FailedTransactionMetadata):
            raise _failure(result)
        returned = result.return_data()
        return Done(result.compute_units_consumed(), result.logs(), bytes(returned.data), result.fee())

    # Snapshots

    def snapshot(self) -> Snapshot:
        """Every account that was placed or written since the world began."""
        for address in self._touched:
            found = self.account(address)
            if found is None or found == self._origin.get(address):
                self._base.pop(address, None)
            else:
                self._base[address] = found
        self._touched.clear()
        return Snapshot(dict(self._base), self.now, self.slot, tuple(self._hashes))

    def restore(self, snapshot: Snapshot) -> World:
        """Goes back to a snapshot, writing only what differs."""
        wanted = snapshot.accounts
        for address in self._touched | (self._base.keys() ^ wanted.keys()):
            before = wanted.get(address) or self._origin.get(address, GONE)
            if self.svm.get_account(address) != before:
                self.svm.set_account(address, before)
        for address, account in wanted.items():
            if self._base.get(address) is not account and address not in self._touched:
                self.svm.set_account(address, account)
        self._base = dict(wanted)
        self._touched.clear()
        self.set_slot_hashes(snapshot.slot, list(snapshot.slot_hashes))
        return self.at(snapshot.now)


@functools.lru_cache(maxsize=100_000)
def slot_hash(slot: int) -> Hash:
    """The hash of a slot: the same in every run."""
    return Hash(hashlib.sha256(f"slot {slot}".encode()).digest())
