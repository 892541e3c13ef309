"""Prometheus over its HTTP API: alert rules with what they see, and an expression's values over time.

Over httpx and not prometheus-api-client: that one has no call for rules, reads answers of any length, and blocks. In a
thread it outlives its deadline, since requests' timeout begins anew with every byte: against a server that sent a
byte each half second, `asyncio.run` ended 10 s after the call had been given up, and the console with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitoring.clients import reading
from monitoring.clients.errors import MonitoringError
from monitoring.clients.labels import Labels
from monitoring.clients.reading import Json
from monitoring.clients.server import Merged, Server, Servers


class Pending(StrEnum):
    """How far an alert of a rule has come; the stronger last."""

    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One alert that a rule makes now, for one set of labels."""

    labels: Labels
    annotations: Labels
    state: Pending
    active_at: datetime
    """Since when the expression holds, UTC."""
    value: float
    servers: tuple[str, ...]
    """The names of those that see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert rule. `trouble` is why it cannot be evaluated, None where it can."""

    group: str
    name: str
    expression: str
    for_: timedelta
    """How long the expression has to hold before the alert fires."""
    labels: Labels
    annotations: Labels
    trouble: str | None
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time; a time at which there is none is left out."""

    labels: Labels
    points: Mapping[datetime, float]


class Prometheus(Servers):
    """One Prometheus or several that evaluate the same rules; opened by `async with`."""

    async def rules(self) -> Merged[tuple[Rule, ...]]:
        """Return every alert rule, each once. A server that does not answer is told in `reach`; nothing is raised."""
        answers = await self.ask_all(_rules)
        return Merged(_merged_rules(answers.values.values()), answers.reach)

    async def range(
        self, expression: str, start: datetime, end: datetime, step: timedelta
    ) -> Merged[tuple[Series, ...]]:
        """Return the expression's values each `step` from `start` to `end`; where two servers differ the first counts.

        A server that does not answer, or refuses the expression, is told in `reach`.
        """
        params = {
            "query": expression,
            "start": f"{start.timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": f"{step.total_seconds():g}",
        }

        async def ask(server: Server) -> tuple[Series, ...]:
            data = await _data(server, "api/v1/query_range", params)
            found = reading.sequence(data.get("result"), "a result")
            return tuple(_series(reading.mapping(one, "a series")) for one in found)

        answers = await self.ask_all(ask)
        return Merged(_merged_series(answers.values.values()), answers.reach)


async def _data(server: Server, path: str, params: Mapping[str, str]) -> Json:
    answer = reading.mapping(await server.ask("GET", path, params=params), "an answer")
    if answer.get("status") != "success":
        raise MonitoringError("answers without success")
    return reading.mapping(answer.get("data"), "data")


async def _rules(server: Server) -> tuple[Rule, ...]:
    data = await _data(server, "api/v1/rules", {"type": "alert"})
    found: list[Rule] = []
    for group in reading.sequence(data.get("groups"), "groups"):
        table = reading.mapping(group, "a group")
        name = reading.text(table, "name")
        rules = reading.sequence(table.get("rules"), "rules")
        found += [_rule(name, reading.mapping(rule, "a rule"), server.name) for rule in rules]
    return tuple(found)


def _rule(group: str, table: Json, server: str) -> Rule:
    broken = reading.text(table, "health", default="unknown") == "err"
    found = reading.sequence(table.get("alerts"), "alerts")
    return Rule(
        group=group,
        name=reading.text(table, "name"),
        expression=reading.text(table, "query"),
        for_=timedelta(seconds=reading.number(table.get("duration", 0), "a duration")),
        labels=reading.labels(table.get("labels"), "labels"),
        annotations=reading.labels(table.get("annotations"), "annotations"),
        trouble=reading.text(table, "lastError", default="no reason is told") if broken else None,
        instances=tuple(_instance(reading.mapping(one, "an alert"), server) for one in found),
    )


def _instance(table: Json, server: str) -> Instance:
    try:
        state = Pending(reading.text(table, "state"))
    except ValueError:
        raise MonitoringError("answers with an alert that is neither pending nor firing") from None
    return Instance(
        labels=reading.labels(table.get("labels"), "labels"),
        annotations=reading.labels(table.get("annotations"), "annotations"),
        state=state,
        active_at=reading.moment(table, "activeAt"),
        value=reading.number(table.get("value"), "a value"),
        servers=(server,),
    )


def _series(table: Json) -> Series:
    points: dict[datetime, float] = {}
    for point in reading.sequence(table.get("values"), "values"):
        pair = reading.sequence(point, "a point")
        if len(pair) != 2:
            raise MonitoringError("answers with a point that is no pair")
        at = datetime.fromtimestamp(reading.number(pair[0], "a time"), UTC)
        points[at] = reading.number(pair[1], "a value")
    return Series(reading.labels(table.get("metric"), "labels"), points)


def _merged_rules(told: Iterable[Sequence[Rule]]) -> tuple[Rule, ...]:
    """A rule is the same where group, name, expression and labels are."""
    found: dict[tuple[str, str, str, Labels], Rule] = {}
    for rules in told:
        for rule in rules:
            key = (rule.group, rule.name, rule.expression, rule.labels)
            before = found.get(key)
            found[key] = rule if before is None else _merged_rule(before, rule)
    return tuple(found.values())


def _merged_rule(one: Rule, other: Rule) -> Rule:
    instances = {instance.labels: instance for instance in one.instances}
    for instance in other.instances:
        before = instances.get(instance.labels)
        instances[instance.labels] = instance if before is None else _merged_instance(before, instance)
    return replace(one, instances=tuple(instances.values()), trouble=one.trouble or other.trouble)


def _merged_instance(one: Instance, other: Instance) -> Instance:
    """What fires at one fires: somebody is told of it."""
    firing = Pending.FIRING in (one.state, other.state)
    return replace(
        one,
        state=Pending.FIRING if firing else Pending.PENDING,
        active_at=min(one.active_at, other.active_at),
        servers=(*one.servers, *other.servers),
    )


def _merged_series(told: Iterable[Sequence[Series]]) -> tuple[Series, ...]:
    found: dict[Labels, dict[datetime, float]] = {}
    for many in told:
        for series in many:
            found[series.labels] = {**series.points, **found.get(series.labels, {})}
    return tuple(Series(labels, dict(sorted(points.items()))) for labels, points in found.items())
