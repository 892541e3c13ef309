"""What a person does in the run of a runbook that is under way, for those who do it without a screen."""

from collections.abc import Sequence

from ops.errors import OperatorError, UsageError
from ops.runbooks.book import Runbook, Step
from ops.runbooks.checks import State
from store import runbooks
from store.database import Database
from store.runbooks import Followed, Means, Outcome

SKIPPED = "skipped"
STATES = (State.DONE.value, State.FAILING.value, SKIPPED)
"""What a person may say of a step."""


async def mark(db: Database, book: Runbook, step: Step, state: str, words: str, actor: str) -> None:
    """Say how a step is. Raises UsageError, OperatorError where no run is under way, RunMoved, StoreError."""
    if state not in STATES:
        raise UsageError(f"a step cannot be {state!r}: it can be {', '.join(STATES)}")
    if state != State.DONE and not words:
        raise UsageError(f"say why the step is {state}")
    run = await _under_way(db, book)
    seen = run.newest(step.name)
    await runbooks.mark(
        db,
        run.run.id,
        step.name,
        means=Means.HAND,
        state=state,
        words=words,
        actor=actor,
        seen=None if seen is None else seen.id,
    )


async def note(db: Database, book: Runbook, step: Step, words: str, actor: str) -> None:
    """Write a note to a step. Raises UsageError, OperatorError where no run is under way, RunMoved, StoreError."""
    if not words:
        raise UsageError("a note needs words")
    run = await _under_way(db, book)
    await runbooks.note(db, run.run.id, step.name, words, actor)


async def end(db: Database, book: Runbook, words: str, actor: str) -> Outcome:
    """End the run. Raises OperatorError where none is under way, RunMoved, StoreError."""
    run = await _under_way(db, book)
    left = left_of(book, run)
    outcome = Outcome.ABANDONED if left else Outcome.FINISHED
    await runbooks.end(db, run.run.id, outcome, words, left, actor)
    return outcome


def left_of(book: Runbook, run: Followed | None) -> Sequence[str]:
    """Return the steps that nobody looked at, or that fail, by their names."""
    marks = {step.name: None if run is None else run.newest(step.name) for step in book.steps}
    return [name for name, said in marks.items() if said is None or said.state == State.FAILING]


async def _under_way(db: Database, book: Runbook) -> Followed:
    run = (await runbooks.newest(db)).get(book.name)
    if run is None or run.run.ended_at is not None:
        raise OperatorError(f"no run of {book.name} is under way: start one with 'opinion runbook start {book.name}'")
    return run
