"""Copies of the database: one file format for SQLite and PostgreSQL, so that one can become the other.

A backup is gzipped JSON lines: a header, then for each table its name and columns followed by its rows, then the
number of rows and the SHA-256 of all lines before it.
"""

import base64
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Column, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import audit
from store.database import Database, clock
from store.errors import BackupError
from store.migrations import HEAD, check
from store.schema import (
    UtcMillis,
    audit_head,
    chain_account,
    chain_read,
    lock,
    metadata,
    millis_of,
    phase_run,
    settlement,
    time_of,
)
from store.settlements import RunOutcome

_FORMAT = "opinion store 1"
_SEEDED = (lock, audit_head)
"""Tables that a migration puts rows into: they do not tell whether a database is in use."""
_BATCH = 500
_FENCES = 1_000_000
"""Added to every fence that is restored, so that whoever was at work when the database was lost stays stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How many rows a backup holds, of all tables, and the SHA-256 that it ends with, in hex."""

    rows: int
    checksum: str


async def backup(db: Database, file: Path) -> Copied:
    """Write one state of the whole database to a new file that its owner alone may read; others go on writing.

    Raises BackupError when the file is there already or cannot be written, and leaves no part of one; WrongRevision.
    """
    await check(db, apart=0)
    with _new(file) as lines:
        digest = hashlib.sha256()
        rows = 0

        def write(line: object) -> None:
            spelled = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            digest.update(spelled)
            lines.write(spelled)

        write({"format": _FORMAT, "step": HEAD, "made_at": millis_of(await db.now())})
        async with db.snapshot() as connection:
            for table in metadata.sorted_tables:
                write({"table": table.name, "columns": [column.name for column in table.columns]})
                async for row in _rows(connection, table):
                    write(row)
                    rows += 1
        done = Copied(rows=rows, checksum=digest.hexdigest())
        write({"rows": done.rows, "sha256": done.checksum})
    return done


async def restore(db: Database, file: Path, actor: str) -> Copied:
    """Fill an empty database of this version's shape from a backup, all of it or nothing.

    Nobody holds a market afterwards, and no fence that was ever given out is valid. What happened after the backup
    was made is on the chain alone, which the phases read first. Raises BackupError when the file is damaged or of
    another version, or when the database is in use; WrongRevision.
    """
    await check(db, apart=0)
    done = _intact(file)
    async with db.write() as connection:
        await _refuse_unless_empty(connection, db)
        for table in metadata.sorted_tables:
            await connection.execute(delete(table))
        with _opened(file) as lines:
            next(lines)
            for table, rows in groupby(_rows_of(lines), key=itemgetter(0)):
                while values := [row for _, row in islice(rows, _BATCH)]:
                    await connection.execute(insert(table), values)
        await _let_nobody_hold(connection)
        if not db.sqlite:
            await _number_on(connection)
        await audit.append(connection, actor, "restore", "store", {"rows": done.rows, "sha256": done.checksum})
    return done


async def rebuild(db: Database, actor: str) -> int:
    """Forget what was seen of the chain, so that the follower fills it anew; the truth of work stays.

    Returns how many accounts were forgotten.
    """
    async with db.write() as connection:
        forgotten = (await connection.execute(delete(chain_account))).rowcount
        await connection.execute(delete(chain_read))
        await audit.append(connection, actor, "rebuild", "store", {"accounts": forgotten})
    return forgotten


async def _rows(connection: AsyncConnection, table: Table) -> AsyncGenerator[list[Any]]:
    every = select(table).order_by(*table.primary_key)
    async with connection.stream(every, execution_options={"yield_per": _BATCH}) as rows:
        async for row in rows:
            yield [_spelled(value) for value in row]


def _spelled(value: object) -> object:
    if isinstance(value, datetime):
        return millis_of(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _read(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcMillis):
        return time_of(value)
    return base64.b64decode(value) if column.type.python_type is bytes else value


@contextmanager
def _new(file: Path) -> Generator[gzip.GzipFile]:
    """A gzip file that is there as a whole when the block ends, and not at all when it raises."""
    part = file.with_name(file.name + ".part")
    try:
        if file.exists():
            raise BackupError(f"{file} exists already: name a new file")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb") as lines:
                yield lines
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror or error}): check the path and disk") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _opened(file: Path) -> Generator[Iterator[bytes]]:
    try:
        with gzip.open(file, "rb") as lines:
            yield lines
    except (OSError, EOFError, zlib.error) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise BackupError(f"{file} cannot be read ({why}): name a whole backup") from error


def _intact(file: Path) -> Copied:
    """What the file says at its end, once all of it was read and found to be that. Raises BackupError."""
    digest, last = hashlib.sha256(), b""
    with _opened(file) as lines:
        header = _parsed(file, next(lines, b""))
        if header.get("format") != _FORMAT:
            raise BackupError(f"{file} is no backup of this program: name another file")
        if header.get("step") != HEAD:
            made = f"{file} was made at step {header.get('step')} and this version is at {HEAD}"
            raise BackupError(f"{made}: restore it with the version that made it, then migrate")
    with _opened(file) as lines:
        for line in lines:
            digest.update(last)
            last = line
    end = _parsed(file, last)
    if end.get("sha256") != digest.hexdigest():
        raise BackupError(f"{file} is damaged, its lines do not match its checksum: name another backup")
    return Copied(rows=int(end["rows"]), checksum=digest.hexdigest())


def _parsed(file: Path, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BackupError(f"{file} is cut off or no backup at all: name a whole one")
    return cast("dict[str, Any]", found)


def _rows_of(lines: Iterator[bytes]) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The rows of an intact file, after its header."""
    table = chain_account
    columns: list[Column[Any]] = []
    for line in lines:
        found = json.loads(line)
        if isinstance(found, list):
            row = zip(columns, cast("list[Any]", found), strict=True)
            yield table, {column.name: _read(column, value) for column, value in row}
        elif "table" in found:
            table = metadata.tables[found["table"]]
            columns = [table.columns[name] for name in found["columns"]]


async def _refuse_unless_empty(connection: AsyncConnection, db: Database) -> None:
    for table in metadata.sorted_tables:
        if table not in _SEEDED and (await connection.execute(select(table).limit(1))).first() is not None:
            raise BackupError(f"{db.name} has rows in table {table.name}: restore into a new, migrated database")


async def _let_nobody_hold(connection: AsyncConnection) -> None:
    freed = {"holder": None, "lease_until": None, "fence": settlement.c.fence + _FENCES}
    await connection.execute(update(settlement).values(freed))
    await connection.execute(update(lock).values(until=clock(), fence=lock.c.fence + _FENCES))
    ending = {"ended_at": clock(), "outcome": RunOutcome.LOST, "reason": "the database was restored from a backup"}
    await connection.execute(update(phase_run).where(phase_run.c.ended_at.is_(None)).values(ending))


async def _number_on(connection: AsyncConnection) -> None:
    """PostgreSQL numbers rows by counters of their own, which know nothing of rows that came with their numbers."""
    for table in metadata.sorted_tables:
        if (key := table.autoincrement_column) is not None:
            counter = func.pg_get_serial_sequence(table.name, key.name)
            await connection.execute(select(func.setval(counter, func.max(key))))
