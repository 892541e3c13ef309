"""Times as people write them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import UsageError
from ops.times import Span, parse_moment, parse_span

NOW = datetime(2026, 11, 24, 2, 30, 15, 500, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("now", NOW),
        ("2h", NOW - timedelta(hours=2)),
        (" 90s ", NOW - timedelta(seconds=90)),
        ("02:30", datetime(2026, 11, 24, 2, 30, tzinfo=UTC)),
        ("2:30:15", datetime(2026, 11, 24, 2, 30, 15, tzinfo=UTC)),
        ("02:31", datetime(2026, 11, 23, 2, 31, tzinfo=UTC)),
        ("23:00", datetime(2026, 11, 23, 23, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T02:00", datetime(2026, 11, 24, 2, tzinfo=UTC)),
        ("2026-11-24T02:00+01:00", datetime(2026, 11, 24, 1, tzinfo=UTC)),
        ("2026-11-24T02:00Z", datetime(2026, 11, 24, 2, tzinfo=UTC)),
    ],
)
def test_moments_are_ages_clocks_and_dates(words: str, meant: datetime) -> None:
    assert parse_moment(words, NOW) == meant


@pytest.mark.parametrize(
    "words", ["", "soon", "25:00", "12:60", "2h30m", "0h", "-2h", "1969-12-31", "9999-01-01T00:00"]
)
def test_what_is_no_time_says_what_would_be(words: str) -> None:
    with pytest.raises(UsageError, match="write"):
        parse_moment(words, NOW)


@given(st.text(max_size=30))
def test_no_words_do_worse_than_being_refused(words: str) -> None:
    with suppress(UsageError):
        assert parse_moment(words, NOW).tzinfo is UTC


@given(st.integers(0, 2**37), st.integers(-23 * 60, 23 * 60))
def test_a_moment_that_is_written_is_read(seconds: int, minutes: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert parse_moment(at.astimezone(timezone(timedelta(minutes=minutes))).isoformat(), NOW) == at


def test_a_span_begins_before_it_ends_and_is_not_endless() -> None:
    assert parse_span("2h", "1h", NOW) == Span(NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert parse_span("1h", "now", NOW).seconds == 3600
    with pytest.raises(UsageError, match="'1h' is not before '2h'"):
        parse_span("1h", "2h", NOW)
    with pytest.raises(UsageError, match="more than 31 days"):
        parse_span("32d", "now", NOW)
