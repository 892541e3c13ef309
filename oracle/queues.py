"""RQ's queues as the settlement uses them: a job names a market and carries nothing else."""

import secrets
from types import TracebackType
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from store.settlements import Queue

JOB = "oracle.jobs.settle"
JOB_TIMEOUT_S = 300
_FAILED_KEPT_S = 3600
_TIMEOUT_S = 5.0


class JobQueues:
    """All four queues; every method raises redis' RedisError while Redis is away. Close it, or use it as a context."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
            redis_url, socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 1)
        )
        self._queues = {
            queue: RqQueue(str(queue), connection=self._redis, serializer=JSONSerializer) for queue in Queue
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._redis.close()

    def put(self, queue: Queue, market: str) -> None:
        """Queue one job for the market."""
        self._queues[queue].enqueue(  # pyright: ignore[reportUnknownMemberType] - RQ leaves its keywords untyped
            JOB,
            args=(market,),
            job_id=f"{market}-{secrets.token_hex(4)}",
            job_timeout=JOB_TIMEOUT_S,
            result_ttl=0,
            failure_ttl=_FAILED_KEPT_S,
            description=f"settle {market}",
        )

    def listed(self) -> set[tuple[Queue, str]]:
        """Which markets have a job waiting, and in which queue."""
        return {
            (queue, job_id.partition("-")[0])
            for queue, queued in self._queues.items()
            for job_id in queued.get_job_ids()
        }
