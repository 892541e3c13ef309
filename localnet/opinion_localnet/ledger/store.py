"""Writing slots, and reading back where the chain stood."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import orjson
from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey

from opinion_localnet import addresses
from opinion_localnet.bank.bank import BankState
from opinion_localnet.bank.blockhashes import MAX_SLOT_HASHES, BlockId
from opinion_localnet.bank.records import ClosedSlot, ErrorJson
from opinion_localnet.bank.statuses import SignatureStatus
from opinion_localnet.errors import LedgerError
from opinion_localnet.ledger.schema import connect

_STATUS_SLOTS = 300


class LedgerStore:
    """The ledger's writer. One thread at a time may use it."""

    def __init__(self, directory: Path) -> None:
        self._connection = connect(directory)

    @property
    def is_new(self) -> bool:
        """Whether no genesis has been written yet."""
        return self._connection.execute("SELECT 1 FROM blocks LIMIT 1").fetchone() is None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def write_genesis(
        self, meta: Mapping[str, bytes], accounts: Iterable[tuple[Pubkey, Account]], block: ClosedSlot
    ) -> None:
        """Write what a new chain starts with, all or nothing."""
        with _Transaction(self._connection) as connection:
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            _write_accounts(connection, accounts)
            _write_block(connection, block)

    def write(self, slots: Sequence[ClosedSlot]) -> None:
        """Make `slots` durable, all or nothing; raises LedgerError if the disk refuses."""
        try:
            with _Transaction(self._connection) as connection:
                # Only the newest state of each account matters.
                accounts: dict[Pubkey, Account | None] = {}
                for slot in slots:
                    _write_block(connection, slot)
                    accounts.update(entry for entry in slot.accounts if not _is_sysvar(entry[1]))
                _write_accounts(connection, accounts.items())
        except sqlite3.Error as error:
            raise LedgerError(f"The ledger cannot be written ({error}); nothing more is confirmed.") from error

    def meta(self) -> dict[str, bytes]:
        """What the genesis noted: keys and settings of this chain."""
        return dict(self._connection.execute("SELECT key, value FROM meta"))

    def state(self, epoch_start: int) -> tuple[BankState, float]:
        """(where the chain stood, how far its clock ran ahead in seconds)."""
        rows = self._connection.execute(
            "SELECT slot, height, blockhash, bank_hash FROM blocks ORDER BY slot DESC LIMIT ?",
            (MAX_SLOT_HASHES,),
        ).fetchall()
        blocks = tuple(BlockId(slot, height, Hash(h), Hash(b)) for slot, height, h, b in reversed(rows))
        count, offset = self._connection.execute(
            "SELECT transaction_count, time_offset FROM blocks ORDER BY slot DESC LIMIT 1"
        ).fetchone()
        statuses = tuple(self._statuses(blocks[max(0, len(blocks) - _STATUS_SLOTS)].slot))
        return BankState(blocks, count, epoch_start, statuses), offset

    def accounts(self) -> Iterator[tuple[Pubkey, Account]]:
        """Every account that is not as a fresh runtime has it."""
        query = "SELECT address, lamports, owner, executable, rent_epoch, data FROM accounts"
        for address, lamports, owner, executable, rent_epoch, data in self._connection.execute(query):
            account = Account(lamports, data, Pubkey.from_bytes(owner), bool(executable), rent_epoch % 2**64)
            yield Pubkey.from_bytes(address), account

    def epoch_start(self, first_slot: int) -> int:
        """When the epoch that begins with `first_slot` started, in seconds since 1970."""
        row = self._connection.execute(
            "SELECT unix_time FROM blocks WHERE slot >= ? ORDER BY slot LIMIT 1", (first_slot,)
        ).fetchone()
        return cast("int", row[0]) if row else 0

    def newest_slot(self) -> int:
        """The last slot on disk."""
        (slot,) = self._connection.execute("SELECT max(slot) FROM blocks").fetchone()
        return cast("int", slot)

    def newest_time(self) -> int:
        """The time of the last slot on disk, in seconds since 1970."""
        row = self._connection.execute("SELECT unix_time FROM blocks ORDER BY slot DESC LIMIT 1").fetchone()
        return cast("int", row[0])

    def _statuses(self, first_slot: int) -> Iterator[tuple[str, SignatureStatus]]:
        query = "SELECT signature, slot, err FROM transactions WHERE slot >= ? ORDER BY slot, idx"
        for signature, slot, err in self._connection.execute(query, (first_slot,)):
            yield signature, SignatureStatus(slot, decode_error(err))


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK if the body raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def decode_error(stored: bytes | None) -> ErrorJson | None:
    """A transaction's error from its column."""
    return None if stored is None else cast("ErrorJson", orjson.loads(stored))


def _is_sysvar(account: Account | None) -> bool:
    # Made anew for every slot, so there is nothing to keep.
    return account is not None and account.owner == addresses.SYSVAR_OWNER


def _write_accounts(connection: sqlite3.Connection, accounts: Iterable[tuple[Pubkey, Account | None]]) -> None:
    for address, account in accounts:
        if account is None:
            connection.execute("DELETE FROM accounts WHERE address = ?", (bytes(address),))
            continue
        signed_epoch = account.rent_epoch - 2**64 if account.rent_epoch >= 2**63 else account.rent_epoch
        connection.execute(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?)",
            (
                bytes(address),
                account.lamports,
                bytes(account.owner),
                account.executable,
                signed_epoch,
                account.data,
            ),
        )


def _write_block(connection: sqlite3.Connection, slot: ClosedSlot) -> None:
    connection.execute(
        "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            slot.slot,
            slot.parent,
            slot.height,
            bytes(slot.blockhash),
            bytes(slot.previous_blockhash),
            bytes(slot.bank_hash),
            slot.unix_time,
            slot.time_offset,
            slot.transaction_count,
        ),
    )
    connection.executemany(
        "INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                slot.slot,
                t.index,
                t.signature,
                None if t.err is None else orjson.dumps(t.err),
                t.memo,
                t.wire,
                orjson.dumps(t.meta),
            )
            for t in slot.transactions
        ),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO address_transactions VALUES (?, ?, ?)",
        ((key, slot.slot, t.index) for t in slot.transactions for key in t.keys),
    )
