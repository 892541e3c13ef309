"""One active process in the whole deployment, the others on standby, by a lock in the database.

Whoever loses the lock, or cannot renew it for as long as it lives, stops all that the active one runs at once and is a
standby again. A process that was stopped for longer finds the lock gone before it does anything else of its own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random

import structlog

from chain.errors import ChainError, RpcError
from store import locks
from store.database import Database
from store.errors import StoreError, StoreUnavailable

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Role(StrEnum):
    """What a process is at the moment."""

    STANDBY = "standby"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the active process does, for ever; `run` is called again after it fails."""

    name: str
    run: Callable[[], Awaitable[None]]


MakeParts = Callable[[], Awaitable[Sequence[Part]]]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    The lock lives for `lease`, is renewed every `renew` and tried for every `poll`; a part that failed waits
    `first_wait`, doubling to `longest_wait`, and less again once it ran for that long.
    """

    lease: float = 5.0
    renew: float = 1.5
    poll: float = 1.0
    first_wait: float = 0.5
    longest_wait: float = 30.0

    @property
    def ttl(self) -> timedelta:
        """How long the lock lives."""
        return timedelta(seconds=self.lease)


async def take_turns(
    db: Database,
    lock: str,
    holder: str,
    parts: MakeParts,
    *,
    turn: Callable[[Role], None],
    pace: Pace | None = None,
) -> None:
    """Be the active one whenever no other is, until cancelled, which hands the lock back at once.

    `parts` makes what the active one runs, anew for each term; outages that it raises (RpcError, StoreUnavailable) are
    waited out, anything else ends this. `holder` is unique to the process. `turn` is told the role about every second.
    """
    pace = pace or Pace()
    reachable, waiting = True, False
    while True:
        turn(Role.STANDBY)
        try:
            fence = await locks.take(db, lock, holder, pace.ttl)
            reachable = True
        except StoreUnavailable as error:
            if reachable:
                _log.warning("the lock cannot be taken", lock=lock, reason=str(error))
            reachable, fence = False, None
        if fence is None:
            if reachable and not waiting:
                _log.info("this process is on standby", lock=lock, holder=holder)
                waiting = True
            await asyncio.sleep(pace.poll)
            continue
        waiting = False
        _log.info("this process is the active one", lock=lock, holder=holder, fence=fence)
        try:
            await _serve(db, lock, fence, parts, turn, pace)
        finally:
            with suppress(StoreError, TimeoutError):
                async with asyncio.timeout(pace.lease):
                    await locks.release(db, lock, fence)
            _log.warning("this process is no longer the active one", lock=lock, holder=holder, fence=fence)


async def _serve(
    db: Database, lock: str, fence: int, parts: MakeParts, turn: Callable[[Role], None], pace: Pace
) -> None:
    """Run the parts until the lock is lost; raises what ended them."""
    running = asyncio.create_task(_run(parts, pace), name=f"{lock}: parts")
    keeping = asyncio.create_task(_keep(db, lock, fence, turn, pace), name=f"{lock}: lock")
    try:
        await asyncio.wait([running, keeping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (running, keeping):
            task.cancel()
        results = await asyncio.gather(running, keeping, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _keep(db: Database, lock: str, fence: int, turn: Callable[[Role], None], pace: Pace) -> None:
    """Renew the lock; returns when it is lost or may be."""
    renewed = time.monotonic()
    while True:
        turn(Role.ACTIVE)
        await asyncio.sleep(pace.renew)
        began = time.monotonic()
        left = renewed + pace.lease - began
        if left <= 0:
            _log.error("the lock was not renewed in time", lock=lock)
            return
        try:
            async with asyncio.timeout(left):
                if not await locks.renew(db, lock, fence, pace.ttl):
                    _log.error("the lock ran out or is another's by now", lock=lock)
                    return
            renewed = began
        except (StoreUnavailable, TimeoutError) as error:
            reason = str(error) or "no answer"
            _log.warning("the lock cannot be renewed", lock=lock, reason=reason, left_s=round(left, 1))


async def _run(parts: MakeParts, pace: Pace) -> None:
    """Run every part, for ever."""
    patience = _Patience(pace)
    made: Sequence[Part] | None = None
    while made is None:
        try:
            made = await parts()
        except (StoreUnavailable, RpcError) as error:
            wait = patience.failed()
            _log.warning("the active process cannot begin yet", reason=str(error), again_in_s=round(wait, 1))
            await asyncio.sleep(wait)
    async with asyncio.TaskGroup() as group:
        for part in made:
            group.create_task(_supervise(part, pace), name=part.name)


async def _supervise(part: Part, pace: Pace) -> None:
    """Run one part, and again whenever it ends: the others go on meanwhile."""
    patience = _Patience(pace)
    while True:
        patience.begins()
        try:
            await part.run()
        except Exception as error:
            # Whatever it is: a part that is missing is worse than one that fails every half minute.
            reason, known = str(error) or type(error).__name__, isinstance(error, StoreError | ChainError)
            wait = patience.failed()
            _log.error("a part failed", part=part.name, reason=reason, again_in_s=round(wait, 1), exc_info=not known)
        else:
            wait = patience.failed()
            _log.error("a part ended by itself", part=part.name, again_in_s=round(wait, 1))
        await asyncio.sleep(wait)


class _Patience:
    """Waits that double, with jitter, and begin anew after a while without failures."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._wait = pace.first_wait
        self._began = time.monotonic()
        self._random = Random()  # noqa: S311 - jitter

    def begins(self) -> None:
        """Note the time."""
        self._began = time.monotonic()

    def failed(self) -> float:
        """Seconds to wait."""
        if time.monotonic() - self._began >= self._pace.longest_wait:
            self._wait = self._pace.first_wait
        wait, self._wait = self._wait, min(self._wait * 2, self._pace.longest_wait)
        return wait * self._random.uniform(0.5, 1.0)
