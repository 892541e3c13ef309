"""Reads RQ's own keys in two round trips and without its clean-ups, which have effects; in a thread, for parsing the
answers of a thousand jobs takes longer than a screen may stand still."""

import asyncio
import zlib
from base64 import b64decode
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.defaults import RQ_KEY_PREFIX
from rq.job import Job as RqJob
from rq.queue import Queue as RqQueue
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.results import Result
from rq.suspension import WORKERS_SUSPENDED
from rq.worker_registration import REDIS_WORKER_KEYS as WORKERS_KEY

from ops.errors import OperatorError
from ops.queues.failure import Failure, Scrubber, bounded, last_line
from ops.queues.seen import Carried, Job, Seen, State, Worker, assembled
from oracle.queues import description_of, drain_key, market_of, process_of
from settings import Settings, shown
from store.database import Database
from store.errors import StoreError
from store.settlements import Queue
from store.working import work

MOST_JOBS = 1_000
"""Read of each queue and of each queue's failures: more are only counted."""
_PATIENCE_S = 2.0
_WORKER_PREFIX = f"{RQ_KEY_PREFIX}:worker:"
_JOB = ("status", "description", "enqueued_at", "started_at", "ended_at", "worker_name")
_WORKER = ("queues", "state", "last_heartbeat", "birth", "successful_job_count", "failed_job_count")
_Answers = Iterator[Any]


class QueueReader:
    """Reads what RQ and the database say; one connection, opened at first use. Use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._redis: Any = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
            settings.redis_url,
            decode_responses=True,
            socket_timeout=_PATIENCE_S,
            socket_connect_timeout=_PATIENCE_S,
            retry=Retry(NoBackoff(), 1),
        )
        self._address = shown(settings.redis_url)
        self._scrubbed = Scrubber(settings)
        self._whys: dict[tuple[str, float], str] = {}
        """By job and the time when its failure is forgotten, which is another each time that it fails."""

    async def __aenter__(self) -> Self:
        """Connects nothing yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        await asyncio.to_thread(self._redis.close)

    async def read(self, db: Callable[[], Awaitable[Database]]) -> Seen:
        """Return everything at this moment; `db` returns the database. Raises OperatorError without Redis.

        Without the database, what RQ says is told alone, with the reason.
        """
        with self._named():
            carried = await asyncio.to_thread(self._carried)
        markets = {job.market for job in carried.jobs if job.market is not None}
        try:
            return assembled(carried, await work(await db(), markets))
        except StoreError as error:
            return assembled(carried, None, str(error).removesuffix("."))

    async def failure(self, job: str) -> Failure | None:
        """Return how the job failed last, None where nothing is kept of it. Raises OperatorError without Redis."""
        with self._named():
            found = await asyncio.to_thread(self._redis.xrevrange, _results_key(job), "+", "-", 1)
        for number, told in found:
            traceback, cut = bounded(self._scrubbed(_traceback(told)))
            at = datetime.fromtimestamp(int(number.partition("-")[0]) / 1000, UTC)
            worker = process_of(told.get("worker_name", ""))
            return Failure(job=job, at=at, worker=worker, traceback=traceback, cut=cut)
        return None

    @contextmanager
    def _named(self) -> Generator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            raise OperatorError(
                f"Redis at {self._address} does not answer ({type(error).__name__}): start it, and check REDIS_URL."
            ) from None

    def _carried(self) -> Carried:
        now = datetime.now(UTC)
        depths: dict[str, int] = {}
        started: dict[str, int] = {}
        failures: dict[str, int] = {}
        places: list[tuple[str, str, State]] = []
        failed: list[tuple[str, float]] = []
        answers = self._ask_what_there_is(now.timestamp())
        keys, suspended = sorted(next(answers)), bool(next(answers))
        for queue in Queue:
            depths[queue] = next(answers)
            places += [(job, queue, State.QUEUED) for job in next(answers)]
            begun = [entry.rpartition(":")[0] for entry in next(answers)]
            started[queue] = len(begun)
            places += [(job, queue, State.STARTED) for job in begun]
            failures[queue] = next(answers)
            ended = next(answers)
            places += [(job, queue, State.FAILED) for job, _ in ended]
            failed += ended
        unknown = [one for one in failed if one not in self._whys]
        rest = self._ask_of_each([job for job, _, _ in places], keys, [job for job, _ in unknown])
        jobs: list[tuple[tuple[str, str, State], dict[str, str | None]]]
        jobs = [(place, dict(zip(_JOB, next(rest), strict=True))) for place in places]
        workers = [_worker(key.removeprefix(_WORKER_PREFIX), next(rest), next(rest)) for key in keys]
        known = {one: self._whys[one] for one in failed if one in self._whys}
        self._whys = known | {one: self._why(next(rest)) for one in unknown}
        whys = {job: why for (job, _), why in self._whys.items()}
        return Carried(
            at=now,
            depths=depths,
            started=started,
            failures=failures,
            # What ended between the two round trips has nothing left.
            jobs=[_job(*place, told, whys) for place, told in jobs if told["status"]],
            workers=[worker for worker in workers if worker is not None],
            suspended=suspended,
        )

    def _ask_what_there_is(self, now: float) -> _Answers:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.smembers(WORKERS_KEY)
            pipe.exists(WORKERS_SUSPENDED)
            for queue in Queue:
                key, failed = RqQueue.redis_queue_namespace_prefix + queue, FailedJobRegistry.key_template.format(queue)
                pipe.llen(key)
                pipe.lrange(key, 0, MOST_JOBS - 1)
                pipe.zrange(StartedJobRegistry.key_template.format(queue), 0, -1)
                pipe.zcount(failed, now, "+inf")
                pipe.zrevrangebyscore(failed, "+inf", now, 0, MOST_JOBS, withscores=True)
            return iter(pipe.execute())

    def _ask_of_each(self, jobs: Sequence[str], workers: Sequence[str], failed: Sequence[str]) -> _Answers:
        with self._redis.pipeline(transaction=False) as pipe:
            for job in jobs:
                pipe.hmget(RqJob.key_for(job), _JOB)
            for key in workers:
                pipe.hmget(key, _WORKER)
                pipe.get(drain_key(process_of(key.removeprefix(_WORKER_PREFIX))))
            for job in failed:
                pipe.xrevrange(_results_key(job), "+", "-", 1)
            return iter(pipe.execute())

    def _why(self, results: Sequence[tuple[str, Mapping[str, str]]]) -> str:
        return self._scrubbed(last_line(_traceback(results[0][1] if results else {})))


