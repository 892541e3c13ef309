"""What Prometheus and Alertmanager say, put together: from real ones, and every way of not knowing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.clients.alertmanager import Alert, AlertState, Matcher, Place, Silence, SilenceState
from monitoring.clients.labels import Labels
from monitoring.clients.prometheus import Instance, Pending, Rule, Series
from monitoring.clients.server import Merged, Reach
from ops.alerts.history import POINTS, history_of, span_of, watched
from ops.alerts.matching import caught, matchers_of, matchers_words, matches, parse_duration, parse_matchers
from ops.alerts.seen import Readings, Severity, ShownAlert, Standing, State, assemble, headline, sentences, why_words
from ops.alerts.watching import Watch
from ops.errors import OperatorError, UsageError
from settings import Settings
from tests.monitoring_stack import MonitoringStack, alertmanager, prometheus, until

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:1"
ALL = ("Watchdog", "OracleDown", "SentimentSlow", "QueueGrows")


@asynccontextmanager
async def watching(prometheus: str = "", alertmanager: str = "") -> AsyncIterator[Watch]:
    settings = Settings(prometheus_urls=prometheus, alertmanager_urls=alertmanager)  # pyright: ignore[reportArgumentType]
    async with Watch(settings) as watch:
        yield watch


def both(stack: MonitoringStack) -> dict[str, str]:
    return {"prometheus": stack.prometheus.url, "alertmanager": ",".join(stack.alertmanager_urls)}


async def test_what_fires_is_grouped_with_its_values_and_what_suppresses_it(
    monitoring_servers: MonitoringStack,
) -> None:
    await monitoring_servers.quiet()
    async with watching(**both(monitoring_servers)) as watch:
        seen = await watch.read()
        assert (seen.standing, seen.groups, seen.troubles) == (Standing.QUIET, (), ())
        assert sentences(seen) == ("Nothing is firing.",)
        assert seen.is_complete

        monitoring_servers.set(watchers=0, latency_seconds=44, queue_jobs=500)
        await monitoring_servers.fires(*ALL)
        seen = await watch.read()
        assert seen.standing is Standing.FIRING
        assert [group.name for group in seen.groups] == ["OracleDown", "SentimentSlow", "QueueGrows"]
        down, slow, grows = seen.alerts
        assert (down.severity, down.state, down.value) == (Severity.CRITICAL, State.FIRING, 0.0)
        assert (down.runbook, slow.runbook, grows.runbook) == ("oracle-down", "sentiment-slow", None)
        assert (slow.value, slow.words) == (44.0, "Analyses take 44 s.")
        assert (grows.state, why_words(grows)) == (State.INHIBITED, "while OracleDown fires")
        assert len(down.servers) == 3
        assert headline(seen) == "Firing: 1 critical, 1 warning, 1 inhibited."

        async def valued() -> bool:
            return (await watch.history(slow)).last == 44.0

        await until(valued)
        history = await watch.history(slow)
        assert history.threshold == "> 30"
        assert len(history.values) == POINTS + 1


async def test_the_watchdog_tells_when_nothing_would_be_heard(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(watchdog=0)
    await monitoring_servers.fires()
    async with watching(**both(monitoring_servers)) as watch:
        seen = await watch.read()
    assert seen.standing is Standing.WATCHDOG_MISSING
    assert headline(seen) == "Watchdog is missing: its rule does not fire, so the others may not either."

    monitoring_servers.set(watchdog=1)
    await monitoring_servers.fires("Watchdog")
    alone = alertmanager()
    try:
        async with watching(monitoring_servers.prometheus.url, alone.url) as watch:
            seen = await watch.read()
            assert "though Prometheus fires it" in headline(seen)
        async with watching("", alone.url) as watch:
            seen = await watch.read()
            assert "Alertmanager hears from no Prometheus" in headline(seen)
            assert any("PROMETHEUS_URLS is not set" in words for words in seen.troubles)
    finally:
        alone.remove()


async def test_one_of_a_pair_that_is_away_is_told_and_the_other_is_enough(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    away = f"{NOWHERE},{monitoring_servers.alertmanager_urls[0]}"
    async with watching(monitoring_servers.prometheus.url, away) as watch:
        seen = await watch.read()
    assert (seen.standing, seen.is_complete) == (Standing.QUIET, True)
    assert sentences(seen) == ("Nothing is firing.", "Alertmanager 127.0.0.1:1 cannot be reached.")


async def test_without_alertmanager_prometheus_tells_what_fires(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(watchers=0)
    await monitoring_servers.fires("Watchdog", "OracleDown")
    async with watching(monitoring_servers.prometheus.url, NOWHERE) as watch:
        seen = await watch.read()
        [alert] = seen.alerts
        assert (alert.state, alert.is_sent) == (State.FIRING, True)
        assert (seen.standing, seen.is_complete) == (Standing.FIRING, False)
        assert sentences(seen)[1].startswith("Cannot reach Alertmanager: 127.0.0.1:1 cannot be reached.")
    async with watching(monitoring_servers.prometheus.url) as watch:
        seen = await watch.read()
        assert sentences(seen)[1].startswith("ALERTMANAGER_URLS is not set.")
        with pytest.raises(OperatorError, match="set ALERTMANAGER_URLS"):
            _ = watch.alertmanager


async def test_nothing_configured_and_nothing_reachable_are_told_apart() -> None:
    async with watching() as watch:
        seen = await watch.read()
        assert seen.standing is Standing.NOT_CONFIGURED
        assert "set PROMETHEUS_URLS (such as http://127.0.0.1:9090) and ALERTMANAGER_URLS" in headline(seen)
        with pytest.raises(OperatorError, match="set PROMETHEUS_URLS"):
            await watch.history(shown())
    async with watching(NOWHERE, NOWHERE) as watch:
        seen = await watch.read()
        assert seen.standing is Standing.UNREACHABLE
        assert [words.partition(":")[0] for words in seen.troubles] == [
            "Cannot reach Prometheus",
            "Cannot reach Alertmanager",
        ]
        with pytest.raises(OperatorError, match="cannot be reached"):
            await watch.history(shown(expression="up"))
        with pytest.raises(OperatorError, match="does not know the alert's rule"):
            await watch.history(shown())


async def test_a_rule_that_cannot_be_evaluated_is_named(monitoring_servers: MonitoringStack) -> None:
    rules = """
