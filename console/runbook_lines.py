"""What the screen of runbooks paints: a line for each, a line for each step, and a step in full; pure."""

from console.text import safe
from console.widgets.table import Column
from ops.runbooks.book import Runbook
from ops.runbooks.checks import State
from ops.runbooks.following import ShownRunbook, ShownStep, check_words, run_in_short, run_words, step_lines

_SIGNS = {State.DONE: "ok", State.FAILING: "!! fails", State.UNKNOWN: "? unknown"}
_STYLES = {State.DONE: "table--good", State.FAILING: "table--bad", State.UNKNOWN: "table--warning"}
_MARKS = {"done": "[x] done", "failing": "[!] fails", "skipped": "[-] skipped"}


def _urgency(shown: ShownRunbook) -> tuple[bool, int, str]:
    """Those under way first, then those whose checks fail most."""
    return shown.open_run is None, -shown.failing, shown.book.name


def _run_style(shown: ShownRunbook) -> str:
    return "table--warning" if shown.open_run is not None else ""


def _checks_style(shown: ShownRunbook) -> str:
    if shown.failing:
        return "table--bad"
    return "table--warning" if shown.unknown else "table--good"


BOOKS: tuple[Column[ShownRunbook], ...] = (
    Column("name", "runbook", 18, lambda shown: shown.book.name, _urgency),
    Column("checks", "checks", 20, check_words, lambda shown: -shown.failing, _checks_style),
    Column("run", "last gone through", 28, run_in_short, run_in_short, _run_style, flex=1),
    Column("whose", "for", 15, lambda shown: shown.book.whose, lambda shown: shown.book.whose, drop=2),
)


def check_sign(shown: ShownStep) -> str:
    """Return what the step's live check finds, in a word with a sign."""
    return "" if shown.checked is None else _SIGNS[shown.checked.state]


def _check_style(shown: ShownStep) -> str:
    return "" if shown.checked is None else _STYLES[shown.checked.state]


def mark_sign(shown: ShownStep) -> str:
    """Return what was said of the step in this run."""
    return "[ ]" if shown.mark is None else _MARKS.get(shown.mark.state or "", shown.mark.state or "")


STEPS: tuple[Column[ShownStep], ...] = (
    Column("number", "", 2, lambda shown: f"{shown.number}", lambda shown: shown.number, right=True),
    Column("mark", "seen", 11, mark_sign, lambda shown: shown.number),
    Column("check", "check", 9, check_sign, lambda shown: shown.number, _check_style),
    Column("title", "step", 30, lambda shown: shown.step.title, lambda shown: shown.number, flex=1),
)


def head(shown: ShownRunbook) -> str:
    """Return the runbook's title, and where its run stands."""
    lines = [f"{shown.book.title} (for {shown.book.whose}): {run_words(shown)}."]
    if shown.rewritten:
        lines.append("Its text was changed since this run began: end it and start another, or read each step anew.")
    return "\n".join(safe(line) for line in lines)


def about(book: Runbook) -> str:
    """Return what one sees when it is wanted, and what is at risk, with an empty line after it."""
    return "".join(f"{safe(words)}\n" for words in book.words) + "\n"


def detail(shown: ShownStep) -> str:
    """Return a step in full."""
    return "\n".join(safe(line) for line in step_lines(shown))
