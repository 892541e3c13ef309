"""The value behind an alert over time: pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.clients.labels import Labels
from monitoring.clients.prometheus import Series

POINTS = 60
"""As many as a narrow terminal has room for beside their name."""
_SHORTEST, _LONGEST = timedelta(minutes=10), timedelta(days=1)
_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_LOGIC = re.compile(r"\b(and|or|unless)\b", re.IGNORECASE)
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class History:
    """Values at equal steps; None where there was none. `threshold` is what they are compared with, if it is known."""

    start: datetime
    step: timedelta
    values: tuple[float | None, ...]
    threshold: str | None

    @property
    def last(self) -> float | None:
        """The newest value."""
        return next((value for value in reversed(self.values) if value is not None), None)


def span_of(since: datetime, now: datetime) -> timedelta:
    """Return how far to look back: twice the alert's age, within ten minutes and a day."""
    return min(max((now - since) * 2, _SHORTEST), _LONGEST)


def watched(expression: str) -> tuple[str, str | None]:
    """Return what a rule compares with a number, and the comparison; the whole expression where it is not so simple.

    An alert's own expression has values only while it holds, which hides how it came to that.
    """
    bare = _outermost(expression)
    if _LOGIC.search(bare):
        return expression, None
    for place in reversed(range(len(bare))):
        sign = next((sign for sign in _COMPARISONS if bare.startswith(sign, place)), None)
        if sign is None or (place and bare[place - 1] in "=!<>"):
            continue
        left, right = expression[:place].strip(), expression[place + len(sign) :].strip()
        if left and _NUMBER.fullmatch(right):
            return left, f"{sign} {right}"
        break
    return expression, None


def history_of(
    labels: Labels, found: Sequence[Series], start: datetime, step: timedelta, threshold: str | None
) -> History:
    """Return the series that the alert of these labels comes from: the one that shares most with it."""
    fitting = [one for one in found if one.labels.without("__name__").within(labels)]
    best = max(fitting, key=lambda one: len(one.labels.pairs), default=None)
    values: list[float | None] = [None] * (POINTS + 1)
    points: Mapping[datetime, float] = {} if best is None else best.points
    for at, value in points.items():
        place = round((at - start) / step)
        if 0 <= place < len(values) and value == value:
            values[place] = value
    return History(start, step, tuple(values), threshold)


def _outermost(expression: str) -> str:
    """Return the expression with spaces for all that stands in brackets or quotes."""
    return "".join(_bared(expression))


def _bared(expression: str) -> Iterator[str]:
    depth, quote, escaped = 0, "", False
    for letter in expression:
        if quote:
            # In backticks nothing is escaped.
            ends = letter == quote and not escaped
            escaped = letter == "\\" and not escaped and quote != "`"
            quote = "" if ends else quote
            yield " "
        elif letter in "'\"`":
            quote = letter
            yield " "
        elif letter in _OPENS:
            depth += 1
            yield " "
        elif letter in _CLOSES:
            depth -= 1
            yield " "
        else:
            yield " " if depth else letter
