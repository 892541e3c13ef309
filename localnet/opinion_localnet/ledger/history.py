"""Questions about the past: blocks, transactions, signatures. One function a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import orjson
from solders.hash import Hash

from opinion_localnet.bank.records import ErrorJson
from opinion_localnet.ledger.schema import FILE_NAME
from opinion_localnet.ledger.store import decode_error


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A confirmed block without its transactions."""

    slot: int
    parent: int
    height: int
    blockhash: str
    previous_blockhash: str
    unix_time: int


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A confirmed transaction."""

    signature: str
    slot: int
    index: int
    unix_time: int
    wire: bytes
    meta: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SignatureEntry:
    """One line of an address's history."""

    signature: str
    slot: int
    index: int
    unix_time: int
    err: ErrorJson | None
    memo: str | None


class UnknownSignatureError(Exception):
    """A signature that a page should begin or end at did not land."""

    def __init__(self, signature: str) -> None:
        super().__init__(signature)
        self.signature = signature


class LedgerHistory:
    """The ledger's reader, with a connection of its own. One thread at a time may use it."""

    def __init__(self, directory: Path) -> None:
        uri = f"{(directory / FILE_NAME).resolve().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def block(self, slot: int) -> StoredBlock | None:
        """The block of `slot`, or None if it was skipped or is not confirmed yet."""
        row = self._connection.execute(
            "SELECT parent, height, blockhash, previous_blockhash, unix_time FROM blocks WHERE slot = ?",
            (slot,),
        ).fetchone()
        if row is None:
            return None
        parent, height, blockhash, previous, unix_time = row
        return StoredBlock(slot, parent, height, str(Hash(blockhash)), str(Hash(previous)), unix_time)

    def block_transactions(self, slot: int) -> list[StoredTransaction]:
        """The transactions of `slot`, in order."""
        rows = self._connection.execute(
            "SELECT signature, slot, idx, unix_time, wire, meta FROM transactions JOIN blocks USING (slot)"
            " WHERE slot = ? ORDER BY idx",
            (slot,),
        )
        return [_transaction(row) for row in rows]

    def block_slots(self, first: int, last: int, limit: int) -> list[int]:
        """The slots that have blocks, from `first` to `last`, at most `limit`."""
        # A client's number may be larger than any that SQLite takes; `last` is a slot of ours.
        if first > last:
            return []
        rows = self._connection.execute(
            "SELECT slot FROM blocks WHERE slot BETWEEN ? AND ? ORDER BY slot LIMIT ?", (first, last, limit)
        )
        return [slot for (slot,) in rows]

    def transaction(self, signature: str, newest_slot: int) -> StoredTransaction | None:
        """The transaction of `signature`, if it landed no later than `newest_slot`."""
        row = self._connection.execute(
            "SELECT signature, slot, idx, unix_time, wire, meta FROM transactions JOIN blocks USING (slot)"
            " WHERE signature = ? AND slot <= ?",
            (signature, newest_slot),
        ).fetchone()
        return None if row is None else _transaction(row)

    def status(self, signature: str) -> tuple[int, ErrorJson | None] | None:
        """(slot, error) of a confirmed transaction."""
        row = self._connection.execute(
            "SELECT slot, err FROM transactions WHERE signature = ?", (signature,)
        ).fetchone()
        return None if row is None else (row[0], decode_error(row[1]))

    def signatures(
        self, address: str, newest_slot: int, before: str | None, until: str | None, limit: int
    ) -> list[SignatureEntry]:
        """The transactions that name `address`, newest first, between two signatures, both left out.

        Raises UnknownSignatureError for one that did not land by `newest_slot`.
        """
        upper = (newest_slot + 1, 0) if before is None else self._place(before, newest_slot)
        lower = (-1, 0) if until is None else self._place(until, newest_slot)
        rows = self._connection.execute(
            # The places first, from their index: left to itself, SQLite walks through every transaction.
            "SELECT signature, slot, idx, unix_time, err, memo FROM ("
            "  SELECT slot, idx FROM address_transactions"
            "  WHERE address = ? AND slot <= ? AND (slot, idx) < (?, ?) AND (slot, idx) > (?, ?)"
            "  ORDER BY slot DESC, idx DESC LIMIT ?"
            ") CROSS JOIN transactions USING (slot, idx) CROSS JOIN blocks USING (slot)"
            " ORDER BY slot DESC, idx DESC",
            (address, newest_slot, *upper, *lower, limit),
        )
        return [
            SignatureEntry(signature, slot, index, unix_time, decode_error(err), memo)
            for signature, slot, index, unix_time, err, memo in rows
        ]

    def transactions_per_slot(self, limit: int) -> list[tuple[int, int]]:
        """(slot, transactions since genesis) of the newest blocks, newest first."""
        rows = self._connection.execute(
            "SELECT slot, transaction_count FROM blocks ORDER BY slot DESC LIMIT ?", (limit,)
        )
        return [(slot, count) for slot, count in rows]

    def _place(self, signature: str, newest_slot: int) -> tuple[int, int]:
        row = self._connection.execute(
            "SELECT slot, idx FROM transactions WHERE signature = ? AND slot <= ?", (signature, newest_slot)
        ).fetchone()
        if row is None:
            raise UnknownSignatureError(signature)
        return cast("tuple[int, int]", row)


def _transaction(row: Sequence[object]) -> StoredTransaction:
    signature, slot, index, unix_time, wire, meta = cast("tuple[str, int, int, int, bytes, bytes]", row)
    return StoredTransaction(signature, slot, index, unix_time, wire, orjson.loads(meta))
