"""The lines of the Alerts screen, and one alert in full; pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from console import clock
from console.filters import Field, Kind
from console.sparkline import sparkline
from console.text import safe
from console.widgets.footer import age_words
from console.widgets.table import Column
from monitoring.clients.alertmanager import Silence
from ops.alerts.history import History
from ops.alerts.matching import matchers_words
from ops.alerts.seen import AlertsSeen, Group, Severity, ShownAlert, State, silence_words, why_words

SIGNS = {Severity.CRITICAL: "!! CRIT", Severity.WARNING: "! warn", Severity.INFO: "info", Severity.OTHER: "other"}
_STYLES = {Severity.CRITICAL: "table--bad", Severity.WARNING: "table--warning"}
SPARK_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a group of several alerts, or one of them."""

    place: tuple[int, int]
    """Of the group, and in it; 0 is the group's own line."""
    name: str
    severity: Severity
    state: str
    since: datetime
    words: str
    style: str
    group: str
    alert: ShownAlert | None
    """None for a group's line."""


def lines_of(
    seen: AlertsSeen, passes: Callable[[ShownAlert], bool] | None, *, suppressed: bool, unfolded: frozenset[str]
) -> dict[str, Line]:
    """Return the lines by key: groups, and the alerts of those that are unfolded or have one alone.

    What is suppressed is left out unless asked for.
    """
    found: dict[str, Line] = {}
    for number, group in enumerate(seen.groups):
        alerts = tuple(
            alert
            for alert in group.alerts
            if (suppressed or not alert.is_suppressed) and (passes is None or passes(alert))
        )
        if len(alerts) > 1:
            is_open = group.name in unfolded
            found[f"group {group.name}"] = _group_line(number, Group(group.name, alerts), is_open=is_open)
            if not is_open:
                continue
        for place, alert in enumerate(alerts, 1):
            found[alert.key] = _alert_line(number, place, alert, nested=len(alerts) > 1)
    return found


def _group_line(number: int, group: Group, *, is_open: bool) -> Line:
    states = [(state, sum(one.state is state for one in group.alerts)) for state in State]
    first = group.alerts[0]
    worst = max(one.severity for one in group.alerts)
    name = f"{'v' if is_open else '>'} {group.name} ({len(group.alerts)})"
    since = min(one.since for one in group.alerts)
    counts = ", ".join(f"{count} {state}" for state, count in states if count)
    style = _style(first)
    return Line((number, 0), name, worst, str(first.state), since, counts, style, group.name, None)


def _alert_line(number: int, place: int, alert: ShownAlert, *, nested: bool) -> Line:
    why = why_words(alert)
    words = f"{why}; {alert.words}" if why else alert.words
    name = f"  {_apart(alert)}" if nested else alert.name
    return Line(
        (number, place), name, alert.severity, str(alert.state), alert.since, words, _style(alert), alert.name, alert
    )


def _apart(alert: ShownAlert) -> str:
    """What tells it from the others of its group."""
    for name in ("instance", "endpoint", "queue", "host", "job"):
        if alert.labels.get(name):
            return alert.labels.get(name)
    return alert.name


def _style(alert: ShownAlert) -> str:
    return _STYLES.get(alert.severity, "") if alert.state is State.FIRING else "table--muted"


def _age(line: Line) -> str:
    return age_words(max(clock.now() - line.since, timedelta(0)))


def _left(silence: Silence) -> str:
    return age_words(max(silence.ends_at - clock.now(), timedelta(0)))


def _silence_words(silence: Silence) -> str:
    return f"{matchers_words(silence.matchers)}: {silence.comment}"


def _place(line: Line) -> tuple[int, int]:
    return line.place


def _line_style(line: Line) -> str:
    return line.style


COLUMNS: tuple[Column[Line], ...] = (
    Column("sev", "sev", 7, lambda line: SIGNS[line.severity], _place, _line_style),
    Column("alert", "alert", 20, lambda line: line.name, _place, _line_style, flex=1),
    Column("since", "since", 5, _age, _place, drop=1, right=True),
    Column("state", "state", 9, lambda line: line.state, _place, drop=2),
    Column("what", "what", 20, lambda line: line.words, _place, _line_style, flex=2),
)
SILENCE_COLUMNS: tuple[Column[Silence], ...] = (
    Column("left", "left", 5, _left, lambda one: one.ends_at, right=True),
    Column("by", "by", 16, lambda one: one.created_by, lambda one: one.created_by, drop=1),
    Column("what", "silences", 30, _silence_words, lambda one: one.ids, flex=1),
)


def text_of(alert: ShownAlert) -> str:
    """Return all that words are looked for in."""
    labels = " ".join(f"{name}={value}" for name, value in alert.labels)
    return f"{alert.name} {alert.words} {alert.state} {why_words(alert)} {labels}"


FIELDS: tuple[Field[ShownAlert], ...] = (
    Field(
        "severity", Kind.WORDS, lambda one: one.severity.name.lower(), tuple(s.name.lower() for s in reversed(Severity))
    ),
    Field("state", Kind.WORDS, lambda one: str(one.state), tuple(State)),
    Field("name", Kind.WORDS, lambda one: one.name),
    Field("since", Kind.DURATION, lambda one: int((clock.now() - one.since).total_seconds())),
)


def detail(alert: ShownAlert, history: History | None, why_no_history: str | None, now: datetime) -> str:
    """Return the alert in full, with its value over time where that is known."""
    return "\n".join(safe(line) for line in _detail(alert, history, why_no_history, now))


def _detail(alert: ShownAlert, history: History | None, why_no_history: str | None, now: datetime) -> Iterator[str]:
    age = age_words(max(now - alert.since, timedelta(0)))
    yield f"{SIGNS[alert.severity]} {alert.name}, {alert.state} since {alert.since:%Y-%m-%d %H:%M:%S} UTC ({age})"
    for silence in alert.silenced_by:
        yield f"{'silenced':<11} {silence_words(silence)} [{matchers_words(silence.matchers)}]"
    if alert.state is State.INHIBITED or not alert.is_sent:
        yield f"{'inhibited' if alert.is_sent else 'unsent':<11} {why_words(alert)}"
    for name, words in sorted(alert.annotations, key=lambda pair: pair[0] != "summary"):
        yield f"{name:<11} {words}"
    yield from _value(alert, history, why_no_history)
    if alert.expression is not None:
        yield f"{'rule':<11} {alert.expression}"
    yield f"{'labels':<11} {', '.join(f'{name}={value}' for name, value in alert.labels)}"
    yield f"{'told to':<11} {', '.join(alert.receivers) or 'nobody that is known'}"
    yield f"{'known by':<11} {', '.join(alert.servers)}"


def _value(alert: ShownAlert, history: History | None, why_no_history: str | None) -> Iterator[str]:
    if history is None or history.last is None:
        now = f"{alert.value:.6g}" if alert.value is not None else "not known"
        yield f"{'value':<11} {now}" + (f" ({why_no_history})" if why_no_history else "")
        return
    span = history.step * (len(history.values) - 1)
    fires = f", fires {history.threshold}" if history.threshold else ""
    yield f"{'value':<11} {sparkline(history.values, SPARK_WIDTH)} {history.last:.6g}{fires}"
    known = [value for value in history.values if value is not None]
    yield f"{'':<11} over {_span_words(span)}: {min(known):.6g} to {max(known):.6g}"


def _span_words(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
