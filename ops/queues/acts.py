"""An operator's hands on jobs, workers and queues; each act stands in the audit log before it is done."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from rq.worker_registration import REDIS_WORKER_KEYS as WORKERS_KEY

from ops.errors import OperatorError, UsageError
from ops.queues.seen import State
from ops.settlements import checked_why
from oracle.queues import DRAIN_KEPT_S, description_of, drain_key, market_of, process_of
from settings import Settings, shown
from store import audit, pauses, settlements
from store.audit import Json
from store.database import Database
from store.errors import SettlementRefused
from store.pauses import Pause
from store.settlements import Queue, Status

T = TypeVar("T")
_TIMEOUT_S = 5.0
_STATES = {"queued": State.QUEUED, "started": State.STARTED, "failed": State.FAILED}


class ActRefused(OperatorError):  # noqa: N818 - named for what happened
    """What was asked for does not fit the job or the worker, often because it moved on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What came of a cancel: whether the job is gone from RQ, and whether its market was parked."""

    removed: bool
    parked: bool

    @property
    def words(self) -> str:
        """In a sentence."""
        job = "The job is taken out of its queue" if self.removed else "The job is left to its worker"
        return f"{job}, and its market is parked." if self.parked else f"{job}; its market had no work to be parked."


class Carrier:
    """RQ's side of the acts. Every method raises OperatorError without Redis; use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._redis: Any = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
            settings.redis_url,
            socket_connect_timeout=_TIMEOUT_S,
            socket_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
        )
        self._address = shown(settings.redis_url)

    async def job(self, name: str) -> tuple[RqJob, State]:
        """Return RQ's job and where it is; raises ActRefused where there is none."""

        def fetch() -> tuple[RqJob, str]:
            found = RqJob.fetch(  # pyright: ignore[reportUnknownMemberType] - RQ leaves it untyped
                name, connection=self._redis, serializer=JSONSerializer
            )
            return found, str(found.get_status(refresh=False).value)

        try:
            found, status = await self.do(fetch)
        except NoSuchJobError:
            raise ActRefused(f"There is no job {name} any more: it ended, or its failure was forgotten.") from None
        if status not in _STATES:
            raise ActRefused(f"{name} is {status}: nothing is to be done about it here.")
        return found, _STATES[status]

    async def process(self, wanted: str) -> str:
        """Return the worker process that is meant, by its beginning if that is enough. Raises ActRefused."""
        keys: list[bytes] = sorted(await self.do(lambda: self._redis.smembers(WORKERS_KEY)))
        processes = {process_of(key.decode().rpartition(":")[2]) for key in keys}
        # RQ's own name of it means the process too.
        found = [one for one in sorted(processes) if one == wanted or wanted.startswith(f"{one}.")]
        found = found or [one for one in sorted(processes) if wanted and one.startswith(wanted)]
        if len(found) != 1:
            near = f": it could be {', '.join(found[:4])}" if found else ": 'opinion queue show' has their names"
            raise ActRefused(f"{wanted!r} is no worker{near}.")
        return found[0]

    async def put_mark(self, key: str, value: str, kept_s: int) -> None:
        """Set a key for a time."""
        await self.do(lambda: self._redis.set(key, value, ex=kept_s))

    async def take_mark(self, key: str) -> bool:
        """Take a key away; False where there was none."""
        return bool(await self.do(lambda: self._redis.delete(key)))

    async def do(self, act: Callable[[], T]) -> T:
        """Do it in a thread, since RQ waits for Redis."""
        with self._named():
            return await asyncio.to_thread(act)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    @contextmanager
    def _named(self) -> Generator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            raise OperatorError(
                f"Redis at {self._address} does not answer ({type(error).__name__}): start it, and check REDIS_URL."
            ) from None


async def requeue(db: Database, settings: Settings, name: str, who: str) -> str:
    """Queue a failed job once more and return its market's standing in words. Raises ActRefused, StoreError.

    Nothing is forced: the job does what the database says is due, and nothing where nothing is.
    """
    async with _carrier(settings) as carrier:
        job, state = await carrier.job(name)
        if state is not State.FAILED:
            raise ActRefused(f"{name} is {state}: only a job that failed can be queued again.")
        async with _audited(db, who, "requeue", job):
            try:
                await carrier.do(job.requeue)
            except InvalidJobOperation:
                raise ActRefused(f"{name} moved on meanwhile: look at it again.") from None
    return await _standing(db, _market(job))


async def forget(db: Database, settings: Settings, name: str, who: str) -> None:
    """Take a failed job out of RQ; its market stays as it is. Raises ActRefused, StoreError."""
    async with _carrier(settings) as carrier:
        job, state = await carrier.job(name)
        if state is not State.FAILED:
            raise ActRefused(f"{name} is {state} by now: look at it again.")
        async with _audited(db, who, "forget failure", job):
            await carrier.do(job.delete)


