"""What the screen of runbooks may do to a run, each as a dialog that names it and the act behind it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from console.text import safe
from console.widgets.dialog import Answers, Ask, Deed
from ops.person import person
from ops.runbooks.book import Runbook
from ops.runbooks.checks import State
from ops.runbooks.following import ShownRunbook, ShownStep, run_words
from ops.runbooks.reading import RunbooksSeen
from ops.status import Part
from store import runbooks
from store.database import Database
from store.runbooks import Means, Outcome, Run

Act: TypeAlias = Callable[[Database, Answers], Awaitable[str]]
Asked: TypeAlias = Callable[[ShownRunbook, ShownStep | None], tuple[Deed, Act] | str]
"""What is asked of whoever sits there, or why it cannot be done."""
NOTHING_READ = RunbooksSeen(Part(None, "they were not read yet"), {})
_NO_RUN = "No run is under way: s starts one."
_NO_STEP = "No step is chosen: Enter opens the runbook."
_KEPT = "It is kept with your name and the time, and whoever goes on with the run sees it."


def found_in(book: Runbook) -> str:
    """Return what a filter looks through."""
    return " ".join((book.name, book.title, book.whose, *book.alerts, *book.words)).lower()


def starting(shown: ShownRunbook) -> tuple[Deed, Act] | str:
    """Start a run; where somebody else does so at the same time, both work on one."""
    if shown.open_run is not None:
        return f"It is {run_words(shown)}: go on with it, or end it with e."
    book = shown.book

    async def act(db: Database, _: Answers) -> str:
        run, new = await runbooks.start(db, book.name, book.digest, person())
        return "It is under way." if new else f"It is under way already, since {run.started_by} started it."

    means = ("Nothing is done by itself: you do each step and say what you saw.", _KEPT)
    return Deed(f"Start a run of {book.name}", means), act


def marking(state: str) -> Asked:
    """Say that the step is done, fails, or is skipped."""

    def asked(shown: ShownRunbook, step: ShownStep | None) -> tuple[Deed, Act] | str:
        found = _chosen(shown, step)
        if isinstance(found, str):
            return found
        run, step = found
        means = [f"Step {step.number} of {shown.book.name}: {step.step.title}."]
        if step.checked is not None:
            means.append(f"Its check says {step.checked.state}: {safe(step.checked.words)}.")
        if step.mark is not None:
            means.append(f"{step.mark.actor} marked it {step.mark.state} at {step.mark.at:%H:%M:%S} UTC.")
        seen = None if step.mark is None else step.mark.id

        async def act(db: Database, answers: Answers) -> str:
            words = answers["words"]
            await runbooks.mark(
                db, run.id, step.step.name, means=Means.HAND, state=state, words=words, actor=person(), seen=seen
            )
            return f"Step {step.number} is {state}."

        ask = Ask("words", "Why:", check=_given)
        if state == State.DONE:
            ask = Ask("words", "What you saw (may stay empty):")
        return Deed(f"Mark the step {state}", (*means, _KEPT), (ask,)), act

    return asked


def checking(shown: ShownRunbook, step: ShownStep | None) -> tuple[Deed, Act] | str:
    """Write down what the step's check finds now."""
    found = _chosen(shown, step)
    if isinstance(found, str):
        return found
    run, step = found
    checked = step.checked
    if checked is None:
        return "No machine can tell this step: d marks it done, f failing."
    if checked.state is State.UNKNOWN:
        return f"Its check cannot tell ({checked.words}): d marks it done, f failing."
    seen = None if step.mark is None else step.mark.id

    async def act(db: Database, _: Answers) -> str:
        words, state = checked.words, checked.state
        await runbooks.mark(
            db, run.id, step.step.name, means=Means.CHECK, state=state, words=words, actor=person(), seen=seen
        )
        return f"Step {step.number} is {state}, by its check."

    means = (
        f"Step {step.number}: {step.step.title}.",
        f"{checked.state}: {safe(checked.words.removesuffix('.'))}.",
        _KEPT,
    )
    return Deed("Write down what the check finds", means), act


def noting(shown: ShownRunbook, step: ShownStep | None) -> tuple[Deed, Act] | str:
    """Write a note to the step."""
    found = _chosen(shown, step)
    if isinstance(found, str):
        return found
    run, step = found

    async def act(db: Database, answers: Answers) -> str:
        await runbooks.note(db, run.id, step.step.name, answers["words"], person())
        return "It is written down."

    ask = Ask("words", "What you want to be remembered:", check=_given)
    return Deed(f"Write a note to step {step.number}, {step.step.title}", (_KEPT,), (ask,)), act


def ending(shown: ShownRunbook) -> tuple[Deed, Act] | str:
    """End the run; with steps left it is given up, and says which."""
    if shown.open_run is None:
        return _NO_RUN
    run, left = shown.open_run.run, shown.left
    outcome = Outcome.ABANDONED if left else Outcome.FINISHED

    async def act(db: Database, answers: Answers) -> str:
        await runbooks.end(db, run.id, outcome, answers["words"], left, person())
        return f"It is {outcome}."

    means = (
        f"Left are: {', '.join(left)}. So it counts as abandoned." if left else "Every step was looked at.",
        "It stands in the audit log.",
    )
    ask = Ask("words", "What came of it:", check=_given)
    return Deed(f"End the run of {shown.book.name}", means, (ask,)), act


def _chosen(shown: ShownRunbook, step: ShownStep | None) -> tuple[Run, ShownStep] | str:
    if shown.open_run is None:
        return _NO_RUN
    return _NO_STEP if step is None else (shown.open_run.run, step)


def _given(words: str) -> str | None:
    return None if words else "Some words are needed."
