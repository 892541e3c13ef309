"""What was seen in one run of a runbook, as Markdown; pure."""

from collections.abc import Iterator

from ops.explanation import utc
from ops.markdown import Document, quoted, section
from ops.runbooks.book import Runbook
from ops.runbooks.hands import left_of
from store.runbooks import Followed, Mark, Means


def document(book: Runbook, run: Followed) -> Document:
    """Return the record of the run, under way or ended, each mark at its step."""
    return Document(
        title=f"Run {run.run.id} of {book.name}",
        text="\n".join(_lines(book, run)) + "\n",
        file_name=f"run-{run.run.id}-of-{book.name}.md",
    )


def _lines(book: Runbook, followed: Followed) -> Iterator[str]:
    run = followed.run
    yield f"# Run {run.id} of {book.name}\n"
    yield f"{book.title}. Started {utc(run.started_at)} by {quoted(run.started_by)}."
    if run.ended_at is None:
        yield "It is under way."
    else:
        yield f"It was {run.outcome} {utc(run.ended_at)} by {quoted(run.ended_by or '')}: {quoted(run.note or '')}."
    if run.digest != book.digest:
        yield "The text of the runbook was changed since it began."
    for number, step in enumerate(book.steps, 1):
        marks = [mark for mark in followed.marks if mark.step == step.name]
        yield from section(f"{number}. {step.title}", map(_mark, marks), "Nothing was said.")
    known = {step.name for step in book.steps}
    gone = [f"{quoted(mark.step)} {_mark(mark)}" for mark in followed.marks if mark.step not in known]
    if gone:
        yield from section("Steps that the text does not have any more", gone, "")
    left = [f"{step.title}" for step in book.steps if step.name in left_of(book, followed)]
    yield from section("Left", left, "Nothing.")


def _mark(mark: Mark) -> str:
    means = ", by its check" if mark.means is Means.CHECK else ""
    return f"{utc(mark.at)} **{mark.state or 'note'}**{means}, {quoted(mark.actor)}: {quoted(mark.words)}"
