"""Times as people write them: `14:30`, `2026-11-24T02:00`, or how long ago, `2h`; pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ops.amounts import parse_duration
from ops.errors import UsageError

LONGEST = timedelta(days=31)
NOW = "now"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_AGE = re.compile(r"\d+[smhd]")
_YEARS = range(1970, 9000)


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until before `until`, UTC."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.until - self.since).total_seconds()


def parse_moment(text: str, now: datetime) -> datetime:
    """Return the moment that is meant, UTC: `now`, an age, the last time that the clock showed so, or a date with a
    time or without, which is UTC where it names no other zone. Raises UsageError."""
    words = text.strip()
    if words == NOW:
        return now
    if _AGE.fullmatch(words):
        return now - timedelta(seconds=parse_duration(words))
    if (clock := _CLOCK.fullmatch(words)) is not None:
        return _last(clock, words, now)
    try:
        found = datetime.fromisoformat(words)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_time(text) from None
    if found.year not in _YEARS:
        raise _no_time(text)
    return found


def parse_span(since: str, until: str, now: datetime) -> Span:
    """Return the time between two moments as `parse_moment` reads them. Raises UsageError."""
    begin, end = parse_moment(since, now), parse_moment(until, now)
    if begin >= end:
        raise UsageError(f"{since!r} is not before {until!r}: give the earlier time first.")
    if end - begin > LONGEST:
        raise UsageError(f"That is more than {LONGEST.days} days: give times that lie closer together.")
    return Span(begin, end)


def _last(clock: re.Match[str], words: str, now: datetime) -> datetime:
    hour, minute, second = (int(part or 0) for part in clock.groups())
    try:
        found = now.astimezone(UTC).replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        raise _no_time(words) from None
    return found if found <= now else found - timedelta(days=1)


def _no_time(text: str) -> UsageError:
    return UsageError(f"{text!r} is no time: write 2h, 14:30 or 2026-11-24T02:00 (UTC).")
