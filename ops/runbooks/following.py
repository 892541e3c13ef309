"""A runbook as whoever goes through it sees it: each step with what its check finds, and what was said of it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ops.runbooks.book import Runbook, Step
from ops.runbooks.checks import Checked, State
from ops.runbooks.hands import left_of
from ops.runbooks.reading import RunbooksSeen
from store.runbooks import Followed, Mark, Means

COMMAND = "  $ "
"""What stands before a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One step. `mark` and `notes` are of the run under way, None and empty where there is none."""

    number: int
    step: Step
    checked: Checked | None
    mark: Mark | None
    notes: Sequence[Mark]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRunbook:
    """One runbook. `run` is its newest, under way or ended; `trouble` says why it cannot be read."""

    book: Runbook
    run: Followed | None
    trouble: str | None
    steps: Sequence[ShownStep]

    @property
    def open_run(self) -> Followed | None:
        """The run under way."""
        return self.run if self.run is not None and self.run.run.ended_at is None else None

    @property
    def failing(self) -> int:
        """How many live checks fail."""
        return self._checks(State.FAILING)

    @property
    def unknown(self) -> int:
        """How many live checks cannot tell."""
        return self._checks(State.UNKNOWN)

    def _checks(self, state: State) -> int:
        return sum(shown.checked is not None and shown.checked.state is state for shown in self.steps)

    @property
    def left(self) -> Sequence[str]:
        """The steps that nobody looked at in the run under way, or that fail, by their names."""
        return left_of(self.book, self.open_run)

    @property
    def rewritten(self) -> bool:
        """Whether the run under way began with another text of this runbook."""
        run = self.open_run
        return run is not None and run.run.digest != self.book.digest


def followed(book: Runbook, seen: RunbooksSeen) -> ShownRunbook:
    """Return the runbook beside what was read."""
    run = seen.run_of(book.name)
    current = run if run is not None and run.run.ended_at is None else None
    return ShownRunbook(
        book=book,
        run=run,
        trouble=seen.runs.why,
        steps=[
            ShownStep(
                number=number,
                step=step,
                checked=None if step.check is None else seen.checks.get(step.check),
                mark=None if current is None else current.newest(step.name),
                notes=()
                if current is None
                else tuple(mark for mark in current.marks if mark.step == step.name and mark.state is None),
            )
            for number, step in enumerate(book.steps, 1)
        ],
    )


def run_words(shown: ShownRunbook) -> str:
    """Return where its newest run stands, in a sentence without its period."""
    if shown.trouble is not None:
        return f"its runs cannot be read: {shown.trouble}"
    if shown.run is None:
        return "nobody went through it yet"
    run = shown.run.run
    if run.ended_at is None:
        done = len(shown.steps) - len(shown.left)
        return f"under way since {run.started_at:%Y-%m-%d %H:%M} UTC, by {run.started_by}: {done} of {len(shown.steps)}"
    return f"{run.outcome} {run.ended_at:%Y-%m-%d %H:%M} UTC, by {run.ended_by}"


def run_in_short(shown: ShownRunbook) -> str:
    """Return the same for a column: how it stands, when (UTC), who."""
    if shown.trouble is not None:
        return "not known"
    if shown.run is None:
        return "never"
    run = shown.run.run
    if run.ended_at is None:
        done = f"{len(shown.steps) - len(shown.left)}/{len(shown.steps)}"
        return f"open {done} {run.started_at:%m-%d %H:%M} {run.started_by}"
    return f"{run.outcome} {run.ended_at:%m-%d %H:%M} {run.ended_by}"


def check_words(shown: ShownRunbook) -> str:
    """Return how its live checks stand."""
    told = [f"{shown.failing} failing"] if shown.failing else []
    told += [f"{shown.unknown} unknown"] if shown.unknown else []
    count = sum(one.checked is not None for one in shown.steps)
    return ", ".join(told) or (f"{count} ok" if count else "none")


def lines(shown: ShownRunbook) -> Iterator[str]:
    """Yield the runbook as plain lines: what it is about, its run, and each step in full."""
    yield f"{shown.book.title} (for {shown.book.whose}): {run_words(shown)}."
    yield from shown.book.words
    for one in shown.steps:
        yield ""
        yield from step_lines(one)


def step_lines(shown: ShownStep) -> Iterator[str]:
    """Yield a step in full: words, commands, what its check finds, what was said."""
    yield f"{shown.number}. {shown.step.title}"
    if shown.checked is not None:
        yield f"check {shown.step.check}: {shown.checked.state}, {shown.checked.words}"
    yield from shown.step.words
    for command in shown.step.commands:
        yield f"{COMMAND}{command}"
    for mark in (*([shown.mark] if shown.mark is not None else []), *shown.notes):
        what = "note" if mark.state is None else mark.state
        means = ", by its check" if mark.means is Means.CHECK else ""
        yield f"{mark.at:%H:%M:%S} UTC {what}{means}, {mark.actor}{f': {mark.words}' if mark.words else ''}"


def report(shown: ShownRunbook) -> dict[str, Any]:
    """Return the runbook as a JSON object."""
    run = shown.open_run
    return {
        "name": shown.book.name,
        "title": shown.book.title,
        "for": shown.book.whose,
        "alerts": shown.book.alerts,
        "words": shown.book.words,
        "run": run_words(shown),
        "number": None if run is None else run.run.id,
        "steps": [_step_report(one) for one in shown.steps],
    }


def _step_report(shown: ShownStep) -> dict[str, Any]:
    marks = (*([shown.mark] if shown.mark is not None else []), *shown.notes)
    return {
        "number": shown.number,
        **asdict(shown.step),
        "found": None if shown.checked is None else asdict(shown.checked),
        "marks": [asdict(mark) | {"at": mark.at.isoformat()} for mark in marks],
    }
