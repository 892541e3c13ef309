"""What the screen of queues shows of a queue, a job and a worker, column by column."""

from typing import TypeVar

from console import clock
from console.widgets.table import Column
from ops.queues.seen import Job, QueueSeen, State, Worker
from ops.queues.words import ORDER, age, attempts_words, work_words
from store.settlements import Queue, Status

T = TypeVar("T")
HEARD_S = 10
_URGENCY = {queue.value: place for place, queue in enumerate(Queue)}
_STYLES = {State.FAILED: "table--bad", State.STARTED: "table--good", State.TAKEN: "table--good"}
_DOES = {"silent": "table--bad", "draining": "table--warning", "drained": "table--warning", "busy": "table--good"}


def short(name: str | None) -> str:
    """Return a worker process as people know it, by host and process id."""
    return "" if name is None else name.rpartition(".")[0] or name


def said(job: Job) -> str:
    """Return why a job failed, or what the database says of its market."""
    return job.why or "no reason is kept" if job.state is State.FAILED else work_words(job.work)


def heard(worker: Worker) -> str:
    """Return when a worker was heard last, coarsely while all is well, so that the line is seldom sent."""
    if worker.heartbeat is None:
        return "never"
    now = clock.now()
    return f"<{HEARD_S}s" if (now - worker.heartbeat).total_seconds() < HEARD_S else age(worker.heartbeat, now)


def has(worker: Worker) -> str:
    """Return which markets a worker has in hand, by their first letters, and what it does to each."""
    return ", ".join(f"{market[:6]} {phase}" for market, phase in worker.markets.items())


def _does(worker: Worker) -> str:
    return worker.does(clock.now())


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}" if value else "-"


def _paused(queue: QueueSeen) -> str:
    return "" if queue.pause is None else f"PAUSED: {queue.pause.why} ({queue.pause.placed_by})"


def _queue_style(queue: QueueSeen) -> str:
    return "table--warning" if queue.pause is not None else ""


def _urgency(queue: QueueSeen) -> int:
    return _URGENCY.get(queue.name, len(_URGENCY))


def _due_age(queue: QueueSeen) -> str:
    return "" if queue.line is None else age(queue.line.oldest, clock.now())


def _attempts(job: Job) -> int:
    return 0 if job.work is None else job.work.attempt


def _since(job: Job) -> float:
    # What is oldest comes first, and what has no time last.
    return float("inf") if job.since is None else job.since.timestamp()


def _job_style(job: Job) -> str:
    if job.work is not None and job.work.status is Status.PARKED:
        return "table--warning"
    return _STYLES.get(job.state, "")


QUEUES: tuple[Column[QueueSeen], ...] = (
    Column("queue", "queue", 8, lambda row: row.name, _urgency, _queue_style),
    Column("depth", "queued", 6, lambda row: _number(row.depth), lambda row: row.depth, right=True),
    Column("oldest", "oldest", 6, lambda row: age(row.oldest, clock.now()), _urgency, right=True),
    Column("due", "due", 5, lambda row: _number(row.line and row.line.due), _urgency, right=True),
    Column("late", "oldest", 6, _due_age, _urgency, right=True),
    Column("held", "in hand", 7, lambda row: _number(row.line and row.line.held), _urgency, right=True),
    Column(
        "failed", "failed", 6, lambda row: _number(row.failed), _urgency,
        lambda row: "table--bad" if row.failed else "", right=True,
    ),
    Column("workers", "workers", 7, lambda row: _number(row.workers), _urgency, right=True, drop=1),
    Column("paused", "", 10, _paused, _urgency, _queue_style, flex=1),
)  # fmt: skip
JOBS: tuple[Column[Job], ...] = (
    Column("state", "state", 7, lambda row: row.state, lambda row: (ORDER[row.state], _since(row)), _job_style),
    Column("queue", "queue", 7, lambda row: row.queue, lambda row: (row.queue, _since(row))),
    Column("age", "age", 5, lambda row: age(row.since, clock.now()), _since, right=True),
    Column("try", "try", 3, lambda row: attempts_words(row.work), lambda row: (-_attempts(row), _since(row))),
    Column("market", "market", 8, lambda row: row.market or row.id, lambda row: row.market or row.id),
    Column("said", "what", 20, said, said, _job_style, flex=1),
    Column("worker", "worker", 12, lambda row: short(row.worker), lambda row: row.worker or "", drop=1),
)
WORKERS: tuple[Column[Worker], ...] = (
    Column("worker", "worker", 13, lambda row: short(row.process), lambda row: row.name, flex=1),
    Column("does", "does", 9, _does, _does, lambda row: _DOES.get(_does(row), "")),
    Column("heard", "heard", 5, heard, lambda row: heard(row), right=True),
    Column("queues", "queues", 20, lambda row: ",".join(row.queues), lambda row: row.queues, drop=1),
    Column("has", "in hand", 14, has, has, flex=2),
    Column("done", "done", 5, lambda row: _number(row.done), lambda row: row.done, right=True, drop=2),
    Column(
        "failed", "failed", 6, lambda row: _number(row.failed), lambda row: row.failed,
        lambda row: "table--warning" if row.failed else "", right=True, drop=2,
    ),
)  # fmt: skip
AGES = {"queues": ("oldest", "late"), "jobs": ("age",), "workers": ("does", "heard")}
"""The columns that change by themselves."""
