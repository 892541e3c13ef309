"""What Prometheus and Alertmanager say, put together: pure.

Alertmanager knows what is silenced and inhibited, Prometheus knows values and rules; where only one of them answers,
what it knows is shown and the rest is told to be missing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import groupby

from monitoring.clients.alertmanager import Alert, AlertState, Silence
from monitoring.clients.labels import Labels
from monitoring.clients.prometheus import Instance, Pending, Rule
from monitoring.clients.server import Merged, Reach

NAME = "alertname"
WATCHDOG = "Watchdog"
"""The alert that always fires: when it does not arrive, neither do the others."""
PROMETHEUS, ALERTMANAGER = "Prometheus", "Alertmanager"
SETTINGS = {PROMETHEUS: "PROMETHEUS_URLS", ALERTMANAGER: "ALERTMANAGER_URLS"}
_EXAMPLES = {PROMETHEUS: "http://127.0.0.1:9090", ALERTMANAGER: "http://127.0.0.1:9093"}


class Severity(IntEnum):
    """How bad the alert is, from its label `severity`."""

    OTHER = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3


_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "page": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "ticket": Severity.WARNING,
    "info": Severity.INFO,
}


class State(StrEnum):
    """What becomes of the alert."""

    FIRING = "firing"
    PENDING = "pending"
    """The expression holds, but not for long enough yet."""
    SILENCED = "silenced"
    INHIBITED = "inhibited"


class Standing(StrEnum):
    """How far "nothing is firing" can be believed; the first that applies."""

    NOT_CONFIGURED = "not configured"
    UNREACHABLE = "unreachable"
    WATCHDOG_MISSING = "watchdog missing"
    FIRING = "firing"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What was read at `at`; None for what is not configured."""

    at: datetime
    rules: Merged[tuple[Rule, ...]] | None
    alerts: Merged[tuple[Alert, ...]] | None
    silences: Merged[tuple[Silence, ...]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlert:
    """One alert. `value` and `expression` are None where Prometheus does not know them."""

    labels: Labels
    annotations: Labels
    severity: Severity
    state: State
    since: datetime
    value: float | None
    expression: str | None
    silenced_by: tuple[Silence, ...]
    inhibited_by: tuple[str, ...]
    """Names of the alerts that inhibit it."""
    receivers: tuple[str, ...]
    servers: tuple[str, ...]
    """The names of all that know it."""
    is_sent: bool
    """False where it fires at Prometheus and every Alertmanager that answers lacks it: nobody is told."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.labels.get(NAME) or "an alert without a name"

    @property
    def key(self) -> str:
        """All labels: the same alert, the same key."""
        return ",".join(f"{name}={value!r}" for name, value in self.labels)

    @property
    def words(self) -> str:
        """What it says of itself, in one line."""
        return self.annotations.get("summary") or self.annotations.get("description") or _labels_words(self.labels)

    @property
    def runbook_url(self) -> str | None:
        """What its annotation `runbook_url` or `runbook` says."""
        return self.annotations.get("runbook_url") or self.annotations.get("runbook") or None

    @property
    def runbook(self) -> str | None:
        """The runbook's name: the last part of its address without `.md`."""
        if self.runbook_url is None:
            return None
        path, _, fragment = self.runbook_url.partition("#")
        last = fragment or path.partition("?")[0].rstrip("/").rpartition("/")[2]
        return last.removesuffix(".md").removesuffix(".html") or None

    @property
    def is_suppressed(self) -> bool:
        """Whether nobody is woken by it because somebody, or something, said so."""
        return self.state in (State.SILENCED, State.INHIBITED)


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one name, the worst first."""

    name: str
    alerts: tuple[ShownAlert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsSeen:
    """All of it, at `at`."""

    at: datetime
    standing: Standing
    groups: tuple[Group, ...]
    """The worst first; without the Watchdog."""
    watchdogs: tuple[ShownAlert, ...]
    silences: tuple[Silence, ...]
    troubles: tuple[str, ...]
    """Sentences on why this may not be all, or not true, the gravest first."""
    is_complete: bool
    """Whether of each kind of server that is configured one answered, so that what is not here does not fire."""

    @property
    def alerts(self) -> Iterator[ShownAlert]:
        """Each alert of each group."""
        return (alert for group in self.groups for alert in group.alerts)

    def count(self, state: State, severity: Severity | None = None) -> int:
        """How many there are."""
        return sum(one.state is state and severity in (None, one.severity) for one in self.alerts)


def assemble(read: Readings) -> AlertsSeen:
    """Put together what was read."""
    alerts = () if read.alerts is None else read.alerts.value
    rules = () if read.rules is None else read.rules.value
    silences = () if read.silences is None else read.silences.value
    has_alertmanager = read.alerts is not None and read.alerts.answered
    shown = list(_shown(alerts, rules, silences, has_alertmanager=has_alertmanager))
    watchdogs = [one for one in shown if one.name == WATCHDOG]
    groups = _grouped(one for one in shown if one.name != WATCHDOG)
    missing = _watchdog_missing(read, watchdogs)
    kinds = _kinds(read)
    known = [reach for reach in kinds.values() if reach is not None]
    return AlertsSeen(
        at=read.at,
        standing=_standing(known, missing, groups),
        groups=groups,
        watchdogs=tuple(watchdogs),
        silences=silences,
        troubles=tuple(_troubles(kinds, missing, watchdogs, rules)),
        is_complete=bool(known) and all(any(one.why is None for one in reach) for reach in known),
    )


def headline(seen: AlertsSeen) -> str:
    """Say in one sentence what fires, or why that is not known."""
    return sentences(seen)[0]


def sentences(seen: AlertsSeen) -> tuple[str, ...]:
    """Say what fires and why that may not be all, the gravest first."""
    counts = f"{_counts(seen)}." if seen.groups else ""
    if seen.standing is Standing.FIRING:
        return counts, *seen.troubles
    if seen.standing is Standing.QUIET:
        return f"Nothing is firing{f'; {counts}' if counts else '.'}", *seen.troubles
    return (*seen.troubles, counts) if counts else seen.troubles


def why_words(alert: ShownAlert) -> str:
    """Say why nobody is told of the alert, or nothing where somebody is."""
    if alert.state is State.SILENCED:
        return "; ".join(silence_words(one) for one in alert.silenced_by) or "by a silence that ended meanwhile"
    if alert.state is State.INHIBITED:
        return f"while {', '.join(alert.inhibited_by) or 'another alert'} fires"
    return "" if alert.is_sent else "no Alertmanager has it: nobody is told"


def silence_words(silence: Silence) -> str:
    """Say until when, by whom and why."""
    return f"until {silence.ends_at:%Y-%m-%d %H:%M} UTC by {silence.created_by}: {silence.comment}"


def _labels_words(labels: Labels) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels if name not in (NAME, "severity"))


def _counts(seen: AlertsSeen) -> str:
    firing = [f"{n} {s.name.lower()}" for s in reversed(Severity) if (n := seen.count(State.FIRING, s))]
    rest = [f"{n} {s}" for s in (State.PENDING, State.SILENCED, State.INHIBITED) if (n := seen.count(s))]
    return ", ".join(([f"Firing: {', '.join(firing)}"] if firing else []) + rest)


# The alerts.


def _shown(
    alerts: Sequence[Alert], rules: Sequence[Rule], silences: Sequence[Silence], *, has_alertmanager: bool
) -> Iterator[ShownAlert]:
    """Every alert of Alertmanager with what Prometheus knows of it, then those that only Prometheus has."""
    instances: dict[str, list[tuple[Rule, Instance]]] = {}
    for rule in rules:
        for instance in rule.instances:
            instances.setdefault(instance.labels.get(NAME), []).append((rule, instance))
    by_id = {id_: silence for silence in silences for id_ in silence.ids}
    by_fingerprint = {alert.fingerprint: alert.labels.get(NAME) for alert in alerts}
    by_name = {rule.name: rule.expression for rule in rules}
    sent: set[Labels] = set()
    for alert in alerts:
        name = alert.labels.get(NAME)
        # Prometheus adds labels of its own to what it sends.
        match = next((pair for pair in instances.get(name, ()) if pair[1].labels.within(alert.labels)), None)
        if match is not None:
            sent.add(match[1].labels)
        yield ShownAlert(
            labels=alert.labels,
            annotations=alert.annotations,
            severity=_severity(alert.labels),
            state=_state(alert),
            since=alert.starts_at,
            value=None if match is None else match[1].value,
            expression=by_name.get(name) if match is None else match[0].expression,
            silenced_by=tuple(by_id[id_] for id_ in alert.silenced_by if id_ in by_id),
            inhibited_by=tuple(dict.fromkeys(by_fingerprint.get(id_, "another") for id_ in alert.inhibited_by)),
            receivers=alert.receivers,
            servers=(*alert.servers, *(() if match is None else match[1].servers)),
            is_sent=True,
        )
    for found in instances.values():
        for rule, instance in found:
            if instance.labels not in sent:
                yield _unsent(rule, instance, has_alertmanager=has_alertmanager)


def _unsent(rule: Rule, instance: Instance, *, has_alertmanager: bool) -> ShownAlert:
    firing = instance.state is Pending.FIRING
    return ShownAlert(
        labels=instance.labels,
        annotations=instance.annotations,
        severity=_severity(instance.labels),
        state=State.FIRING if firing else State.PENDING,
        since=instance.active_at,
        value=instance.value,
        expression=rule.expression,
        silenced_by=(),
        inhibited_by=(),
        receivers=(),
        servers=instance.servers,
        is_sent=not (firing and has_alertmanager),
    )


def _severity(labels: Labels) -> Severity:
    return _SEVERITIES.get(labels.get("severity").lower(), Severity.OTHER)


def _state(alert: Alert) -> State:
    if alert.state is not AlertState.SUPPRESSED:
        return State.FIRING
    return State.SILENCED if alert.silenced_by else State.INHIBITED


_ORDER = {State.FIRING: 0, State.PENDING: 1, State.SILENCED: 2, State.INHIBITED: 3}


def _rank(alert: ShownAlert) -> tuple[int, int, datetime, str]:
    """What wakes people first, then the worst, then the newest."""
    return _ORDER[alert.state], -alert.severity, alert.since, alert.key


def _grouped(alerts: Iterable[ShownAlert]) -> tuple[Group, ...]:
    by_name = sorted(alerts, key=lambda one: one.name)
    groups = [Group(name, tuple(sorted(some, key=_rank))) for name, some in groupby(by_name, lambda one: one.name)]
    return tuple(sorted(groups, key=lambda group: _rank(group.alerts[0])))


# What is not as it should be.

_Kinds = Mapping[str, tuple[Reach, ...] | None]


def _kinds(read: Readings) -> _Kinds:
    """How each server of each kind answered, None for a kind that is not configured."""
    alertmanagers = None
    if read.alerts is not None:
        # It is asked twice; where either fails, it is not known whole.
        again = {} if read.silences is None else {one.server: one.why for one in read.silences.reach}
        alertmanagers = tuple(Reach(one.server, one.why or again.get(one.server)) for one in read.alerts.reach)
    return {PROMETHEUS: None if read.rules is None else read.rules.reach, ALERTMANAGER: alertmanagers}


def _standing(known: Sequence[Sequence[Reach]], missing: str | None, groups: Sequence[Group]) -> Standing:
    if not known:
        return Standing.NOT_CONFIGURED
    if not any(one.why is None for reach in known for one in reach):
        return Standing.UNREACHABLE
    if missing is not None:
        return Standing.WATCHDOG_MISSING
    firing = any(alert.state is State.FIRING for group in groups for alert in group.alerts)
    return Standing.FIRING if firing else Standing.QUIET


def _troubles(
    kinds: _Kinds, missing: str | None, watchdogs: Sequence[ShownAlert], rules: Sequence[Rule]
) -> Iterator[str]:
    unset = [kind for kind, reach in kinds.items() if reach is None]
    if len(unset) == len(kinds):
        settings = " and ".join(f"{SETTINGS[kind]} (such as {_EXAMPLES[kind]})" for kind in unset)
        yield f"Alerts are not configured: set {settings}."
        return
    away = [kind for kind, reach in kinds.items() if reach and all(one.why for one in reach)]
    for kind in away:
        reasons = "; ".join(f"{one.server} {one.why}" for one in kinds[kind] or ())
        yield f"Cannot reach {kind}: {reasons}. {_LOST[kind]}"
    if missing is not None:
        yield missing
    if any(one.is_suppressed for one in watchdogs):
        yield f"{WATCHDOG} is {watchdogs[0].state}: nobody notices when alerts stop arriving."
    for kind, reach in kinds.items():
        if reach and kind not in away:
            yield from (f"{kind} {one.server} {one.why}." for one in reach if one.why)
    for kind in unset:
        yield f"{SETTINGS[kind]} is not set. {_LOST[kind]}"
    for rule in rules:
        if rule.trouble is not None:
            yield f"The rule {rule.name} cannot be evaluated: {rule.trouble}."


_LOST = {
    PROMETHEUS: "Values and pending alerts are not known.",
    ALERTMANAGER: "What is silenced or inhibited is not known.",
}


def _watchdog_missing(read: Readings, watchdogs: Sequence[ShownAlert]) -> str | None:
    """Say that the Watchdog does not arrive, and where it stops; None where it does, or nothing can be said."""
    fires = any(rule.name == WATCHDOG and rule.instances for rule in _answered(read.rules))
    if read.alerts is not None and read.alerts.answered:
        if any(one.is_sent for one in watchdogs):
            return None
        if fires:
            return f"{WATCHDOG} is missing at Alertmanager, though Prometheus fires it: alerts do not arrive there."
    elif read.rules is None or not read.rules.answered or fires:
        return None
    if read.rules is not None and read.rules.answered:
        if any(rule.name == WATCHDOG for rule in read.rules.value):
            return f"{WATCHDOG} is missing: its rule does not fire, so the others may not either."
        return f"{WATCHDOG} is missing: no rule has that name; add one with the expression vector(1)."
    return f"{WATCHDOG} is missing: Alertmanager hears from no Prometheus, and what fires is not known."


def _answered(rules: Merged[tuple[Rule, ...]] | None) -> Sequence[Rule]:
    return () if rules is None else rules.value
