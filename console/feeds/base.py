"""A feed reads one source again and again, keeps the newest answer, and says how old it is and why.

A reader that raises is an answer too: the value stays, with the reason beside it and the time of the next try.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog

from console import clock

T = TypeVar("T")
V = TypeVar("V", covariant=True)

SLOWEST_S = 30.0
"""Seconds between tries of a source that has been away for long."""
_OURS = ("chain", "store", "oracle", "ops", "monitoring", "settings", "console")
"""Whose errors explain themselves."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[V]):
    """What a feed knows. Nothing was read yet where `at` and `error` are both None."""

    value: V | None = None
    """The newest answer, None before the first."""
    at: datetime | None = None
    """When it came, UTC."""
    error: str | None = None
    """Why the newest try failed, None when it did not."""
    next_try: datetime | None = None
    """When it is tried again; None while nothing is wrong."""

    def instead(self) -> str:
        """Return what is said where there is no value: why."""
        return "Reading…" if self.error is None else f"Not known: {self.error}."

    def age(self, now: datetime) -> timedelta | None:
        """How old the value is, None where there is none."""
        return None if self.at is None else max(now - self.at, timedelta(0))


Watcher = Callable[[Snapshot[Any]], None]


class Feed(Generic[T]):
    """Reads while anybody watches, every `every_s` seconds, at most `patience_s` a time, and never twice at once."""

    def __init__(
        self,
        name: str,
        read: Callable[[], Awaitable[T]],
        *,
        every_s: float,
        patience_s: float,
        slowest_s: float = SLOWEST_S,
    ) -> None:
        self.name = name
        self.every_s = every_s
        self._read = read
        self._patience_s = patience_s
        self._slowest_s = slowest_s
        self._watchers: list[Watcher] = []
        self._asked = asyncio.Event()
        self._failures = 0
        self.snapshot: Snapshot[T] = Snapshot()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call the watcher with every snapshot from now on; returns what ends that."""
        self._watchers.append(watcher)
        self._asked.set()

        def stop() -> None:
            with suppress(ValueError):
                self._watchers.remove(watcher)

        return stop

    def poke(self) -> None:
        """Read at once, or as soon as the reading under way has ended."""
        self._asked.set()

    def tell(self, snapshot: Snapshot[T]) -> None:
        """Make this the newest snapshot and hand it to whoever watches."""
        self.snapshot = snapshot
        for watcher in tuple(self._watchers):
            watcher(snapshot)

    async def run(self) -> None:
        """Feed until cancelled."""
        while True:
            if not self._watchers:
                self._asked.clear()
                await self._asked.wait()
                continue
            self._asked.clear()
            wait_s = await self._once()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), wait_s)

    async def _once(self) -> float:
        """Read once and tell it; returns the seconds until the next time."""
        try:
            async with asyncio.timeout(self._patience_s):
                value = await self._read()
        except TimeoutError:
            return self._failed(f"no answer within {self._patience_s:g} s")
        except Exception as error:
            # Whatever it is, the console goes on and shows it: a source that fails must not end the others.
            _log.debug("a feed failed", feed=self.name, error=type(error).__name__)
            return self._failed(words_of(error))
        self._failures = 0
        self.tell(Snapshot(value=value, at=clock.now()))
        return self.every_s

    def _failed(self, why: str) -> float:
        self._failures += 1
        # Many consoles must not knock at the same moment.
        wait_s = min(self.every_s * 2 ** min(self._failures - 1, 8), self._slowest_s) * random.uniform(0.8, 1.2)  # noqa: S311
        next_try = clock.now() + timedelta(seconds=wait_s)
        self.tell(replace(self.snapshot, error=why, next_try=next_try))
        return wait_s


def words_of(error: Exception) -> str:
    """Return the error as one line for a person; ours explain themselves, others name their kind first."""
    words = " ".join(str(error).split()).removesuffix(".")
    ours = type(error).__module__.partition(".")[0] in _OURS
    if ours and words:
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
