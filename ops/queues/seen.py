"""What is seen of queues, jobs and workers at one moment: RQ's side and the database's, put together; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from oracle.queues import process_of
from store.pauses import Pause
from store.settlements import Queue
from store.working import Line, Work, Working

LATE_S = 30.0
"""A worker tells every few seconds that it lives; after so long it is late."""


class State(StrEnum):
    """Where a job is. `taken` is one that a busy worker took beside its own, of which RQ knows nothing any more."""

    QUEUED = "queued"
    STARTED = "started"
    TAKEN = "taken"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. `since` is when it was queued, begun or failed; unknown for what was taken."""

    id: str
    queue: str
    state: State
    market: str | None
    """None for a job that is none of ours."""
    what: str
    since: datetime | None
    worker: str | None
    """The process that runs it, or ran it."""
    why: str | None
    """For one that failed, the last line of its traceback."""
    work: Working | None
    """What the database says of its market, None where it is not known, or cannot be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker process. `markets` are those that it holds now, with their phases."""

    name: str
    """RQ's name for it."""
    queues: tuple[str, ...]
    state: str
    """RQ's word: started, idle, busy, suspended."""
    heartbeat: datetime | None
    born: datetime | None
    drained_by: str | None
    job: str | None
    """The job that RQ gave it; what it takes beside that shows in `markets` alone."""
    done: int
    failed: int
    markets: Mapping[str, str]

    @property
    def process(self) -> str:
        """The process, which keeps its name while RQ's changes."""
        return process_of(self.name)

    def is_late(self, now: datetime) -> bool:
        """Whether it should have told by now that it lives."""
        return self.heartbeat is None or now - self.heartbeat > timedelta(seconds=LATE_S)

    def does(self, now: datetime) -> str:
        """Return what it does now, in a few words."""
        if self.is_late(now):
            return "silent"
        busy = self.state == "busy" or bool(self.markets)
        if self.drained_by is not None:
            return "draining" if busy else "drained"
        return "busy" if busy else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSeen:
    """One queue: `depth` jobs in Redis, the oldest queued at `oldest`; `line` is the database's, None unasked."""

    name: str
    depth: int
    oldest: datetime | None
    started: int
    failed: int
    workers: int
    line: Line | None
    pause: Pause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything, at `at`. `database` says in one sentence why the database could not be asked, where it could not."""

    at: datetime
    queues: Mapping[str, QueueSeen]
    jobs: Mapping[str, Job]
    workers: Mapping[str, Worker]
    suspended: bool
    """Whether `rq suspend` stops every worker."""
    left_out: int
    """Jobs beyond those that are read."""
    database: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What Redis alone tells. `depths` and `failures` count all that there are, `jobs` are those that were read."""

    at: datetime
    depths: Mapping[str, int]
    started: Mapping[str, int]
    failures: Mapping[str, int]
    jobs: Sequence[Job]
    workers: Sequence[Worker]
    suspended: bool


def assembled(carried: Carried, work: Work | None, why: str | None = None) -> Seen:
    """Put both sides together; `why` the database could not be asked, where `work` is None."""
    markets: Mapping[str, Working] = {} if work is None else work.markets
    held = {market: found for market, found in markets.items() if found.holder is not None}
    jobs = {job.id: _with_work(job, markets) for job in carried.jobs}
    started = [job for job in jobs.values() if job.state is State.STARTED]
    running = {job.market for job in started}
    jobs |= {market: _taken(found) for market, found in held.items() if market not in running}
    workers = {worker.name: _with_work_in_hand(worker, started, held.values()) for worker in carried.workers}
    read = sum(job.state is not State.TAKEN for job in jobs.values())
    known = sum(carried.depths.values()) + sum(carried.started.values()) + sum(carried.failures.values())
    return Seen(
        at=carried.at,
        queues={queue: _queue(queue, carried, work) for queue in Queue},
        jobs=jobs,
        workers=workers,
        suspended=carried.suspended,
        left_out=max(known - read, 0),
        database=why,
    )


def _with_work(job: Job, markets: Mapping[str, Working]) -> Job:
    found = markets.get(job.market or "")
    return job if found is None else replace(job, work=found)


def _taken(found: Working) -> Job:
    return Job(
        id=found.market,
        queue=found.queue,
        state=State.TAKEN,
        market=found.market,
        what=f"settle {found.market}",
        since=None,
        worker=(found.holder or "").partition(":")[0] or None,
        why=None,
        work=found,
    )


def _with_work_in_hand(worker: Worker, started: Iterable[Job], held: Iterable[Working]) -> Worker:
    job = next((job.id for job in started if job.worker == worker.process), None)
    mine = {found.market: found.phase.value for found in held if (found.holder or "").startswith(f"{worker.process}:")}
    return replace(worker, job=job, markets=mine)


def _queue(queue: str, carried: Carried, work: Work | None) -> QueueSeen:
    waiting = [job.since for job in carried.jobs if job.queue == queue and job.state is State.QUEUED and job.since]
    return QueueSeen(
        name=queue,
        depth=carried.depths.get(queue, 0),
        oldest=min(waiting, default=None),
        started=carried.started.get(queue, 0),
        failed=carried.failures.get(queue, 0),
        workers=sum(queue in worker.queues for worker in carried.workers),
        line=None if work is None else work.lines.get(queue),
        pause=None if work is None else work.pauses.get(queue),
    )
