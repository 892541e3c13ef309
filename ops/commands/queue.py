"""`opinion queue`: what RQ carries and what the database knows of it, and a person's hands on both."""

from typing import Annotated

import typer

from ops.commands._run import run
from ops.commands.completion import queues

queue = typer.Typer(no_args_is_help=True, help="See jobs, workers and queues, and act on them.")

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Job = Annotated[str, typer.Argument(help="A job, as 'opinion queue show' names it.")]
Worker = Annotated[str, typer.Argument(help="A worker; the beginning of its name will do.")]
Name = Annotated[str, typer.Argument(help="capture, settle, analyse or clean.", autocompletion=queues)]
Why = Annotated[str, typer.Argument(help="Why, for whoever comes next.")]


@queue.command()
def show(
    job: Annotated[str | None, typer.Argument(help="Only this job or market, with its traceback if it failed.")] = None,
    words: Annotated[
        str, typer.Option("--filter", help="Only jobs that match, such as 'state:failed queue:analyse age>1h'.")
    ] = "",
    json: JsonFlag = False,
) -> None:
    """Show queues, workers with what they do now, and jobs, what failed first."""
    run(_show(job, words, as_json=json))


@queue.command()
def requeue(job: Job, json: JsonFlag = False) -> None:
    """Queue a failed job once more.

    Nothing is forced: it does what is due on its market, and nothing where nothing is.
    """
    from ops.person import person
    from ops.queues.acts import requeue as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        async with opened(settings) as db:
            standing = await act_on(db, settings, job, person())
        say(f"{job} is queued. {standing}", {"job": job, "queued": True, "market": standing}, as_json=json)

    run(act())


@queue.command()
def forget(job: Job, json: JsonFlag = False) -> None:
    """Take a failed job out of RQ; its market stays as it is."""
    from ops.person import person
    from ops.queues.acts import forget as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        async with opened(settings) as db:
            await act_on(db, settings, job, person())
        say(f"{job} is forgotten.", {"job": job, "forgotten": True}, as_json=json)

    run(act())


@queue.command()
def cancel(
    job: Annotated[str, typer.Argument(help="A job, or the market that a worker took.")],
    why: Why,
    json: JsonFlag = False,
) -> None:
    """Keep a job from being done, by parking its market.

    The watcher would queue it again otherwise. Whoever works on it stops before the next side effect;
    'opinion retry' goes on.
    """
    from ops.person import person
    from ops.queues.acts import cancel as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        async with opened(settings) as db:
            done = await act_on(db, settings, job, why, person())
        say(done.words, {"job": job, "removed": done.removed, "parked": done.parked}, as_json=json)

    run(act())


@queue.command()
def drain(worker: Worker, json: JsonFlag = False) -> None:
    """Have a worker take no more jobs; it ends what it has in hand, and stands by.

    For a day at most, or until 'opinion queue undrain', or its process is started anew.
    """
    from ops.person import person
    from ops.queues.acts import drain as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        async with opened(settings) as db:
            process = await act_on(db, settings, worker, person())
        words = f"{process} takes no more jobs, within two seconds; 'opinion queue undrain {process}' lifts it."
        say(words, {"worker": process, "drained": True}, as_json=json)

    run(act())


@queue.command()
def undrain(worker: Worker, json: JsonFlag = False) -> None:
    """Have a drained worker take jobs again."""
    from ops.person import person
    from ops.queues.acts import undrain as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        async with opened(settings) as db:
            process = await act_on(db, settings, worker, person())
        say(f"{process} takes jobs again.", {"worker": process, "drained": False}, as_json=json)

    run(act())


@queue.command()
def pause(name: Name, why: Why, json: JsonFlag = False) -> None:
    """Pause a queue on every host: nothing of it is begun until it is unpaused.

    What has begun ends. Slot hashes of a paused 'capture' lapse after about three minutes.
    """
    from ops.explanation import plain, utc
    from ops.person import person
    from ops.queues.acts import pause as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        async with opened(read_settings()) as db:
            placed = await act_on(db, name, why, person())
        words = f"{name} is paused since {utc(placed.placed_at)} by {placed.placed_by} ({plain(placed.why)})."
        told = {"queue": name, "paused": True, "since": placed.placed_at.isoformat(), "by": placed.placed_by}
        say(words, {**told, "why": placed.why}, as_json=json)

    run(act())


@queue.command()
def unpause(name: Name, json: JsonFlag = False) -> None:
    """Lift every pause of a queue: it goes on at once."""
    from ops.person import person
    from ops.queues.acts import unpause as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        async with opened(read_settings()) as db:
            lifted = await act_on(db, name, person())
        words = f"{name} goes on." if lifted else f"{name} was not paused."
        say(words, {"queue": name, "paused": False, "lifted": lifted}, as_json=json)

    run(act())


@queue.command()
def start(
    job: Annotated[str, typer.Argument(help="The job: settle.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="What it takes: the market's address.")] = None,
    json: JsonFlag = False,
) -> None:
    """Start a job of the oracle by hand, its arguments checked; the database still decides what is due."""
    from ops.person import person
    from ops.queues.starting import checked
    from ops.queues.starting import start as act_on
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings, given = read_settings(), arguments or []
        checked(job, given)
        async with opened(settings) as db:
            done = await act_on(db, settings, job, given, person())
        report = {"job": job, "arguments": given, "started": True, "hindrances": list(done.hindrances)}
        say("\n".join([done.words, *done.hindrances]), report, as_json=json)

    run(act())


async def _show(job: str | None, words: str, *, as_json: bool) -> None:
    from contextlib import AsyncExitStack

    from console.filters import FilterError, parse
    from console.queue_fields import fields, text_of
    from ops.errors import OperatorError, UsageError
    from ops.queues.reading import QueueReader
    from ops.queues.words import failure_lines, job_words, lines, report
    from ops.report import say
    from ops.settlements import opened
    from ops.terminal import columns, paragraphs
    from settings import read_settings

    settings = read_settings()
    async with QueueReader(settings) as reader, AsyncExitStack() as stack:
        seen = await reader.read(lambda: stack.enter_async_context(opened(settings)))
        try:
            passes = parse(words, fields(lambda: seen.at), text_of)
        except FilterError as error:
            raise UsageError(f"--filter: {error}.") from None
        if job is None:
            told = [paragraphs([line], columns(), rest="    ") for line in lines(seen, passes)]
            say("\n".join(told), report(seen, passes), as_json=as_json)
            return
        found = [one for one in seen.jobs.values() if job in (one.id, one.market)]
        if not found:
            raise OperatorError(f"There is no job {job} now: 'opinion explain' tells what happened to a market.")
        failures = {one.id: await reader.failure(one.id) for one in found}
    told: list[str] = []
    for one in found:
        told += [f"{one.id} {job_words(one, seen.at)}", *failure_lines(failures[one.id])]
    say("\n".join(told), report(seen, lambda one: one in found, failures), as_json=as_json)
