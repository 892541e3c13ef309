"""Alertmanager over its API, version 2: what it was told, what it suppresses and why, and silences."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote

from monitoring.clients import reading
from monitoring.clients.errors import MonitoringError
from monitoring.clients.labels import Labels
from monitoring.clients.reading import Json
from monitoring.clients.server import Merged, Reach, Server, Servers


class AlertState(StrEnum):
    """What Alertmanager does with an alert."""

    ACTIVE = "active"
    SUPPRESSED = "suppressed"
    UNPROCESSED = "unprocessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert, as it was sent to Alertmanager."""

    fingerprint: str
    labels: Labels
    annotations: Labels
    starts_at: datetime
    """Since when it fires, UTC."""
    state: AlertState
    silenced_by: tuple[str, ...]
    """Ids of silences."""
    inhibited_by: tuple[str, ...]
    """Fingerprints of alerts."""
    receivers: tuple[str, ...]
    servers: tuple[str, ...]
    """The names of those that have it."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that is missing counts as empty."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class SilenceState(StrEnum):
    """Whether a silence works."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a silence is kept, and under which id: servers of one cluster share the id, others do not."""

    server: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One silence, wherever it is kept; all matchers have to hold."""

    places: tuple[Place, ...]
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    state: SilenceState

    @property
    def ids(self) -> tuple[str, ...]:
        """Its ids, each once."""
        return tuple(dict.fromkeys(place.id for place in self.places))


class Alertmanager(Servers):
    """One Alertmanager or several, of one cluster or each by itself; opened by `async with`."""

    async def alerts(self) -> Merged[tuple[Alert, ...]]:
        """Return every alert that is not resolved, suppressed ones too, each once. Nothing is raised."""
        answers = await self.ask_all(_alerts)
        return Merged(_merged_alerts(answers.values.values()), answers.reach)

    async def silences(self) -> Merged[tuple[Silence, ...]]:
        """Return the silences that work or will, each once, the one that ends first first. Nothing is raised."""
        answers = await self.ask_all(_silences)
        return Merged(_merged_silences(answers.values.values()), answers.reach)

    async def create(
        self, matchers: Sequence[Matcher], *, ends_at: datetime, created_by: str, comment: str
    ) -> Merged[tuple[Place, ...]]:
        """Silence from now to `ends_at`, once in each cluster. Raises MonitoringError where no server took it.

        Where some took it and others did not, `reach` says which did not and why.
        """
        body = {
            "matchers": [
                {"name": m.name, "value": m.value, "isRegex": m.is_regex, "isEqual": m.is_equal} for m in matchers
            ],
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": ends_at.astimezone(UTC).isoformat(),
            "createdBy": created_by,
            "comment": comment,
        }

        async def take(server: Server) -> Place:
            told = reading.mapping(await server.ask("POST", "api/v2/silences", body=body), "an answer")
            return Place(server.name, reading.text(told, "silenceID"))

        return await _once_each([(cluster, take) for cluster in await self._clusters()])

    async def expire(self, silence: Silence) -> Merged[tuple[Place, ...]]:
        """End the silence, once in each cluster. Raises MonitoringError where no server did; `reach` as of `create`."""

        def ending(id_: str) -> Callable[[Server], Awaitable[Place]]:
            async def end(server: Server) -> Place:
                await server.ask("DELETE", f"api/v2/silence/{quote(id_, safe='')}")
                return Place(server.name, id_)

            return end

        kept = [(id_, {place.server for place in silence.places if place.id == id_}) for id_ in silence.ids]
        return await _once_each(
            [([server for server in self.servers if server.name in where], ending(id_)) for id_, where in kept]
        )

    async def _clusters(self) -> Sequence[Sequence[Server]]:
        """The servers, those of one cluster together; what does not say is by itself."""
        members = (await self.ask_all(_members)).values
        found: list[tuple[frozenset[str], list[Server]]] = []
        for server in self.servers:
            its = members.get(server.name, frozenset())
            peers = next((servers for known, servers in found if known & its), None)
            if peers is None:
                found.append((its, [server]))
            else:
                peers.append(server)
        return [servers for _, servers in found]


async def _once_each(
    clusters: Iterable[tuple[Sequence[Server], Callable[[Server], Awaitable[Place]]]],
) -> Merged[tuple[Place, ...]]:
    """Have the first server of each cluster that can do it: the others hear of it from their peer."""
    done: list[Place] = []
    reach: list[Reach] = []
    for servers, act in clusters:
        why: Reach | None = None
        for server in servers:
            try:
                done.append(await act(server))
            except MonitoringError as error:
                why = why or Reach(server.name, str(error))
            else:
                why = Reach(server.name)
                break
        reach += [why] if why else []
    if not done:
        raise MonitoringError("; ".join(f"{one.server} {one.why}" for one in reach) or "no Alertmanager is known")
    return Merged(tuple(done), tuple(reach))


async def _members(server: Server) -> frozenset[str]:
    """The names of its cluster's members, its own among them; none where it is no part of any."""
    status = reading.mapping(await server.ask("GET", "api/v2/status"), "a status")
    cluster = reading.mapping(status.get("cluster"), "a cluster")
    peers = [reading.mapping(peer, "a peer") for peer in reading.sequence(cluster.get("peers"), "peers")]
    return frozenset(reading.text(peer, "name") for peer in peers)


