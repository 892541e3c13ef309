"""What the Audit screen shows of an act and of the log's chain; pure."""

import json
from collections.abc import Iterator
from datetime import datetime

from console import clock
from console.text import safe
from console.widgets.table import Column
from store.audit_log import ChainState, Entry, Whole

_OLD_DAYS = 300
_STEP = 5
"""Per cent: the line is painted, and sent, seldom."""


def time_words(at: datetime, now: datetime) -> str:
    """Return the time of today, the day and time of this year, or the date; UTC."""
    if at.date() == now.date():
        return f"{at:%H:%M:%S}"
    return f"{at:%m-%d %H:%M}" if abs((now - at).days) < _OLD_DAYS else f"{at:%Y-%m-%d}"


def _time(row: Entry) -> str:
    return time_words(row.at, clock.now())


def _number(row: Entry) -> int:
    return row.number


COLUMNS: tuple[Column[Entry], ...] = (
    Column("number", "number", 7, lambda row: f"{row.number}", _number, right=True, drop=1),
    Column("time", "time", 11, _time, _number, right=True),
    # Where they sat is told by the act itself.
    Column("who", "who", 11, lambda row: row.actor.partition(" (")[0], lambda row: (row.actor, row.number), flex=1),
    Column("act", "what", 9, lambda row: row.act, lambda row: (row.act, row.number)),
    Column("subject", "to what", 9, lambda row: row.subject, lambda row: (row.subject, row.number), flex=1),
    Column("details", "details", 13, lambda row: row.told(), lambda row: (row.told(), row.number), flex=2),
)


def line_of(row: Entry) -> str:
    """Return the act in one line, to be copied."""
    return safe(
        f"{row.number} {row.at:%Y-%m-%d %H:%M:%S} UTC {row.actor}: {row.act} {row.subject} {row.told()}".strip()
    )


def entry_lines(row: Entry, whole: Whole | None) -> Iterator[str]:
    """Yield the act whole; without its hashes where `whole` is not known."""
    yield f"{'number':<9} {row.number}"
    yield f"{'time':<9} {row.at:%Y-%m-%d %H:%M:%S.%f} UTC"
    yield f"{'who':<9} {row.actor} ({'a person' if row.by_person else 'the oracle'})"
    yield f"{'what':<9} {row.act}"
    yield f"{'to what':<9} {row.subject}"
    yield "details"
    yield from (f"  {line}" for line in _pretty(row.details))
    if whole is not None:
        yield f"{'hash':<9} {whole.hash_}"
        yield f"{'before it':<9} {whole.previous}"
        yield (
            "ok: the hash is that of this row" if whole.as_written else "BAD: this row was changed after it was written"
        )


def _pretty(details: str) -> list[str]:
    try:
        return json.dumps(json.loads(details), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        return [details]


def chain_line(state: ChainState) -> tuple[str, str]:
    """Return how far the log is known to be as it was written, and how bad that is: good, bad, or nothing."""
    if state.first_bad is not None:
        return f"BAD: {state.words}. Hold the oracle (H), keep the database as it is, compare it with a backup.", "bad"
    if state.whole_at is not None:
        return f"ok: {state.rows:,} rows, each as it was written, seen whole at {state.whole_at:%H:%M} UTC", "good"
    share = 100 * state.checked // max(state.rows, 1) // _STEP * _STEP
    return f"...: {share}% of {state.rows:,} rows are checked, each as it was written so far", ""
