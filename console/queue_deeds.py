"""What the screen of queues may do, each as a dialog that names it and the act behind it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from console.text import safe
from console.widgets.dialog import Answers, Ask, Deed
from ops.errors import OperatorError
from ops.person import person
from ops.queues import acts, starting
from ops.queues.seen import Job, QueueSeen, State, Worker
from ops.queues.words import work_words
from settings import Settings
from store.database import Database
from store.settlements import Queue

Act: TypeAlias = Callable[[Database, Settings, Answers], Awaitable[str]]
Doing: TypeAlias = tuple[Deed, Act]
_WHY = Ask("why", "Why, for whoever comes next:", check=lambda words: None if words else "A reason is needed.")
_NAME_LENGTH = 6


def name_of(job: Job) -> str:
    """Return what stands for a job's name: so many of its market's first letters."""
    return (job.market or job.id)[:_NAME_LENGTH]


def requeueing(job: Job) -> Doing:
    """Queue a failed job once more."""

    async def act(db: Database, settings: Settings, _: Answers) -> str:
        return f"Queued again. {await acts.requeue(db, settings, job.id, person())}"

    means = [f"It failed: {safe(job.why or 'no reason is kept')}."]
    means += [f"Its market: {safe(work_words(job.work))}."] if job.work is not None else []
    means.append("The next free worker of its queue runs it. It does what the database says is due, and no more.")
    return Deed(f"Queue the failed job of {name_of(job)}… again, in {job.queue}", tuple(means)), act


def forgetting(job: Job) -> Doing:
    """Forget a failure."""

    async def act(db: Database, settings: Settings, _: Answers) -> str:
        await acts.forget(db, settings, job.id, person())
        return "Forgotten."

    means = (
        f"It failed: {safe(job.why or 'no reason is kept')}.",
        "Its traceback is deleted. Its market stays as it is: what is due of it is queued by the watcher.",
    )
    return Deed(f"Forget the failed job of {name_of(job)}… in {job.queue}", means), act


def cancelling(job: Job) -> Doing:
    """Keep a job from being done, by parking its market."""

    async def act(db: Database, settings: Settings, answers: Answers) -> str:
        seen = None if job.state is State.TAKEN else job.state
        return (await acts.cancel(db, settings, job.id, answers["why"], person(), seen)).words

    place = {State.QUEUED: "It is taken out of its queue."}.get(
        job.state, f"{safe(job.worker or 'Its worker')} works on it, and stops before the next side effect."
    )
    means = [place]
    if job.work is not None:
        means += [
            f"Its market is parked (now: {safe(work_words(job.work))}): the watcher would queue it again otherwise.",
            "Nobody goes on with it until somebody retries it. A slot hash not captured within three minutes lapses.",
        ]
    return Deed(f"Cancel the job of {name_of(job)}… in {job.queue}", tuple(means), (_WHY,), typed=name_of(job)), act


def draining(worker: Worker, name: str) -> Doing:
    """Have a worker take no more jobs."""

    async def act(db: Database, settings: Settings, _: Answers) -> str:
        await acts.drain(db, settings, worker.process, person())
        return f"{name} takes no more jobs."

    means = (
        f"It serves {', '.join(worker.queues)}, and has {len(worker.markets) or 'no'} markets in hand: it ends those.",
        "It takes no other for a day, or until somebody lets it go on, or its process is started anew.",
    )
    return Deed(f"Drain the worker {name}", means), act


def undraining(worker: Worker, name: str) -> Doing:
    """Have a drained worker take jobs again."""

    async def act(db: Database, settings: Settings, _: Answers) -> str:
        await acts.undrain(db, settings, worker.process, person())
        return f"{name} takes jobs again."

    means = (f"{safe(worker.drained_by or 'Somebody')} drained it.", "It takes jobs again within two seconds.")
    return Deed(f"Let the worker {name} go on", means), act


def pausing(queue: QueueSeen) -> Doing:
    """Pause a queue."""

    async def act(db: Database, _: Settings, answers: Answers) -> str:
        placed = await acts.pause(db, queue.name, answers["why"], person())
        return f"{queue.name} is paused since {placed.placed_at:%H:%M:%S} UTC."

    means = ["On every host no worker begins anything of it, until somebody lets it go on; what has begun ends."]
    if queue.line is not None:
        means.append(f"Now {queue.line.due} markets are due in it, and {queue.line.held} in hand.")
    if queue.name == Queue.CAPTURE:
        means.append("A slot hash that is not captured within three minutes lapses; the second time its bond is lost.")
    return Deed(f"Pause the queue {queue.name}", tuple(means), (_WHY,), typed=queue.name), act


def going_on(queue: QueueSeen) -> Doing:
    """Lift a queue's pause."""

    async def act(db: Database, _: Settings, __: Answers) -> str:
        lifted = await acts.unpause(db, queue.name, person())
        return f"{queue.name} goes on." if lifted else f"{queue.name} was not paused any more."

    pause = queue.pause
    since = f"{safe(pause.placed_by)} paused it at {pause.placed_at:%H:%M} UTC: {safe(pause.why)}." if pause else ""
    return Deed(f"Let the queue {queue.name} go on", (since, "What is due of it is queued at once.")), act


def starting_by_hand(market: str | None) -> Doing:
    """Start a job of the oracle."""

    async def act(db: Database, settings: Settings, answers: Answers) -> str:
        name, *arguments = answers["job"].split()
        done = await starting.start(db, settings, name, arguments, person())
        return " ".join([done.words, *done.hindrances])

    means = [f"{job.name} {' '.join(a.name.upper() for a in job.arguments)}: {job.explains}" for job in _jobs()]
    means.append("The database still decides what is due, and who may do it.")
    first = f"{_jobs()[0].name} {market or ''}"
    return Deed("Start a job by hand", tuple(means), (Ask("job", "Job, and what it takes:", first, _wrong),)), act


def _jobs() -> list[starting.Startable]:
    return list(starting.JOBS.values())


def _wrong(words: str) -> str | None:
    name, *arguments = words.split() or [""]
    try:
        starting.checked(name, arguments)
    except OperatorError as error:
        return str(error)
    return None