async def _alerts(server: Server) -> tuple[Alert, ...]:
    found = reading.sequence(await server.ask("GET", "api/v2/alerts"), "alerts")
    return tuple(_alert(reading.mapping(one, "an alert"), server.name) for one in found)


def _alert(table: Json, server: str) -> Alert:
    status = reading.mapping(table.get("status"), "a status")
    receivers = [reading.mapping(one, "a receiver") for one in reading.sequence(table.get("receivers"), "receivers")]
    try:
        state = AlertState(reading.text(status, "state"))
    except ValueError:
        raise MonitoringError("answers with an alert of no known state") from None
    return Alert(
        fingerprint=reading.text(table, "fingerprint"),
        labels=reading.labels(table.get("labels"), "labels"),
        annotations=reading.labels(table.get("annotations"), "annotations"),
        starts_at=reading.moment(table, "startsAt"),
        state=state,
        silenced_by=reading.texts(status.get("silencedBy"), "silences"),
        inhibited_by=reading.texts(status.get("inhibitedBy"), "alerts"),
        receivers=tuple(reading.text(one, "name") for one in receivers),
        servers=(server,),
    )


def _merged_alerts(told: Iterable[Sequence[Alert]]) -> tuple[Alert, ...]:
    """Each fingerprint once: with `continue: true` a server tells an alert once for each receiver."""
    found: dict[str, Alert] = {}
    for alerts in told:
        for alert in alerts:
            before = found.get(alert.fingerprint)
            found[alert.fingerprint] = alert if before is None else _merged_alert(before, alert)
    return tuple(found.values())


def _merged_alert(one: Alert, other: Alert) -> Alert:
    """What any server does not suppress is active: it wakes people."""
    suppressed = AlertState.SUPPRESSED
    return replace(
        one,
        starts_at=min(one.starts_at, other.starts_at),
        state=suppressed if one.state is other.state is suppressed else AlertState.ACTIVE,
        silenced_by=_union(one.silenced_by, other.silenced_by),
        inhibited_by=_union(one.inhibited_by, other.inhibited_by),
        receivers=_union(one.receivers, other.receivers),
        servers=_union(one.servers, other.servers),
    )


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


async def _silences(server: Server) -> tuple[Silence, ...]:
    found = reading.sequence(await server.ask("GET", "api/v2/silences"), "silences")
    silences = [_silence(reading.mapping(one, "a silence"), server.name) for one in found]
    return tuple(one for one in silences if one.state is not SilenceState.EXPIRED)


def _silence(table: Json, server: str) -> Silence:
    status = reading.mapping(table.get("status"), "a status")
    try:
        state = SilenceState(reading.text(status, "state"))
    except ValueError:
        raise MonitoringError("answers with a silence of no known state") from None
    matchers = [reading.mapping(one, "a matcher") for one in reading.sequence(table.get("matchers"), "matchers")]
    return Silence(
        places=(Place(server, reading.text(table, "id")),),
        matchers=tuple(_matcher(one) for one in matchers),
        starts_at=reading.moment(table, "startsAt"),
        ends_at=reading.moment(table, "endsAt"),
        created_by=reading.text(table, "createdBy"),
        comment=reading.text(table, "comment"),
        state=state,
    )


def _matcher(table: Json) -> Matcher:
    return Matcher(
        name=reading.text(table, "name"),
        value=reading.text(table, "value"),
        is_regex=reading.flag(table, "isRegex", default=False),
        is_equal=reading.flag(table, "isEqual", default=True),
    )


def _merged_silences(told: Iterable[Sequence[Silence]]) -> tuple[Silence, ...]:
    """One of a cluster has one id everywhere; one placed on servers by themselves has several and the same content."""
    found: dict[object, Silence] = {}
    for silences in told:
        for silence in silences:
            content = (frozenset(silence.matchers), silence.ends_at, silence.created_by, silence.comment)
            before = found.get(content)
            merged = silence if before is None else replace(before, places=(*before.places, *silence.places))
            found[content] = merged
    return tuple(sorted(found.values(), key=lambda silence: (silence.ends_at, silence.ids)))
