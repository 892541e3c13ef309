"""What is seen of the queues in words: pure, for people in lines, for programs as JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ops.explanation import WAITS, plain
from ops.queues.failure import Failure
from ops.queues.seen import Job, QueueSeen, Seen, State, Worker
from store.settlements import Status
from store.working import Working

ORDER = {State.FAILED: 0, State.STARTED: 1, State.TAKEN: 2, State.QUEUED: 3}


def age(since: datetime | None, now: datetime) -> str:
    """Return how long ago, in its largest unit; empty where it is not known."""
    if since is None:
        return ""
    seconds = max(int((now - since).total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def work_words(work: Working | None) -> str:
    """Return what the database says of a job's market."""
    if work is None:
        return ""
    if work.holder is not None:
        return f"{work.phase} now"
    if work.status is Status.DONE:
        return "done: nothing is left to do"
    if work.status is Status.PARKED:
        return f"PARKED in {work.phase}: {plain(work.reason or 'no reason is kept')}"
    if work.wait_reason:
        return f"{work.phase} waits for {WAITS.get(work.wait_reason, work.wait_reason)}"
    return f"{work.phase} due"


def attempts_words(work: Working | None) -> str:
    """Return how often the market's phase has failed, of the three attempts that it has."""
    return f"{work.attempt}/3" if work is not None and work.attempt else ""


def queue_words(queue: QueueSeen, now: datetime) -> str:
    """Return a queue in one line."""
    parts = [f"{queue.depth} queued{_oldest(queue.oldest, now)}"]
    if queue.line is not None:
        parts += [f"{queue.line.due} due{_oldest(queue.line.oldest, now)}", f"{queue.line.held} in hand"]
    parts.append(f"{queue.started} running")
    if queue.failed:
        parts.append(f"{queue.failed} FAILED")
    parts.append(f"{queue.workers} workers")
    if queue.pause is not None:
        parts.append(f"PAUSED by {plain(queue.pause.placed_by)}: {plain(queue.pause.why)}")
    return ", ".join(parts)


def worker_words(worker: Worker, now: datetime) -> str:
    """Return a worker in one line."""
    does = worker.does(now)
    parts = [f"{does} (by {plain(worker.drained_by)})" if worker.drained_by else does, ",".join(worker.queues)]
    if worker.markets:
        parts.append(f"has {', '.join(f'{market} {phase}' for market, phase in worker.markets.items())}")
    parts += [f"heard {age(worker.heartbeat, now) or '?'} ago", f"{worker.done} done", f"{worker.failed} failed"]
    return ", ".join(parts)


def job_words(job: Job, now: datetime) -> str:
    """Return a job in one line."""
    words = job.why if job.state is State.FAILED and job.why else work_words(job.work)
    since = age(job.since, now)
    parts = [f"{job.state}{f' {since}' if since else ''} in {job.queue}"]
    if attempts := attempts_words(job.work):
        parts.append(f"{attempts} attempts failed")
    if job.worker is not None:
        parts.append(f"by {plain(job.worker)}")
    return f"{', '.join(parts)}{f': {plain(words)}' if words else ''}"


def lines(seen: Seen, passes: Callable[[Job], bool] | None = None) -> Iterator[str]:
    """Yield all of it line by line; of the jobs those that pass, what failed first."""
    now = seen.at
    if seen.suspended:
        yield "EVERY worker is suspended by 'rq suspend': 'rq resume' lifts it."
    if seen.database is not None:
        yield f"The database cannot be asked ({seen.database}): pauses and what markets wait for are not known."
    for queue in seen.queues.values():
        yield f"{queue.name:<8} {queue_words(queue, now)}"
    for worker in sorted(seen.workers.values(), key=lambda worker: worker.name):
        yield f"worker {worker.process}: {worker_words(worker, now)}"
    if not seen.workers:
        yield "No worker is alive: nothing is settled."
    for job in sorted(seen.jobs.values(), key=lambda job: (ORDER[job.state], job.since or now, job.id)):
        if passes is None or passes(job):
            yield f"{job.id} {job_words(job, now)}"
    if seen.left_out:
        yield f"{seen.left_out} more jobs are not shown."


def failure_lines(failure: Failure | None) -> Iterator[str]:
    """Yield how a job failed, its traceback line by line; nothing for one that did not."""
    if failure is None:
        return
    yield f"It failed at {failure.at:%Y-%m-%d %H:%M:%S} UTC{f' in {plain(failure.worker)}' if failure.worker else ''}:"
    if failure.cut:
        yield f"({failure.cut} lines before these are left out)"
    yield from (plain(line) for line in failure.traceback.splitlines())


def report(
    seen: Seen, passes: Callable[[Job], bool] | None = None, failures: Mapping[str, Failure | None] | None = None
) -> dict[str, Any]:
    """Return it as a JSON object, with the jobs that pass; times in ISO 8601, UTC.

    `schema` counts up when its shape changes.
    """
    told = failures or {}
    return {
        "schema": 1,
        "at": seen.at.isoformat(),
        "suspended": seen.suspended,
        "database": seen.database,
        "queues": {name: _json(asdict(queue)) for name, queue in seen.queues.items()},
        "workers": [
            _json(asdict(worker)) | {"process": worker.process, "does": worker.does(seen.at)}
            for worker in seen.workers.values()
        ],
        "jobs": [
            _json(asdict(job)) | {"traceback": failure.traceback if (failure := told.get(job.id)) else None}
            for job in seen.jobs.values()
            if passes is None or passes(job)
        ],
        "left_out": seen.left_out,
    }


def _oldest(since: datetime | None, now: datetime) -> str:
    return "" if since is None else f" (oldest {age(since, now)})"


def _json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=datetime.isoformat))