def _results_key(job: str) -> str:
    return Result.get_key(job)  # pyright: ignore[reportUnknownMemberType] - RQ leaves it untyped


def _traceback(told: Mapping[str, str]) -> str:
    packed = told.get("exc_string")
    return "" if packed is None else zlib.decompress(b64decode(packed)).decode(errors="replace")


def _job(job: str, queue: str, state: State, told: Mapping[str, str | None], whys: Mapping[str, str]) -> Job:
    market = market_of(job)
    since = {State.QUEUED: "enqueued_at", State.STARTED: "started_at"}.get(state, "ended_at")
    return Job(
        id=job,
        queue=queue,
        state=state,
        market=market if told["description"] == description_of(market) else None,
        what=told["description"] or job,
        since=_time(told[since]) or _time(told["enqueued_at"]),
        worker=process_of(told["worker_name"] or "") or None,
        why=whys.get(job) if state is State.FAILED else None,
        work=None,
    )


def _worker(name: str, told: Sequence[str | None], drained_by: str | None) -> Worker | None:
    """None for one that died long ago: the next one that starts strikes it off."""
    queues, state, heartbeat, born, done, failed = told
    if queues is None:
        return None
    return Worker(
        name=name,
        queues=tuple(queues.split(",")),
        state=state or "started",
        heartbeat=_time(heartbeat),
        born=_time(born),
        drained_by=drained_by,
        job=None,
        done=int(done or 0),
        failed=int(failed or 0),
        markets={},
    )


def _time(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None
