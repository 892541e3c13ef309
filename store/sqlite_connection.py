"""A connection to SQLite that can be closed twice."""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

from aiosqlite import Connection

_CHUNK = 64
"""Rows fetched at once, aiosqlite's own default."""


class SqliteConnection(Connection):
    """SQLAlchemy stops a connection whose reader was cancelled while it is still closing it.

    In aiosqlite 0.22 the second of the two waits for a thread that has ended, which hangs the event loop's end: who
    quits in the middle of a read would wait for ever.
    """

    def __init__(self, path: Path, **options: Any) -> None:
        """`options` are those of `sqlite3.connect`."""
        super().__init__(partial(sqlite3.connect, path, **options), _CHUNK)
        self._thread.daemon = True
        self._end: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, once: None to whoever asks again."""
        if self._end is not None:
            return None
        self._end = super().stop()  # pyright: ignore[reportUnknownMemberType]
        return self._end

    async def close(self) -> None:
        """Close it, unless it is stopped."""
        if self._end is None:
            await super().close()

    async def ended(self) -> None:
        """Return once its thread has ended, which speaks to the event loop until then."""
        if self._end is not None:
            await asyncio.wait([self._end])
