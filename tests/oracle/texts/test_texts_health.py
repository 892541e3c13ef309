"""A broken source rests, twice as long each time and never over a minute, and comes back at its first success."""

import pytest

from oracle.texts.sources import Health, SourceFailed, Trouble

BROKEN = SourceFailed("broken", Trouble.BROKEN)
LOOKING = SourceFailed("without it")


class Clock:
    """The monotonic clock, moved by hand."""

    now = 1_000.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("oracle.texts.sources.time", clock)
    return clock


def test_rests_double_up_to_a_minute_and_end_with_a_success(clock: Clock) -> None:
    health = Health()
    for number in range(10):
        health.failed(BROKEN)
        rest = health.rests_until - clock.now
        assert min(2.0**number, 64) * 0.5 <= rest <= min(2.0**number, 60)
        assert health.resting()
        clock.now = health.rests_until
        assert not health.resting()

    health.succeeded()
    health.failed(BROKEN)
    assert health.rests_until - clock.now <= 1


def test_tries_under_way_together_count_once(clock: Clock) -> None:
    health = Health()
    for _ in range(32):
        health.failed(BROKEN)

    assert health.rests_until - clock.now <= 1


def test_texts_that_are_not_there_never_make_a_source_rest() -> None:
    health = Health()
    for _ in range(50):
        health.failed(LOOKING)

    assert not health.resting()


@pytest.mark.parametrize(("asked_s", "rests_s"), [(0.0, 1.0), (30.0, 30.0), (3_600.0, 60.0)])
def test_a_source_rests_as_long_as_it_asks_for_up_to_a_minute(clock: Clock, asked_s: float, rests_s: float) -> None:
    health = Health()
    health.failed(SourceFailed("is overloaded", Trouble.BROKEN, asked_s))

    assert rests_s * 0.5 <= health.rests_until - clock.now <= rests_s


def test_one_that_was_overtaken_is_late_for_a_minute_or_until_it_answers(clock: Clock) -> None:
    health = Health()
    health.overtaken()
    assert health.late()
    assert not health.resting()
    clock.now += 60
    assert not health.late()
    health.overtaken()
    health.succeeded()
    assert not health.late()
