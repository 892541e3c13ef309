"""The oracle's metrics on a port: read when they are asked for, so that none is older than its scrape.

The active watcher answers for the whole deployment; one on standby for its own process alone, so that no figure is
counted twice. When the database does not answer, its figures are left out and `opinion_database_up` is 0: nothing old
is ever shown as new.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from monitoring import metrics
from monitoring.exporters.figures import BOUNDS, of_rpc, of_the_moment, of_work
from monitoring.exporters.redis_queues import RedisQueues
from monitoring.metrics import family, single
from store.database import Database
from store.errors import StoreError
from store.figures import RPC_ERRORS, counted
from store.settlements import Queue
from store.standing import standing
from store.tallies import WorkHistory

_PATIENCE_S = 8.0
"""Prometheus gives a scrape up after ten seconds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watching:
    """What a watcher says of itself: whether it is the active one, and of its follower what is known."""

    active: bool
    heard_at: datetime | None = None
    lag_slots: int | None = None


class OracleFigures:
    """Reads everything that the active watcher exports; holds what history added up to, nothing else."""

    def __init__(self, db: Database, redis: RedisQueues, watching: Callable[[], Watching]) -> None:
        """`watching` is asked at each scrape."""
        self._db = db
        self._redis = redis
        self._watching = watching
        self._history = WorkHistory(BOUNDS)
        self._refreshed: datetime | None = None
        # Two scrapers at once would add the same runs up twice.
        self._one = asyncio.Lock()

    async def collect(self) -> list[Metric]:
        """Return every family that can be had now; never raises for a database or Redis that is away."""
        watching = self._watching()
        found = [single(metrics.WATCHER_ACTIVE, watching.active)]
        if not watching.active:
            return [*found, *await asyncio.gather(self._database_up(), self._redis_up())]
        async with self._one:
            jobs, figures = await asyncio.gather(self._jobs(), self._figures())
        found += [*_follower(watching), *jobs, *figures]
        if self._refreshed is not None:
            found.append(single(metrics.LAST_REFRESH, self._refreshed.timestamp()))
        return found

    async def _database_up(self) -> Metric:
        """On standby too: when the database is away nobody is active, and somebody has to say so."""
        try:
            async with asyncio.timeout(_PATIENCE_S * 0.5):
                await self._db.now()
        except (StoreError, TimeoutError):
            return single(metrics.DATABASE_UP, 0)
        return single(metrics.DATABASE_UP, 1)

    async def _redis_up(self) -> Metric:
        return single(metrics.REDIS_UP, int(await self._redis.look(tuple(Queue)) is not None))

    async def _figures(self) -> list[Metric]:
        try:
            async with asyncio.timeout(_PATIENCE_S * 0.75):
                moment = await standing(self._db)
                work = await self._history.read(self._db)
                errors = await counted(self._db, RPC_ERRORS)
        except (StoreError, TimeoutError) as error:
            _log.warning("The metrics lack the database's figures: %s", error or "it took too long")
            return [single(metrics.DATABASE_UP, 0)]
        self._refreshed = moment.at
        return [single(metrics.DATABASE_UP, 1), *of_the_moment(moment), *of_work(work), of_rpc(errors)]

    async def _jobs(self) -> Iterable[Metric]:
        jobs = await self._redis.look(tuple(Queue))
        if jobs is None:
            return [single(metrics.REDIS_UP, 0)]
        return [
            single(metrics.REDIS_UP, 1),
            family(metrics.QUEUE_JOBS, (((queue,), line.count) for queue, line in jobs.items())),
            family(metrics.QUEUE_OLDEST_JOB, (((queue,), line.oldest_s) for queue, line in jobs.items())),
        ]


def _follower(watching: Watching) -> list[Metric]:
    found: list[Metric] = []
    if watching.heard_at is not None:
        found.append(single(metrics.FOLLOWER_READ, watching.heard_at.timestamp()))
    if watching.lag_slots is not None:
        found.append(single(metrics.FOLLOWER_LAG, watching.lag_slots))
    return found


class _Bridge(Collector):
    """The library's server asks from its own threads; the answers are read in the watcher's event loop."""

    def __init__(self, figures: OracleFigures, loop: asyncio.AbstractEventLoop) -> None:
        self._figures = figures
        self._loop = loop

    def collect(self) -> Iterable[Metric]:
        asked = asyncio.run_coroutine_threadsafe(self._figures.collect(), self._loop)
        try:
            return asked.result(_PATIENCE_S)
        except NoAnswer:
            asked.cancel()
            raise


@asynccontextmanager
async def exported(
    db: Database,
    redis_url: str,
    port: int,
    *,
    host: str = "127.0.0.1",
    watching: Callable[[], Watching],
) -> AsyncGenerator[int]:
    """Answer scrapes while the block runs; yields the port, which `port` 0 leaves to the system. Raises OSError."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    async with RedisQueues(redis_url) as redis:
        figures = OracleFigures(db, redis, watching)
        registry.register(_Bridge(figures, asyncio.get_running_loop()))
        server, thread = await asyncio.to_thread(start_http_server, port, host, registry)
        try:
            yield server.server_port
        finally:
            await asyncio.to_thread(server.shutdown)
            await asyncio.to_thread(thread.join)
            server.server_close()
