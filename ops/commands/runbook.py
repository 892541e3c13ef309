"""`opinion runbook`: what to do when something is wrong, and every day; with live checks, and a record of each run."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands._run import run

if TYPE_CHECKING:
    from ops.runbooks.reading import RunbooksSeen

runbook = typer.Typer(no_args_is_help=True, help="Read runbooks, run their checks, and keep what was seen.")

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Name = Annotated[str, typer.Argument(help="A runbook; the beginning of its name will do.")]
StepName = Annotated[str, typer.Argument(help="A step, by its number.")]
FAILING = 3


@runbook.command("list")
def list_runbooks(json: JsonFlag = False) -> None:
    """List every runbook, with how its checks stand and who went through it last."""
    from ops.report import say
    from ops.runbooks.book import runbooks
    from ops.runbooks.following import check_words, followed, run_words

    seen = run(_read())
    shown = [followed(book, seen) for book in runbooks().values()]
    lines = [f"{one.book.name:<18} {check_words(one):<22} {run_words(one)}" for one in shown]
    told = [{"name": one.book.name, "failing": one.failing, "run": run_words(one)} for one in shown]
    say("\n".join(lines), {"runbooks": told}, as_json=json)


@runbook.command()
def show(name: Name, json: JsonFlag = False) -> None:
    """Print a runbook with what its checks find and what was said in the run under way."""
    from ops.report import say
    from ops.runbooks.book import runbook as book_of
    from ops.runbooks.following import COMMAND, followed, lines, report
    from ops.terminal import columns, paragraphs

    book = book_of(name)
    shown = followed(book, run(_read()))
    # A command stays whole, to be copied.
    told = (line if line.startswith(COMMAND) else paragraphs([line], columns()) for line in lines(shown))
    say("\n".join(told), report(shown), as_json=json)


@runbook.command()
def seen(
    name: Name, number: Annotated[int | None, typer.Option("--run", help="Another run than the newest.")] = None
) -> None:
    """Print what was seen in the newest run, under way or ended, as Markdown."""
    from ops.errors import OperatorError
    from ops.runbooks.book import runbook as book_of
    from ops.runbooks.record import document
    from ops.settlements import opened
    from settings import read_settings
    from store import runbooks

    book = book_of(name)

    async def act() -> None:
        async with opened(read_settings()) as db:
            newest = (await runbooks.newest(db)).get(book.name)
            found = newest if number is None else await runbooks.followed(db, number)
        if found is None or found.run.runbook != book.name:
            raise OperatorError(
                f"nobody went through {book.name} yet" if newest is None else f"{book.name} has no run {number}"
            )
        print(document(book, found).text, end="")

    run(act())


@runbook.command()
def check(name: Name, json: JsonFlag = False) -> None:
    """Run the live checks of a runbook; exit code 3 where one fails."""
    from dataclasses import asdict

    from ops.report import say
    from ops.runbooks.book import runbook as book_of
    from ops.runbooks.following import followed

    shown = followed(book_of(name), run(_read()))
    found = [(one, one.checked) for one in shown.steps if one.checked is not None]
    words = "\n".join(f"{checked.state:<8} {one.number}. {one.step.title}: {checked.words}" for one, checked in found)
    checks = {one.step.name: asdict(checked) for one, checked in found}
    say(words, {"ok": not shown.failing, "checks": checks}, as_json=json)
    if shown.failing:
        raise typer.Exit(FAILING)


@runbook.command()
def start(name: Name) -> None:
    """Start a run, or say who goes through it already."""
    from ops.person import person
    from ops.runbooks.book import runbook as book_of
    from ops.settlements import opened
    from settings import read_settings
    from store import runbooks

    book = book_of(name)

    async def act() -> None:
        async with opened(read_settings()) as db:
            begun, new = await runbooks.start(db, book.name, book.digest, person())
        print(f"{book.name} is under way{'' if new else ' already'}, since {begun.started_by} started it.")

    run(act())


@runbook.command()
def mark(
    name: Name,
    step: StepName,
    state: Annotated[str, typer.Argument(help="done, failing or skipped.")],
    words: Annotated[str, typer.Argument(help="What was seen, or why.")] = "",
) -> None:
    """Say in the run under way how a step is."""
    from ops.person import person
    from ops.runbooks.book import runbook as book_of
    from ops.runbooks.hands import mark as act_on
    from ops.settlements import opened
    from settings import read_settings

    book = book_of(name)
    found = book.step(step)

    async def act() -> None:
        async with opened(read_settings()) as db:
            await act_on(db, book, found, state, words, person())
        print(f"{found.title}: {state}.")

    run(act())


@runbook.command()
def note(name: Name, step: StepName, words: Annotated[str, typer.Argument(help="What to remember.")]) -> None:
    """Write a note to a step in the run under way; the step stays as it is."""
    from ops.person import person
    from ops.runbooks.book import runbook as book_of
    from ops.runbooks.hands import note as act_on
    from ops.settlements import opened
    from settings import read_settings

    book = book_of(name)
    found = book.step(step)

    async def act() -> None:
        async with opened(read_settings()) as db:
            await act_on(db, book, found, words, person())
        print("It is written down.")

    run(act())


@runbook.command()
def end(name: Name, words: Annotated[str, typer.Argument(help="What came of it.")]) -> None:
    """End the run under way; where steps are left it counts as abandoned."""
    from ops.person import person
    from ops.runbooks.book import runbook as book_of
    from ops.runbooks.hands import end as act_on
    from ops.settlements import opened
    from settings import read_settings

    book = book_of(name)

    async def act() -> None:
        async with opened(read_settings()) as db:
            outcome = await act_on(db, book, words, person())
        print(f"The run of {book.name} is {outcome}.")

    run(act())


async def _read() -> "RunbooksSeen":
    from contextlib import AsyncExitStack

    from ops.runbooks.reading import read
    from ops.settlements import opened
    from ops.status import Reader
    from settings import read_settings
    from store.audit_log import Chain

    settings = read_settings()
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(Reader(settings))
        return await read(settings, reader.read, lambda: stack.enter_async_context(opened(settings)), Chain())
