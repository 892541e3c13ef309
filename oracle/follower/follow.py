"""The loop: notifications in batches, and a full read at the start, every minute and after every gap."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

import structlog

from chain.answers import Commitment
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.subscription import Batch, Subscription
from oracle.follower.full_read import read_all
from store import accounts
from store.accounts import Cluster, FullRead, Heard, Sight
from store.database import Database

_TURN = 1.0
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    `every`: between full reads. `deaf`: between them while no node notifies. `apart`: between those that gaps ask for.
    `first_wait` to `longest_wait`: after a read that failed, doubling.
    """

    every: float = 60.0
    deaf: float = 10.0
    apart: float = 2.0
    first_wait: float = 0.5
    longest_wait: float = 30.0


class Follower:
    """Follows the program's accounts into the read model.

    `changed` is called with the markets (base58) of which something changed; it must not block.
    """

    def __init__(
        self,
        db: Database,
        rpc: Rpc,
        cluster: Cluster,
        subscribe: Callable[[], Subscription],
        changed: Callable[[frozenset[str]], None],
        pace: Pace | None = None,
    ) -> None:
        """`subscribe` makes the subscription of one run."""
        self._db, self._rpc, self._cluster = db, rpc, cluster
        self._subscribe, self._changed = subscribe, changed
        self._pace = pace or Pace()
        self._random = Random()  # noqa: S311 - jitter
        self._subscription: Subscription | None = None
        self._known_slot = 0

    @property
    def heard_at(self) -> datetime | None:
        """When a node told anything last, by this host's clock; None before the first time of this run."""
        return self._subscription.heard_at if self._subscription else None

    @property
    def lag_slots(self) -> int | None:
        """Slots between the newest that was told and the one up to which all that was told is in the read model."""
        return max(0, self._subscription.slot - self._known_slot) if self._subscription else None

    async def run(self) -> None:
        """Follow for ever. Raises StoreError: what was not written is read again when this runs anew."""
        async with self._subscribe() as subscription:
            self._subscription = subscription
            await self._follow(subscription)

    async def _follow(self, subscription: Subscription) -> None:
        schedule = _Schedule(self._pace, self._random)
        waiting = asyncio.create_task(subscription.batch())
        try:
            while True:
                slot = subscription.slot
                pause = schedule.wait(time.monotonic(), deaf=not subscription.live)
                await asyncio.wait([waiting], timeout=min(pause, _TURN))
                if not waiting.done():
                    self._known_slot = slot
                else:
                    batch = waiting.result()
                    waiting = asyncio.create_task(subscription.batch())
                    await self._hear(batch)
                    if batch.gap is not None:
                        _log.info("all accounts are read, some changes may have been missed", reason=batch.gap)
                        schedule.gap()
                # Also while one batch follows the other: a full read must not wait for silence.
                if schedule.due(time.monotonic(), deaf=not subscription.live):
                    await self._read(schedule, subscription)
        finally:
            waiting.cancel()

    async def _hear(self, batch: Batch) -> None:
        if not batch.accounts:
            return
        sight = await accounts.see(self._db, self._cluster, Heard(batch.accounts, Commitment.CONFIRMED))
        self._tell(sight)

    async def _read(self, schedule: "_Schedule", subscription: Subscription) -> None:
        """A finalized read first, where one is due: a confirmed one is newer and would leave it nothing to decide."""
        if not subscription.live and subscription.trouble is not None:
            _log.warning("no node notifies of changes", reason=str(subscription.trouble))
        levels = schedule.levels(time.monotonic())
        try:
            for commitment in levels:
                await self._read_at(commitment)
        except RpcError as error:
            wait = schedule.failed(time.monotonic())
            _log.warning("accounts cannot be read", reason=str(error), again_in_s=round(wait, 1))
        else:
            schedule.done(time.monotonic(), levels)

    async def _read_at(self, commitment: Commitment) -> None:
        read: FullRead = await read_all(self._rpc, self._cluster.program, commitment)
        sight = await accounts.see(self._db, self._cluster, read)
        if not sight.taken:
            _log.warning(
                "a full read is older than what is known and was left aside; if that lasts, the nodes lag, or another "
                "one told of slots that are none: `opinion store rebuild` begins anew",
                slot=read.slot,
                commitment=commitment.value,
            )
        self._tell(sight)

    def _tell(self, sight: Sight) -> None:
        if sight.skipped:
            _log.warning("accounts are not what this release knows and were left out", count=sight.skipped)
        if sight.markets:
            self._changed(sight.markets)


class _Schedule:
    """When to read everything next, and how sure. Times are of one monotonic clock."""

    def __init__(self, pace: Pace, random: Random) -> None:
        self._pace, self._random = pace, random
        self._last: float | None = None
        self._last_final: float | None = None
        self._gap = True
        self._not_before = 0.0
        self._failures = 0

    def gap(self) -> None:
        """Something may have been missed."""
        self._gap = True

    def due(self, now: float, *, deaf: bool) -> bool:
        """Whether a full read is due."""
        return self.wait(now, deaf=deaf) <= 0

    def wait(self, now: float, *, deaf: bool) -> float:
        """Seconds until one is due."""
        last = self._last
        regular = now if last is None or self._gap else last + (self._pace.deaf if deaf else self._pace.every)
        return max(0.0, max(regular, self._not_before) - now)

    def levels(self, now: float) -> list[Commitment]:
        """What to read, in this order."""
        if self._last_final is None or now - self._last_final >= self._pace.every:
            return [Commitment.FINALIZED, Commitment.CONFIRMED]
        return [Commitment.CONFIRMED]

    def done(self, now: float, levels: list[Commitment]) -> None:
        """They were read."""
        self._last, self._gap, self._failures = now, False, 0
        if Commitment.FINALIZED in levels:
            self._last_final = now
        self._not_before = now + self._pace.apart

    def failed(self, now: float) -> float:
        """They could not be read: returns the seconds to wait, with jitter."""
        wait = min(self._pace.first_wait * 2 ** min(self._failures, 20), self._pace.longest_wait)
        wait *= self._random.uniform(0.5, 1.0)
        self._failures += 1
        self._not_before = now + wait
        return wait
