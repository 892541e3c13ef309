"""The database: SQLite on one host, PostgreSQL for several; the same statements for both."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from sqlalchemy import BigInteger, ColumnElement, Connection, event, literal, select, type_coerce
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from store.errors import NotPermitted, StoreError, StoreUnavailable
from store.schema import UtcMillis
from store.sqlite_connection import SqliteConnection

_WAIT = 10
"""Seconds that a statement waits for others before the database counts as unavailable."""
_NOT_PERMITTED = "42501"
"""PostgreSQL's code for what a user was not granted."""
_POSTGRESQL = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "opinion",
    # A process that is stopped inside a transaction must not keep its rows locked for all the others.
    "options": f"-c lock_timeout={_WAIT}s -c statement_timeout={_WAIT * 2}s -c idle_in_transaction_session_timeout=5s",
}


class clock(FunctionElement[datetime]):  # noqa: N801 - a function of SQL
    """The database's time when the statement runs (not when its transaction began)."""

    type = UtcMillis()
    inherit_cache = True


@compiles(clock, "sqlite")
def _sqlite_clock(_element: clock, _compiler: SQLCompiler, **_options: Any) -> str:
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"


@compiles(clock, "postgresql")
def _postgresql_clock(_element: clock, _compiler: SQLCompiler, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def after(wait: timedelta) -> ColumnElement[datetime]:
    """Return the database's time `wait` from now, to the millisecond."""
    milliseconds = literal(wait // timedelta(milliseconds=1), BigInteger)
    return type_coerce(type_coerce(clock(), BigInteger) + milliseconds, UtcMillis)


class Database:
    """Connections to one database, opened by `async with`; for one event loop.

    `connections` is how many there are at most; who finds none free waits. Everything in `read`, `write` and
    `snapshot` raises StoreUnavailable when the database is down, full, locked or was replaced.
    """

    def __init__(self, url: str, connections: int = 2) -> None:
        """`url` is `sqlite:///path` or `postgresql://…`. Raises StoreError for another one."""
        self._url = _checked(url)
        self.name = self._url.render_as_string(hide_password=True)
        """What the database is called in messages: its URL without the password."""
        self.sqlite = self._url.get_backend_name() == "sqlite"
        self._file = Path(self._url.database or "").absolute()
        self._identity: tuple[int, int] | None = None
        self._opened: WeakSet[SqliteConnection] = WeakSet()
        # SQLite's own way of waiting for another writer is to sleep and look again; in one process a queue is faster.
        self._writing = asyncio.Lock()
        self._engine = create_async_engine(
            self._url.set(drivername="sqlite+aiosqlite" if self.sqlite else "postgresql+psycopg"),
            pool_size=connections,
            max_overflow=0,
            pool_timeout=_WAIT,
            # A server that was restarted is met here, not in the middle of a phase.
            pool_pre_ping=not self.sqlite,
            hide_parameters=True,
            **({"async_creator": self._open_sqlite} if self.sqlite else {"connect_args": _POSTGRESQL}),
        )
        if self.sqlite:
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)

    @property
    def file(self) -> Path | None:
        """Where an SQLite database is kept; None for a server's."""
        return self._file if self.sqlite else None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Database({self.name})"

    async def __aenter__(self) -> Self:
        """Connects at first use; an SQLite file is made here, readable by its owner alone."""
        if self.sqlite:
            with self._named():
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file.touch(mode=0o600)
                self._identity = _identity(self._file)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes every connection."""
        await self._engine.dispose()
        for connection in tuple(self._opened):
            await connection.ended()

    def _open_sqlite(self) -> SqliteConnection:
        connection = SqliteConnection(self._file, isolation_level=None, timeout=_WAIT)
        self._opened.add(connection)
        return connection

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Yield a connection to read with; each statement sees what is committed then (SQLite: what was at first)."""
        with self._named():
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[AsyncConnection]:
        """Yield a connection whose statements all see the same state of the database, however long they take."""
        with self._named():
            async with self._engine.connect() as connection:
                if not self.sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Yield a connection in a transaction that is durable when the block ends, and undone when it raises."""
        with self._named():
            async with AsyncExitStack() as stack:
                if self.sqlite:
                    await stack.enter_async_context(self._writing)
                    if _identity(self._file) != self._identity:
                        raise StoreUnavailable(f"{self.name} was deleted or replaced while in use: start again")
                connection = await stack.enter_async_context(self._engine.connect())
                await connection.execution_options(writing=True)
                await stack.enter_async_context(connection.begin())
                yield connection

    async def now(self) -> datetime:
        """Return the database's time, which leases are measured by."""
        async with self.read() as connection:
            return (await connection.execute(select(clock()))).scalar_one()

    @contextmanager
    def _named(self) -> Generator[None]:
        """The drivers' errors as ours; a statement that is wrong in itself stays what it is."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise self._unavailable(str(error.orig)) from error
        except DatabaseError as error:
            if getattr(error.orig, "sqlstate", None) == _NOT_PERMITTED:
                first = str(error.orig).partition("\n")[0]
                raise NotPermitted(
                    f"{self._url.username or 'this user'} may not do this in {self.name} ({first}): "
                    "act as somebody who may, or have the role granted (`opinion store grants`)"
                ) from error
            # The class itself and none of its children: a file that is no database, or is broken.
            if type(error) is not DatabaseError and not error.connection_invalidated:
                raise
            raise self._unavailable(str(error.orig)) from error
        except (PoolTimeout, OSError) as error:
            raise self._unavailable(str(error)) from error

    def _unavailable(self, words: str) -> StoreUnavailable:
        first = words.strip().partition("\n")[0]
        if self._url.password:
            first = first.replace(self._url.password, "***")
        return StoreUnavailable(f"the database {self.name} cannot be used ({first}): check that it runs and has room")


def missing_file(url: str) -> Path | None:
    """Return the SQLite file that is not there yet, and that opening would make; None for every other database.

    Raises StoreError for what is no database's URL.
    """
    parts = _checked(url)
    file = Path(parts.database or "")
    return file if parts.get_backend_name() == "sqlite" and not file.exists() else None


def _checked(url: str) -> URL:
    """The URL, taken apart; a refusal never repeats it, since it may hold a password."""
    wanted = "the database's URL is not sqlite:///path or postgresql://user@host/name: correct DATABASE_URL"
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(wanted) from None
    if parts.drivername not in ("sqlite", "postgresql") or parts.database in (None, "", ":memory:"):
        raise StoreError(wanted)
    return parts


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file stands at the path, None for none."""
    try:
        found = os.stat(file)  # noqa: PTH116 - before every write, so the quicker one
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # WAL with FULL flushes the log at every commit: what was written survives a power cut.
    _use_wal(cursor)
    for setting in ("synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    """Several that open a new file at once collide here, and SQLite does not wait for this lock by itself."""
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Begin here, since the driver's own way begins too late; a writer takes its lock before it reads."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
