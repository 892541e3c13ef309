"""When nothing is deployed: days that were agreed on, and the same hours of every week. Pure; all times are UTC.

A window is `2026-12-20T00:00/2027-01-04T08:00`, or of every week `Fri 16:00/Mon 08:00`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ops.errors import UsageError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"([A-Za-z]{3}) (\d{1,2}):(\d{2})")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Once:
    """From `since` until before `until`."""

    since: datetime
    until: datetime

    def ends(self, now: datetime) -> datetime | None:
        """When it will be over, None where it is not on."""
        return self.until if self.since <= now < self.until else None


@dataclass(frozen=True, slots=True)
class Weekly:
    """From one time of the week until before another, counted from Monday 00:00; it may go over Sunday."""

    since: timedelta
    until: timedelta

    def ends(self, now: datetime) -> datetime | None:
        """When it will be over, None where it is not on."""
        at = now.astimezone(UTC)
        monday = (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        length = (self.until - self.since) % _WEEK
        for week in (monday, monday - _WEEK):
            begin = week + self.since
            if begin <= at < begin + length:
                return begin + length
        return None


Window = Once | Weekly


def parse_window(text: str) -> Window:
    """The window that is meant. Raises UsageError."""
    begin, slash, end = (part.strip() for part in text.partition("/"))
    if slash:
        first, last = _of_week(begin), _of_week(end)
        if first is not None and last is not None and first != last:
            return Weekly(first, last)
        once = _moment(begin), _moment(end)
        if once[0] is not None and once[1] is not None and once[0] < once[1]:
            return Once(once[0], once[1])
    raise UsageError(f"{text!r} is no window: write 2026-12-20T00:00/2027-01-04T08:00, or Fri 16:00/Mon 08:00, in UTC.")


def frozen_until(windows: Iterable[Window], now: datetime) -> datetime | None:
    """When the last of the windows that are on now will be over, None where none is on."""
    ends = [end for window in windows if (end := window.ends(now)) is not None]
    return max(ends) if ends else None


def _of_week(text: str) -> timedelta | None:
    found = _WEEKLY.fullmatch(text)
    if found is None or found[1].lower() not in _DAYS or int(found[2]) > 23 or int(found[3]) > 59:
        return None
    return timedelta(days=_DAYS.index(found[1].lower()), hours=int(found[2]), minutes=int(found[3]))


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
