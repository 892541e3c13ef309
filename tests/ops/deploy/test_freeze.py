"""Windows in which nothing is deployed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.deploy.freeze import Weekly, frozen_until, parse_window
from ops.errors import UsageError

WEEKEND = parse_window("Fri 16:00/Mon 08:00")
HOLIDAYS = parse_window("2026-12-20T00:00/2027-01-04T08:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-27T15:59", None),  # a Friday
        ("2026-11-27T16:00", "2026-11-30T08:00"),
        ("2026-11-29T23:59", "2026-11-30T08:00"),
        ("2026-11-30T07:59", "2026-11-30T08:00"),
        ("2026-11-30T08:00", None),
        ("2026-12-25T17:00", "2027-01-04T08:00"),
        ("2027-01-04T08:00", None),
    ],
)
def test_it_is_told_until_when(now: str, until: str | None) -> None:
    assert frozen_until([WEEKEND, HOLIDAYS], at(now)) == (None if until is None else at(until))


def test_a_window_in_another_zone_is_the_same_moments() -> None:
    there = parse_window("2026-12-20T02:00+02:00/2027-01-04T10:00+02:00")
    assert there == HOLIDAYS


@pytest.mark.parametrize(
    "text",
    ["", "/", "Fri 16:00", "Fri 16:00/Fri 16:00", "Fry 16:00/Mon 08:00", "Fri 24:00/Mon 08:00", "Fri 16:60/Mon 08:00",
     "2027-01-01/2026-01-01", "2026-12-20/Mon 08:00", "now/never"],
)  # fmt: skip
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no window"):
        parse_window(text)


minutes = st.integers(0, 7 * 24 * 60 - 1)


@given(since=minutes, until=minutes, now=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
def test_a_week_is_frozen_just_as_long_as_its_window(since: int, until: int, now: datetime) -> None:
    """By another way of counting: the minutes from the window's beginning, modulo a week."""
    if since == until:
        return
    now = now.replace(second=0, microsecond=0, tzinfo=UTC)
    window = Weekly(timedelta(minutes=since), timedelta(minutes=until))
    of_week = (now.weekday() * 24 + now.hour) * 60 + now.minute
    gone, length = (of_week - since) % 10_080, (until - since) % 10_080
    expected = now + timedelta(minutes=length - gone) if gone < length else None
    assert window.ends(now) == expected
