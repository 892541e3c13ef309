"""What was signed, written down before it is sent.

A transaction whose bytes nobody kept cannot be sent again, and one that is signed anew may pay twice. So each attempt
is on disk, flushed, before its first byte leaves; and the database itself refuses a second open attempt for an
intent, whichever process asks.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from solders.signature import Signature

from chain.errors import JournalError
from chain.units import BlockHeight, Slot


class Outcome(StrEnum):
    """How an attempt ended."""

    LANDED = "landed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One signed transaction of an intent. `number` counts from 1; `outcome` and `slot` are None while it is open."""

    intent: str
    number: int
    signature: Signature
    wire: bytes
    last_valid_block_height: BlockHeight
    outcome: Outcome | None = None
    slot: Slot | None = None


class Journal(Protocol):
    """Where attempts are kept. Every method raises JournalError when it cannot do what it says."""

    async def record(self, attempt: Attempt) -> None:
        """Durable when it returns. Refuses an intent that has an open attempt already."""
        ...

    async def conclude(self, signature: Signature, outcome: Outcome, slot: Slot | None) -> None:
        """Ends an open attempt, for good."""
        ...

    async def attempts(self, intent: str) -> Sequence[Attempt]:
        """All attempts of an intent, oldest first."""
        ...

    async def open_attempts(self) -> Sequence[Attempt]:
        """Every attempt without an outcome, oldest first."""
        ...


_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempt (
    signature BLOB PRIMARY KEY,
    intent TEXT NOT NULL,
    number INTEGER NOT NULL,
    wire BLOB NOT NULL,
    last_valid_block_height INTEGER NOT NULL,
    outcome TEXT,
    slot INTEGER,
    UNIQUE (intent, number)
);
CREATE UNIQUE INDEX IF NOT EXISTS one_open_attempt ON attempt (intent) WHERE outcome IS NULL;
"""
_COLUMNS = "intent, number, signature, wire, last_valid_block_height, outcome, slot"


class SqliteJournal:
    """A journal in an SQLite file, shared safely by threads and processes of one host."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file, readable by its owner alone. Raises JournalError."""
        self._path = path
        self._lock = threading.Lock()
        self._files: dict[Path, tuple[int, int] | None] = {}
        with self._named("opened"):
            file = path.absolute()
            file.touch(mode=0o600)
            # Asked before it is opened: a file that is replaced in between is refused later, not trusted.
            identity = _identity(file)
            self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)
            # WAL with FULL flushes the log at every commit: what record() wrote survives a power cut.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
            log, shared = (file.with_name(file.name + ending) for ending in ("-wal", "-shm"))
            self._files = {file: identity, log: _identity(log)}
            for name in (file, log, shared):
                if name.exists():
                    name.chmod(0o600)

    def close(self) -> None:
        """Closes the file; the journal cannot be used afterwards."""
        self._database.close()

    async def record(self, attempt: Attempt) -> None:
        """Durable when it returns.

        Raises JournalError when the intent has an open attempt already, or when the file that was opened is no longer
        the one at the path, where nobody would find what is written.
        """
        await asyncio.to_thread(self._record, attempt)

    async def conclude(self, signature: Signature, outcome: Outcome, slot: Slot | None) -> None:
        """Ends an open attempt, for good; concluding it the same way again does nothing."""
        await asyncio.to_thread(self._conclude, signature, outcome, slot)

    async def attempts(self, intent: str) -> Sequence[Attempt]:
        """All attempts of an intent, oldest first."""
        return await asyncio.to_thread(self._select, "WHERE intent = ? ORDER BY number", intent)

    async def open_attempts(self) -> Sequence[Attempt]:
        """Every attempt without an outcome, oldest first."""
        return await asyncio.to_thread(self._select, "WHERE outcome IS NULL ORDER BY rowid")

    def _record(self, attempt: Attempt) -> None:
        values = (
            attempt.intent,
            attempt.number,
            bytes(attempt.signature),
            attempt.wire,
            attempt.last_valid_block_height,
            attempt.outcome,
            attempt.slot,
        )
        with self._named("written"):
            if any(_identity(file) != identity for file, identity in self._files.items()):
                raise JournalError(f"the journal {self._path} was deleted or replaced while in use: start again")
            try:
                self._database.execute(f"INSERT INTO attempt ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
            except sqlite3.IntegrityError as error:
                raise JournalError(f"{attempt.intent} has been signed already by somebody else: resume it") from error

    def _conclude(self, signature: Signature, outcome: Outcome, slot: Slot | None) -> None:
        with self._named("written"):
            done = self._database.execute(
                "UPDATE attempt SET outcome = ?, slot = ? WHERE signature = ? AND (outcome IS NULL OR outcome = ?)",
                (outcome, slot, bytes(signature), outcome),
            )
        if done.rowcount != 1:
            raise JournalError(f"the journal {self._path} has no open attempt {signature} to conclude as {outcome}")

    def _select(self, where: str, *values: str) -> list[Attempt]:
        with self._named("read"):
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM attempt {where}", values).fetchall()  # noqa: S608
        return [_attempt(*row) for row in rows]

    @contextmanager
    def _named(self, done: str) -> Generator[None]:
        """One at a time, and SQLite's errors as ours."""
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"the journal {self._path} cannot be {done} ({error}): check the path and disk"
            ) from error


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file stands at the path, None for none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _attempt(
    intent: str, number: int, signature: bytes, wire: bytes, height: int, outcome: str | None, slot: int | None
) -> Attempt:
    return Attempt(
        intent=intent,
        number=number,
        signature=Signature(signature),
        wire=wire,
        last_valid_block_height=BlockHeight(height),
        outcome=Outcome(outcome) if outcome else None,
        slot=Slot(slot) if slot is not None else None,
    )
