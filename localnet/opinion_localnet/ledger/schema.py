"""The ledger's tables, and opening its file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from opinion_localnet.errors import LedgerError

FILE_NAME = "ledger.sqlite3"
# "OMLN" in ASCII: tells our files from any other SQLite database.
_APPLICATION_ID = 0x4F4D4C4E
_VERSION = 1

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (
    address BLOB PRIMARY KEY,
    lamports INTEGER NOT NULL,
    owner BLOB NOT NULL,
    executable INTEGER NOT NULL,
    rent_epoch INTEGER NOT NULL,  -- two's complement: SQLite has no unsigned 64-bit integers
    data BLOB NOT NULL
);
CREATE TABLE blocks (
    slot INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    height INTEGER NOT NULL,
    blockhash BLOB NOT NULL,
    previous_blockhash BLOB NOT NULL,
    bank_hash BLOB NOT NULL,
    unix_time INTEGER NOT NULL,
    time_offset REAL NOT NULL,
    transaction_count INTEGER NOT NULL
);
CREATE TABLE transactions (
    slot INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    signature TEXT NOT NULL UNIQUE,
    err BLOB,
    memo TEXT,
    wire BLOB NOT NULL,
    meta BLOB NOT NULL,
    PRIMARY KEY (slot, idx)
);
CREATE TABLE address_transactions (
    address TEXT NOT NULL,
    slot INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    PRIMARY KEY (address, slot, idx)
) WITHOUT ROWID;
"""


def connect(directory: Path) -> sqlite3.Connection:
    """Open the ledger in `directory`, creating its tables if it is new; raises LedgerError."""
    path = directory / FILE_NAME
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)  # it holds the faucet's keys
        _prepare(connection, path)
    except sqlite3.Error as error:
        raise LedgerError(
            f"The ledger {path} cannot be read ({error}); restore it, or start anew with --reset."
        ) from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION_ID and tables:
        raise LedgerError(f"{path} is not a ledger of this program.")
    if tables and version != _VERSION:
        raise LedgerError(
            f"The ledger {path} is of version {version}, this program needs {_VERSION}; start anew with --reset."
        )
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        reason = " ".join(verdict.split())
        raise LedgerError(f"The ledger {path} is damaged ({reason}); restore it, or start anew with --reset.")
    connection.execute("PRAGMA journal_mode = WAL")
    # A confirmed slot must survive a power cut, not only a crash of this process.
    connection.execute("PRAGMA synchronous = FULL")
    if not tables:
        connection.executescript(
            f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION_ID};PRAGMA user_version = {_VERSION}; COMMIT;"
        )
