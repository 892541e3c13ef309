"""How many jobs stand in Redis, and since when: read from RQ's own keys, without its clean-ups, which have effects."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from rq.job import Job
from rq.queue import Queue
from rq.worker_registration import REDIS_WORKER_KEYS as WORKERS_KEY

_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """A queue in Redis: how many jobs, and the seconds that the oldest has stood there (0 for none)."""

    count: int
    oldest_s: float


class RedisQueues:
    """Looks at queues in Redis; one connection, opened when first needed. Use it as a context manager."""

    def __init__(self, url: str) -> None:
        """`url` is a redis:// address."""
        self._redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its settings have no types
            url,
            decode_responses=True,
            socket_timeout=_PATIENCE_S,
            socket_connect_timeout=_PATIENCE_S,
            # A scrape cannot wait for Redis to come back: it says that it is away.
            retry=Retry(NoBackoff(), 0),
        )

    async def __aenter__(self) -> Self:
        """Connects nothing yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        await self._redis.aclose()

    async def look(self, queues: Sequence[str]) -> Mapping[str, Jobs] | None:
        """Return what stands in each queue, None when Redis does not answer."""
        try:
            return {queue: await self._jobs(queue) for queue in queues}
        except (RedisError, OSError):
            return None

    async def workers(self) -> int | None:
        """Return how many worker processes are registered and still tell that they live, None without Redis."""
        try:
            keys = await cast("Awaitable[set[str]]", self._redis.smembers(WORKERS_KEY))
            # A worker that died is struck off by the next that starts; until then its own key has run out.
            return sum([await self._redis.exists(key) for key in keys])
        except (RedisError, OSError):
            return None

    async def _jobs(self, queue: str) -> Jobs:
        key = Queue.redis_queue_namespace_prefix + queue
        count = await self._redis.llen(key)
        job = await cast("Awaitable[str | None]", self._redis.lindex(key, 0))
        # A job that was taken between the two looks has no time, and so no age.
        queued = await cast(
            "Awaitable[str | None]", self._redis.hget(Job.redis_job_namespace_prefix + (job or ""), "enqueued_at")
        )
        now = datetime.now(UTC)
        since = datetime.fromisoformat(queued) if queued else now
        return Jobs(count, max((now - since).total_seconds(), 0.0))
