"""RQ's queues as the settlement uses them: a job names a market and carries nothing else."""

import secrets
from collections.abc import Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue as RqQueue
from rq.job import Job
from rq.serializers import JSONSerializer

from store.settlements import Queue

JOB = "oracle.jobs.settle"
JOB_TIMEOUT_S = 360
SERVED: ContextVar[tuple[Queue, ...]] = ContextVar("SERVED", default=())
"""The queues, the most urgent first, that the worker of the running job serves; none outside of a worker."""
WORKER: ContextVar[str] = ContextVar("WORKER", default="")
"""The process that runs this job, as `drain_key` takes it; empty outside of a worker."""
DRAIN_KEPT_S = 86_400
_FAILED_KEPT_S = 3600
_TIMEOUT_S = 5.0


def drain_key(process: str) -> str:
    """Return the key in Redis that tells a worker process to take no more jobs. Its value says who wants that."""
    return f"opinion:drain:{process}"


def process_of(worker: str) -> str:
    """Return the process behind one of RQ's worker names: it has another name each time that it finds Redis again."""
    return worker.rpartition(".")[0]


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
            description=description_of(market),
        )

    def take(self, among: Sequence[Queue]) -> str | None:
        """Take the most urgent job from its queue and return its market, None where no job waits.

        Whoever dies with it costs what a job costs that RQ lost: the reconciler queues the market again.
        """
        for queue in among:
            # Not RQ's own pop, which fails where there is none.
            if isinstance(popped := self._redis.lpop(self._queues[queue].key), bytes):
                job_id = popped.decode()
                self._redis.delete(Job.key_for(job_id))
                return market_of(job_id)
        return None

    def is_drained(self, process: str) -> bool:
        """Whether a person wants this worker process to take no more jobs."""
        return bool(self._redis.exists(drain_key(process)))

    def listed(self) -> set[tuple[Queue, str]]:
        """Which markets have a job waiting, and in which queue."""
        return {(queue, market_of(job_id)) for queue, queued in self._queues.items() for job_id in queued.get_job_ids()}


def market_of(job_id: str) -> str:
    """Return the market that a job of ours is about."""
    return job_id.partition("-")[0]


def description_of(market: str) -> str:
    """Return how RQ's own tools call the job of a market."""
    return f"settle {market}"
