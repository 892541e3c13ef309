"""What jobs can be filtered by, on the screen and behind `opinion queue show --filter`."""

from collections.abc import Callable, Sequence
from datetime import datetime

from console.filters import Field, Kind
from ops.queues.seen import Job, State
from ops.queues.words import work_words
from store.settlements import Queue


def fields(now: Callable[[], datetime]) -> Sequence[Field[Job]]:
    """Return the fields; ages count until `now`."""

    def seconds(job: Job) -> int | None:
        return None if job.since is None else int((now() - job.since).total_seconds())

    return (
        Field("state", Kind.WORDS, lambda job: job.state.value, tuple(State)),
        Field("queue", Kind.WORDS, lambda job: job.queue, tuple(Queue)),
        Field("phase", Kind.WORDS, lambda job: job.work and job.work.phase.value),
        Field("wait", Kind.WORDS, lambda job: job.work and job.work.wait_reason),
        Field("worker", Kind.WORDS, lambda job: job.worker),
        Field("age", Kind.DURATION, seconds),
        Field("attempt", Kind.NUMBER, lambda job: job.work and job.work.attempt),
    )


def text_of(job: Job) -> str:
    """Return the words that are looked through where no field is named."""
    parts = (job.id, job.queue, job.state, job.worker, job.why, work_words(job.work))
    return " ".join(str(part) for part in parts if part)