async def cancel(
    db: Database, settings: Settings, name: str, why: str, who: str, seen: State | None = None
) -> Cancelled:
    """Keep a queued or running job from being done: its market is parked, since the watcher would queue it again.

    A job that runs is left to its worker, which stops before its next side effect. `name` may also be a market that a
    worker took. Raises ActRefused, also where the job is not as `seen` any more, UsageError without a reason and
    StoreError.
    """
    words = checked_why(why)
    async with _carrier(settings) as carrier:
        if "-" not in name:
            await settlements.park(db, name, words, who)
            return Cancelled(removed=False, parked=True)
        job, state = await carrier.job(name)
        if seen is not None and state is not seen:
            raise ActRefused(f"{name} was {seen} and is {state} by now: look at it again.")
        if state is State.FAILED:
            raise ActRefused(f"{name} failed already: it can be queued again, or its failure forgotten.")
        async with _audited(db, who, "cancel", job, {"why": words}):
            parked = await _park(db, _market(job), words, who)
            if state is State.QUEUED:
                await carrier.do(job.delete)
    return Cancelled(removed=state is State.QUEUED, parked=parked)


async def drain(db: Database, settings: Settings, worker: str, who: str) -> str:
    """Have a worker process take no more jobs from now on, for a day at most; returns its name.

    It ends what it has in hand, and stands by. Raises ActRefused, StoreError.
    """
    async with _carrier(settings) as carrier:
        process = await carrier.process(worker)
        await _write(db, who, "drain", f"worker {process}", {})
        await carrier.put_mark(drain_key(process), who, DRAIN_KEPT_S)
    return process


async def undrain(db: Database, settings: Settings, worker: str, who: str) -> str:
    """Have a drained worker process take jobs again; returns its name. Raises ActRefused, StoreError."""
    async with _carrier(settings) as carrier:
        process = await carrier.process(worker)
        await _write(db, who, "undrain", f"worker {process}", {})
        if not await carrier.take_mark(drain_key(process)):
            raise ActRefused(f"{process} was not drained: nothing was to be done.")
    return process


async def pause(db: Database, queue: str, why: str, who: str) -> Pause:
    """Pause the queue, and return the pause that counts: the oldest. Raises UsageError, StoreError."""
    return await pauses.place(db, parse_queue(queue), checked_why(why), who)


async def unpause(db: Database, queue: str, who: str) -> int:
    """Lift every pause of the queue and return how many there were. Raises UsageError, StoreError."""
    return await pauses.lift(db, parse_queue(queue), who)


def parse_queue(name: str) -> Queue:
    """Return the queue of this name. Raises UsageError."""
    try:
        return Queue(name)
    except ValueError:
        raise UsageError(f"There is no queue {name!r}: it can be {', '.join(Queue)}.") from None


@asynccontextmanager
async def _carrier(settings: Settings) -> AsyncGenerator[Carrier]:
    carrier = Carrier(settings)
    try:
        yield carrier
    finally:
        await asyncio.to_thread(carrier.close)


@asynccontextmanager
async def _audited(
    db: Database, who: str, act: str, job: RqJob, details: Mapping[str, Json] | None = None
) -> AsyncGenerator[None]:
    """Write the act down before it is done, and after it where it could not be done."""
    subject, told = _market(job) or f"job {job.id}", {"job": job.id, "queue": str(job.origin), **(details or {})}
    await _write(db, who, act, subject, told)
    try:
        yield
    except Exception as error:
        await _write(db, who, f"{act} failed", subject, {**told, "error": str(error)})
        raise


async def _write(db: Database, who: str, act: str, subject: str, details: Mapping[str, Json]) -> None:
    async with db.write() as connection:
        await audit.append(connection, who, act, subject, details)


async def _park(db: Database, market: str | None, why: str, who: str) -> bool:
    """Whether there was work to be parked."""
    if market is None:
        return False
    found = await settlements.get(db, market)
    if found is None or found.status in (Status.PARKED, Status.DONE):
        return False
    try:
        await settlements.park(db, market, why, who)
    except SettlementRefused:
        # It was done meanwhile.
        return False
    return True


async def _standing(db: Database, market: str | None) -> str:
    found = None if market is None else await settlements.get(db, market)
    if found is None:
        return "The database knows no work on it: the job will find nothing to do."
    if found.status in (Status.READY, Status.WAITING):
        return f"Its market is {found.status} in {found.phase}."
    return f"Its market is {found.status}: the job will find nothing to do."


def _market(job: RqJob) -> str | None:
    market = market_of(str(job.id))
    return market if job.description == description_of(market) else None
