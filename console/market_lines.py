"""What the screen of one market paints: its timeline, its opinions, and text folded to the screen; pure."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from chain.units import usdc
from console.text import safe
from console.widgets.table import Column
from ops.explanation import Event
from ops.market_detail import ShownOpinion

SECTIONS = ("settlement", "opinions", "analysis", "draw")


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the timeline, by its number."""

    number: int
    event: Event


def timeline(events: Iterable[Event]) -> dict[str, Line]:
    """Return a line for each event by its number."""
    return {f"{number}": Line(number, event) for number, event in enumerate(events)}


EVENTS: tuple[Column[Line], ...] = (
    Column("day", "day", 5, lambda line: f"{line.event.at.astimezone(UTC):%m-%d}", lambda line: line.number, drop=1),
    Column("time", "UTC", 8, lambda line: f"{line.event.at.astimezone(UTC):%H:%M:%S}", lambda line: line.number),
    Column(
        "words",
        "what happened",
        40,
        lambda line: line.event.words,
        lambda line: line.number,
        lambda line: "table--bad" if line.event.wrong else "",
        flex=1,
    ),
)


def event_text(line: Line) -> str:
    """Return the event in full, with its whole signature."""
    event = line.event
    words = [f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", event.words]
    return "\n".join(safe(one) for one in (*words, *([event.signature] if event.signature else [])))


def _mark(one: ShownOpinion) -> str:
    return "WON" if one.won else ("! " + ",".join(one.flags) if one.flags else "")


def _mark_style(one: ShownOpinion) -> str:
    return "table--good" if one.won else ("table--bad" if one.flags else "")


def _text(one: ShownOpinion) -> str:
    return one.text if one.text is not None else f"(no text: {one.why or 'it cannot be had'})"


def _score(one: ShownOpinion) -> str:
    return "-" if one.score is None else str(one.score)


def _score_order(one: ShownOpinion) -> int:
    return -1 if one.score is None else one.score


OPINIONS: tuple[Column[ShownOpinion], ...] = (
    Column("mark", "", 5, _mark, lambda one: (not one.won, not one.flags), _mark_style),
    Column("stake", "stake", 8, lambda one: usdc(one.stake), lambda one: (-one.stake, one.staker), right=True),
    Column("odds", "odds", 7, lambda one: f"{float(one.odds):.2%}", lambda one: (-one.stake, one.staker), right=True),
    Column("score", "score", 6, _score, _score_order, right=True),
    Column("staker", "staker", 8, lambda one: one.staker, lambda one: one.staker, drop=1),
    Column("text", "opinion", 30, _text, _text, lambda one: "" if one.text is not None else "table--muted", flex=1),
)


def opinion_text(one: ShownOpinion) -> str:
    """Return the opinion in full."""
    score = "not scored" if one.score is None else f"score {one.score}"
    lines = [one.staker, f"{usdc(one.stake)}, odds {float(one.odds):.2%}, {score}"]
    if one.start is not None:
        lines.append(f"covers {one.start:,} to {one.start + one.stake - 1:,} of the pool")
    if one.flags:
        lines.append(f"! flagged: {', '.join(one.flags)}")
    if one.won:
        lines.append("WON")
    return "\n".join(safe(line) for line in (*lines, "", _text(one)))


def folded(lines: Iterable[str], width: int) -> str:
    """Return the lines folded to the width, what goes on indented."""
    found: list[str] = []
    for line in lines:
        found += textwrap.wrap(safe(line), max(width, 20), subsequent_indent="    ") or [""]
    return "\n".join(found)