groups:
  - name: broken
    interval: 200ms
    rules:
      - alert: Broken
        expr: test_queue_jobs * on () {__name__=~"test_.*"}
"""
    own = prometheus(monitoring_servers.exporter[0].server_port, (), rules)
    try:
        async with watching(own.url) as watch:

            async def broken() -> bool:
                return any("The rule Broken cannot be evaluated" in words for words in (await watch.read()).troubles)

            await until(broken)
            assert "no rule has that name" in headline(await watch.read())
    finally:
        own.remove()


# Put together from parts.

LABELS = Labels.of({"alertname": "OracleDown", "severity": "critical", "instance": "a"})
OK = (Reach("one"),)


def silence(id_: str = "s1") -> Silence:
    return Silence(
        places=(Place("one", id_),), matchers=(Matcher("alertname", "OracleDown"),), starts_at=NOW,
        ends_at=NOW + timedelta(hours=2), created_by="alice", comment="an upgrade", state=SilenceState.ACTIVE,
    )  # fmt: skip


def alert(labels: Labels = LABELS, *, suppressed: bool = False, **rest: object) -> Alert:
    found = Alert(
        fingerprint="f1", labels=labels, annotations=Labels(()), starts_at=NOW,
        state=AlertState.SUPPRESSED if suppressed else AlertState.ACTIVE, silenced_by=(), inhibited_by=(),
        receivers=("page",), servers=("one",),
    )  # fmt: skip
    return replace(found, **rest)  # type: ignore[arg-type]


def rule(*instances: Instance, name: str = "OracleDown") -> Rule:
    return Rule(
        group="g", name=name, expression="up < 1", for_=timedelta(0), labels=Labels(()), annotations=Labels(()),
        trouble=None, instances=instances,
    )  # fmt: skip


def instance(labels: Labels = LABELS, state: Pending = Pending.FIRING) -> Instance:
    return Instance(
        labels=labels, annotations=Labels(()), state=state, active_at=NOW - timedelta(minutes=5), value=0.0,
        servers=("prometheus",),
    )  # fmt: skip


def shown(labels: Labels = LABELS, **rest: object) -> ShownAlert:
    found = ShownAlert(
        labels=labels, annotations=Labels(()), severity=Severity.CRITICAL, state=State.FIRING, since=NOW, value=None,
        expression=None, silenced_by=(), inhibited_by=(), receivers=(), servers=(), is_sent=True,
    )  # fmt: skip
    return replace(found, **rest)  # type: ignore[arg-type]


def read(alerts: tuple[Alert, ...] = (), rules: tuple[Rule, ...] = (), silences: tuple[Silence, ...] = ()) -> Readings:
    return Readings(at=NOW, rules=Merged(rules, OK), alerts=Merged(alerts, OK), silences=Merged(silences, OK))


def test_labels_that_prometheus_adds_on_the_way_do_not_make_two_alerts() -> None:
    sent = Labels.of({**dict(LABELS), "site": "here"})
    [found] = assemble(read((alert(sent),), (rule(instance()),))).alerts
    assert (found.labels, found.value, found.since, found.is_sent) == (sent, 0.0, NOW, True)


def test_what_no_alertmanager_has_is_told() -> None:
    [found] = assemble(read((), (rule(instance()),))).alerts
    assert not found.is_sent
    assert why_words(found) == "no Alertmanager has it: nobody is told"
    [pending] = assemble(read((), (rule(instance(state=Pending.PENDING)),))).alerts
    assert (pending.state, pending.is_sent, why_words(pending)) == (State.PENDING, True, "")


def test_a_silence_says_until_when_by_whom_and_why() -> None:
    silenced = alert(suppressed=True, silenced_by=("s1", "gone"))
    [found] = assemble(read((silenced,), (), (silence(),))).alerts
    assert found.state is State.SILENCED
    assert why_words(found) == "until 2026-11-24 05:00 UTC by alice: an upgrade"
    [unknown] = assemble(read((alert(suppressed=True, silenced_by=("gone",)),))).alerts
    assert why_words(unknown) == "by a silence that ended meanwhile"
    [inhibited] = assemble(read((alert(suppressed=True, inhibited_by=("f9",)),))).alerts
    assert why_words(inhibited) == "while another fires"


def test_a_silenced_watchdog_is_told() -> None:
    watchdog = alert(Labels.of({"alertname": "Watchdog"}), suppressed=True, silenced_by=("s1",))
    seen = assemble(read((watchdog,), (rule(name="Watchdog"),), (silence(),)))
    assert seen.standing is Standing.QUIET
    assert seen.troubles == ("Watchdog is silenced: nobody notices when alerts stop arriving.",)
    assert seen.watchdogs[0].name == "Watchdog"


def test_the_worst_comes_first_and_the_suppressed_last() -> None:
    names = {"Info": "info", "Page": "page", "Odd": "strange", "Warn": "WARNING"}
    alerts = tuple(
        alert(Labels.of({"alertname": name, "severity": severity}), fingerprint=name)
        for name, severity in names.items()
    )
    quiet = alert(suppressed=True, inhibited_by=("Page",))
    seen = assemble(read((quiet, *alerts)))
    assert [group.name for group in seen.groups] == ["Page", "Warn", "Info", "Odd", "OracleDown"]
    assert "Firing: 1 critical, 1 warning, 1 info, 1 other, 1 inhibited." in sentences(seen)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/runbooks/oracle-down.md", "oracle-down"),
        ("https://example.org/runbooks/oracle-down/", "oracle-down"),
        ("https://example.org/docs/oracle.md#oracle-down", "oracle-down"),
        ("https://example.org/runbooks/oracle-down?plain=1", "oracle-down"),
        ("docs/runbooks/oracle-down.md", "oracle-down"),
        ("oracle-down", "oracle-down"),
        ("/", None),
    ],
)
def test_a_runbook_is_named_by_the_end_of_its_address(url: str, name: str | None) -> None:
    assert shown(annotations=Labels.of({"runbook_url": url})).runbook == name


# The value behind an alert.


@pytest.mark.parametrize(
    ("expression", "value", "threshold"),
    [
        ("up == 0", "up", "== 0"),
        ("sum by (job) (rate(x[5m])) / 2 >= 1e-3", "sum by (job) (rate(x[5m])) / 2", ">= 1e-3"),
        ('x{le="a > 1",b=~"c"} <= -1', 'x{le="a > 1",b=~"c"}', "<= -1"),
        ("x > y", "x > y", None),
        ("x > bool 1", "x > bool 1", None),
        ("x > 1 and y > 2", "x > 1 and y > 2", None),
        ("vector(1)", "vector(1)", None),
        ("(x > 1)", "(x > 1)", None),
        ("1 < x", "1 < x", None),
        ("x > 1 > 2", "x > 1", "> 2"),
        ("absent(x)", "absent(x)", None),
        ('x{a="\\"> 1"} > 3', 'x{a="\\"> 1"}', "> 3"),
        ("> 3", "> 3", None),
        ("and_more > 3", "and_more", "> 3"),
    ],
)
def test_what_a_rule_compares_is_shown_without_its_threshold(
    expression: str, value: str, threshold: str | None
) -> None:
    assert watched(expression) == (value, threshold)


@given(st.text())
def test_any_expression_gives_something_to_ask_for(expression: str) -> None:
    value, threshold = watched(expression)
    assert value == expression if threshold is None else value and value in expression


def test_a_history_is_of_the_series_that_shares_most_with_the_alert() -> None:
    step = timedelta(seconds=10)
    far, near = Labels.of({"instance": "b"}), Labels.of({"__name__": "up", "instance": "a"})
    points = {NOW: 1.0, NOW + step * 2: float("nan"), NOW + step * 3: 3.0, NOW + step * 1000: 9.0}
    found = history_of(
        LABELS, [Series(Labels(()), {NOW: 7.0}), Series(far, {NOW: 8.0}), Series(near, points)], NOW, step, None
    )
    assert found.values[:5] == (1.0, None, None, 3.0, None)
    assert found.last == 3.0
    assert history_of(LABELS, [], NOW, step, None).last is None


def test_a_history_reaches_back_before_the_alert() -> None:
    assert span_of(NOW, NOW) == timedelta(minutes=10)
    assert span_of(NOW - timedelta(hours=1), NOW) == timedelta(hours=2)
    assert span_of(NOW - timedelta(days=9), NOW) == timedelta(days=1)


# Matchers and durations.


@pytest.mark.parametrize(
    ("words", "minutes"), [("30m", 30), ("2h", 120), ("1h30m", 90), ("1h 30m", 90), ("3d", 4_320), ("60s", 1)]
)
def test_durations(words: str, minutes: int) -> None:
    assert parse_duration(words) == timedelta(minutes=minutes)


@pytest.mark.parametrize("words", ["", "2", "h", "2 weeks", "-2h", "59s", "0m", "31d", "1.5h", "2h!", "9999999999d"])
def test_durations_that_are_none(words: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(words)


NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True)
PLAIN = st.builds(Matcher, NAMES, st.text(min_size=1), st.just(False), st.just(True))
ANY = st.builds(Matcher, NAMES, st.text(), st.just(False), st.booleans())


@given(PLAIN, st.lists(ANY, max_size=3))
def test_matchers_are_read_as_they_are_written(first: Matcher, rest: list[Matcher]) -> None:
    assert parse_matchers(matchers_words((first, *rest))) == (first, *rest)


@pytest.mark.parametrize(
    ("words", "matchers"),
    [
        ("a=b", (Matcher("a", "b"),)),
        (' a = "b" , c!="d",', (Matcher("a", "b"), Matcher("c", "d", is_equal=False))),
        (r'a=~"b.*",c!~d', (Matcher("a", "b.*", is_regex=True), Matcher("c", "d", is_regex=True, is_equal=False))),
        (r'a=~"10\\..*"', (Matcher("a", r"10\..*", is_regex=True),)),
    ],
)
def test_matchers_as_people_write_them(words: str, matchers: tuple[Matcher, ...]) -> None:
    assert parse_matchers(words) == matchers


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "match everything"),
        ("a!=b", "match everything"),
        ('a=~".*"', "match everything"),
        ("a", "Not clear at 'a'"),
        ("a=b c=d", "Not clear at"),
        ('a="b', "Not clear at"),
        ("a=~(", "no regular expression"),
    ],
)
def test_matchers_that_are_refused_say_why(words: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_matchers(words)


def test_an_alerts_own_matchers_catch_it_alone() -> None:
    one, other = shown(), shown(Labels.of({**dict(LABELS), "instance": "b"}))
    assert list(caught(matchers_of(one), (one, other))) == [one]
    assert matchers_words(matchers_of(one)).startswith('alertname="OracleDown", ')
    assert list(caught(parse_matchers("alertname=~Oracle.*,instance!=a"), (one, other))) == [other]
    assert matches(Matcher("missing", ""), LABELS)
    assert not matches(Matcher("alertname", "Oracle", is_regex=True), LABELS), "the whole value has to match"
