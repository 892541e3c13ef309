"""The lines of the Alerts screen, its sparkline, and what rings: pure."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.alarm import Heard, alarm_words, heed, notification
from console.alert_lines import detail, lines_of, text_of
from console.sparkline import sparkline
from monitoring.clients.alertmanager import Matcher, Place, Silence, SilenceState
from monitoring.clients.labels import Labels
from ops.alerts.history import History
from ops.alerts.seen import AlertsSeen, Group, Severity, ShownAlert, Standing, State

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NONE: Heard = frozenset()


def shown(name: str = "OracleDown", state: State = State.FIRING, **labels: str) -> ShownAlert:
    return ShownAlert(
        labels=Labels.of({"alertname": name, **labels}), annotations=Labels.of({"summary": f"{name} it is."}),
        severity=Severity.CRITICAL, state=state, since=BEGAN + timedelta(minutes=1), value=None, expression=None,
        silenced_by=(), inhibited_by=("OracleDown",) if state is State.INHIBITED else (), receivers=(), servers=(),
        is_sent=True,
    )  # fmt: skip


def seen(*alerts: ShownAlert, complete: bool = True) -> AlertsSeen:
    names = dict.fromkeys(alert.name for alert in alerts)
    groups = tuple(Group(name, tuple(one for one in alerts if one.name == name)) for name in names)
    return AlertsSeen(
        at=BEGAN, standing=Standing.FIRING, groups=groups, watchdogs=(), silences=(), troubles=(), is_complete=complete
    )


# What rings.


def test_a_new_critical_rings_once_for_as_long_as_it_lasts() -> None:
    heard, news = heed(NONE, seen(shown()), BEGAN)
    assert [one.name for one in news] == ["OracleDown"]
    for state in (State.FIRING, State.SILENCED, State.FIRING):
        heard, news = heed(heard, seen(shown(state=state)), BEGAN)
        assert news == ()
    heard, news = heed(heard, seen(), BEGAN)
    assert (heard, news) == (NONE, ())
    again = replace(shown(), since=BEGAN + timedelta(hours=1))
    assert heed(heard, seen(again), BEGAN)[1] == (again,), "another episode"


def test_what_fired_before_the_console_began_is_seen_and_not_heard() -> None:
    assert heed(NONE, seen(replace(shown(), since=BEGAN - timedelta(seconds=1))), BEGAN) == (NONE, ())


@pytest.mark.parametrize(
    "quiet",
    [
        replace(shown(), severity=Severity.WARNING),
        shown(state=State.PENDING),
        shown(state=State.SILENCED),
        shown(state=State.INHIBITED),
    ],
)
def test_nothing_else_rings(quiet: ShownAlert) -> None:
    assert heed(NONE, seen(quiet), BEGAN) == (NONE, ())


def test_a_critical_that_was_silenced_rings_once_people_are_told_of_it() -> None:
    heard, _ = heed(NONE, seen(shown(state=State.SILENCED)), BEGAN)
    assert heed(heard, seen(shown()), BEGAN)[1] == (shown(),)


def test_a_server_that_goes_away_and_comes_back_does_not_ring_again() -> None:
    heard, _ = heed(NONE, seen(shown(site="here")), BEGAN)
    heard, news = heed(heard, seen(complete=False), BEGAN)
    assert news == ()
    heard, news = heed(heard, seen(shown(), complete=False), BEGAN)
    assert news == (), "Prometheus knows it without the labels that it adds for Alertmanager"
    assert heed(heard, seen(shown(site="here")), BEGAN)[1] == ()


def test_two_at_once_ring_as_one() -> None:
    _, news = heed(NONE, seen(shown(), shown("DatabaseFull")), BEGAN)
    assert alarm_words(news) == "CRITICAL (and 1 more): OracleDown: OracleDown it is."


@given(st.text())
def test_a_notification_holds_nothing_that_a_terminal_obeys(summary: str) -> None:
    words = alarm_words([replace(shown(), annotations=Labels.of({"summary": summary}))])
    assert not any(unicodedata.category(letter) in ("Cc", "Cf") for letter in words)
    assert notification(words, {"TERM": "xterm"}) == f"\x1b]9;{words}\x07"


def test_a_notification_goes_through_tmux_and_screen_and_not_to_the_deaf() -> None:
    assert notification("a", {"TERM": "tmux-256color", "TMUX": "/tmp/x"}) == "\x1bPtmux;\x1b\x1b]9;a\x07\x1b\\"  # noqa: S108
    assert notification("a", {"TERM": "screen.xterm"}) == "\x1bP\x1b]9;a\x07\x1b\\"
    assert notification("a", {"TERM": "linux"}) == ""


# The lines.


def test_alerts_of_one_name_are_one_line_until_it_is_opened() -> None:
    found = seen(shown(instance="a"), shown(instance="b", state=State.SILENCED), shown("Other"))
    folded = lines_of(found, None, suppressed=True, unfolded=frozenset())
    assert [line.name for line in folded.values()] == ["> OracleDown (2)", "Other"]
    assert folded["group OracleDown"].words == "1 firing, 1 silenced"
    opened = lines_of(found, None, suppressed=True, unfolded=frozenset({"OracleDown"}))
    assert [line.name for line in opened.values()] == ["v OracleDown (2)", "  a", "  b", "Other"]
    assert sorted(line.place for line in opened.values()) == [line.place for line in opened.values()]
    alone = lines_of(found, None, suppressed=False, unfolded=frozenset())
    assert [line.name for line in alone.values()] == ["OracleDown", "Other"], "what is silenced is not shown"
    matching = lines_of(found, lambda alert: "instance=b" in text_of(alert), suppressed=True, unfolded=frozenset())
    assert [line.alert.labels.get("instance") for line in matching.values() if line.alert] == ["b"]


def test_a_line_says_first_why_nobody_is_told() -> None:
    [line] = lines_of(seen(shown("Queue", State.INHIBITED)), None, suppressed=True, unfolded=frozenset()).values()
    assert (line.words, line.style) == ("while OracleDown fires; Queue it is.", "table--muted")


def test_the_detail_has_everything_and_steers_nothing() -> None:
    kept = Silence(
        places=(Place("one", "s1"),), matchers=(Matcher("alertname", "OracleDown"),), starts_at=BEGAN,
        ends_at=BEGAN + timedelta(hours=2), created_by="alice", comment="an \x1b[31mupgrade", state=SilenceState.ACTIVE,
    )  # fmt: skip
    alert = replace(
        shown(instance="a"), state=State.SILENCED, silenced_by=(kept,), value=3.0, expression="x > 2",
        receivers=("page",), servers=("one", "two"),
    )  # fmt: skip
    history = History(BEGAN, timedelta(seconds=10), (None, 1.0, 2.0, 3.0), "> 2")
    text = detail(alert, history, None, BEGAN + timedelta(minutes=3))
    assert "\x1b" not in text
    assert "!! CRIT OracleDown, silenced since 2026-11-24 03:01:00 UTC (2m)" in text
    assert (
        'until 2026-11-24 05:00 UTC by alice: an \N{REPLACEMENT CHARACTER}[31mupgrade [alertname="OracleDown"]' in text
    )
    assert "·▁▅█ 3, fires > 2" in text
    assert "1 to 3" in text
    for words in ("summary", "x > 2", "instance=a", "page", "one, two"):
        assert words in text
    assert "value       3 (away)" in detail(alert, None, "away", BEGAN)
    assert "value       not known" in detail(shown(), None, None, BEGAN)
    assert "no Alertmanager has it" in detail(replace(shown(), is_sent=False), None, None, BEGAN)


@given(st.lists(st.none() | st.floats(), max_size=200), st.integers(0, 80))
def test_a_sparkline_fits_whatever_the_values(values: list[float | None], width: int) -> None:
    assert len(sparkline(values, width)) <= max(width, 1)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        ([None, None], ""),
        ([5.0, 5.0], "▁▁"),
        ([0.0, None, 1.0], "▁·█"),
        ([0.0, 9.0, 1.0, 0.0], "█▁"),
        ([float("inf"), 1.0, float("nan"), 2.0], "▁█"),
    ],
)
def test_a_sparkline_shows_the_largest_of_each_share(values: list[float | None], shown: str) -> None:
    assert sparkline(values, 2 if len(values) > 3 else 10) == shown
