"""The whole at a glance: each part by itself, or in one sentence why it cannot be told; and what needs a person."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from importlib.metadata import version
from typing import Any, Generic, TypeVar, cast

from chain.constants import MarketState, RequestStatus
from chain.errors import ChainError
from chain.rpc import Rpc
from chain.units import Slot, sol
from monitoring.exporters.redis_queues import Jobs, RedisQueues
from ops.alerts.seen import AlertsSeen, State, headline, sentences
from ops.alerts.seen import Severity as AlertSeverity
from ops.alerts.seen import Standing as AlertStanding
from ops.alerts.watching import Watch
from ops.errors import OperatorError
from ops.explanation import plain
from ops.settlements import check_there
from ops.standing import Standing as Program
from ops.standing import standing as read_program
from settings import Network, Settings
from store import holds, locks
from store.database import Database
from store.errors import StoreError
from store.holds import Hold
from store.migrations import check
from store.settlements import Queue, Status
from store.standing import Standing, standing

T = TypeVar("T")
PATIENCE_S = 5.0
"""What one part may take; the others do not wait for it."""
MOST_LAG = 150
"""Slots, about a minute."""
LEAST_FEES = 20_000_000
"""Lamports: below it somebody must send SOL."""
_OVERDUE_S = 60.0
_LATE_READ_S = 120.0
WATCHER = "watcher"


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What is known of one outside part: a value, or the reason for there being none."""

    value: T | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What the database knows. `watcher` is who is active, None for nobody."""

    standing: Standing
    hold: Hold | None
    watcher: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """One RPC endpoint: its slot, or why it has none."""

    name: str
    slot: Slot | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Queues:
    """What stands in Redis, and how many worker processes are registered there."""

    jobs: Mapping[str, Jobs]
    workers: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything, at `at`."""

    at: datetime
    network: Network
    version: str
    work: Part[Work]
    queues: Part[Queues]
    nodes: Sequence[Node]
    program: Part[Program]
    alerts: Part[AlertsSeen]


class Severity(IntEnum):
    """How soon a person is needed."""

    NOTE = 1
    SOON = 2
    NOW = 3


class Screen(StrEnum):
    """Where the console shows more."""

    OVERVIEW = "overview"
    MARKETS = "markets"
    ALERTS = "alerts"
    SIGNERS = "signers"
    DEPLOYS = "deploys"


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that a person must do or know, in a sentence."""

    severity: Severity
    words: str
    screen: Screen
    words_after: str = ""
    """What to type on that screen, such as a filter."""


class Reader:
    """Reads overviews over connections that are kept open; opened by `async with`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._db: Database | None = None

    async def __aenter__(self) -> "Reader":
        settings = self._settings
        self._rpc = await self._stack.enter_async_context(Rpc(settings.solana_rpc_url, timeout=PATIENCE_S, rounds=1))
        self._redis = await self._stack.enter_async_context(RedisQueues(settings.redis_url))
        self._watch = await self._stack.enter_async_context(Watch(settings))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def read(self) -> Overview:
        """Read every part at the same time; none fails the others."""
        work, queues, program, alerts, *nodes = await asyncio.gather(
            part(self._work()),
            part(self._queues()),
            part(read_program(self._settings, self._rpc)),
            part(self._watch.read()),
            *(_node(view) for view in self._rpc.each()),
        )
        return Overview(
            at=datetime.now(UTC),
            network=self._settings.network,
            version=version("opinion-markets"),
            work=cast("Part[Work]", work),
            queues=cast("Part[Queues]", queues),
            nodes=cast("Sequence[Node]", nodes),
            program=cast("Part[Program]", program),
            alerts=cast("Part[AlertsSeen]", alerts),
        )

    async def _work(self) -> Work:
        if self._db is None:
            check_there(self._settings)
            db = await self._stack.enter_async_context(Database(self._settings.database_url))
            await check(db)
            self._db = db
        db = self._db
        return Work(await standing(db), await holds.current(db), await locks.holder(db, WATCHER))

    async def _queues(self) -> Queues:
        jobs = await self._redis.look([queue.value for queue in Queue])
        workers = await self._redis.workers()
        if jobs is None or workers is None:
            raise OperatorError("Redis does not answer: start it, and check REDIS_URL.")
        return Queues(jobs, workers)


async def part(reading: Awaitable[T]) -> Part[T]:
    """Return what is read, or why it could not be within PATIENCE_S."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Part(await reading)
    except TimeoutError:
        return Part(None, f"no answer within {PATIENCE_S:g} s")
    except (ChainError, OperatorError, StoreError, OSError) as error:
        return Part(None, str(error).removesuffix("."))


async def _node(view: Rpc) -> Node:
    [endpoint] = view.endpoints
    found = await part(view.slot())
    # Its name stands before the words wherever they are shown.
    why = None if found.why is None else found.why.removeprefix(endpoint.name).strip(" :")
    return Node(endpoint.name, found.value, why)


def attention(seen: Overview) -> tuple[Attention, ...]:
    """Return what needs a person, the most urgent first."""
    found = [*_of_work(seen), *_of_queues(seen), *_of_nodes(seen), *_of_program(seen), *_of_alerts(seen)]
    return tuple(sorted(found, key=lambda one: -one.severity))


def _of_work(seen: Overview) -> Iterator[Attention]:
    work = seen.work.value
    if work is None:
        yield Attention(Severity.NOW, f"The database cannot be asked: {seen.work.why}.", Screen.MARKETS)
        return
    now = work.standing
    if work.watcher is None:
        words = "No watcher is active: nothing is followed, closed or queued. Start 'opinion oracle watch'."
        yield Attention(Severity.NOW, words, Screen.OVERVIEW)
    if work.hold is not None:
        words = f"{work.hold.placed_by} holds the oracle since {work.hold.placed_at:%H:%M} UTC: {work.hold.why}."
        yield Attention(Severity.SOON, words, Screen.OVERVIEW)
    uncaptured = now.randomness.get(RequestStatus.REQUESTED)
    if uncaptured is not None and uncaptured.oldest_s > _OVERDUE_S:
        words = (
            f"{uncaptured.count} slot hashes are not captured, the oldest for {uncaptured.oldest_s:.0f} s: they lapse."
        )
        yield Attention(Severity.NOW, words, Screen.MARKETS, "state:randomness")
    if parked := sum(now.parked.values()):
        words = f"{parked} settlement{'s are' if parked > 1 else ' is'} parked: a person must look."
        yield Attention(Severity.SOON, words, Screen.MARKETS, "status:parked")
    for queue, line in now.due.items():
        if line.oldest_s > _OVERDUE_S:
            words = f"{line.count} due in {queue} and nobody takes them, the oldest for {line.oldest_s:.0f} s."
            yield Attention(Severity.SOON, words, Screen.OVERVIEW)
    if now.model_available is False:
        yield Attention(Severity.SOON, "The model that scores opinions does not answer.", Screen.MARKETS, "wait:model")
    read = max(now.reads.values(), default=None)
    if work.watcher is not None and read is not None and (now.at - read).total_seconds() > _LATE_READ_S:
        words = f"The chain was last read in full {(now.at - read).total_seconds():.0f} s ago."
        yield Attention(Severity.SOON, words, Screen.MARKETS)


def _of_queues(seen: Overview) -> Iterator[Attention]:
    if seen.queues.value is None:
        yield Attention(Severity.NOW, f"The queues cannot be seen: {seen.queues.why}.", Screen.OVERVIEW)
    elif seen.queues.value.workers == 0:
        yield Attention(Severity.NOW, "No worker is alive: nothing is settled.", Screen.OVERVIEW)


def _of_nodes(seen: Overview) -> Iterator[Attention]:
    slots = [node.slot for node in seen.nodes if node.slot is not None]
    if not slots:
        yield Attention(Severity.NOW, "No RPC node answers.", Screen.OVERVIEW)
    for node in seen.nodes:
        if node.slot is None:
            severity = Severity.SOON if slots else Severity.NOTE
            yield Attention(severity, f"{node.name} {node.why}.", Screen.OVERVIEW)
        elif (lag := max(slots) - node.slot) > MOST_LAG:
            yield Attention(Severity.SOON, f"{node.name} is {lag} slots behind the others.", Screen.OVERVIEW)


def _of_program(seen: Overview) -> Iterator[Attention]:
    program = seen.program.value
    if program is None:
        if any(node.slot is not None for node in seen.nodes):
            yield Attention(Severity.SOON, f"The program cannot be read: {seen.program.why}.", Screen.DEPLOYS)
        return
    if program.paused:
        yield Attention(Severity.NOTE, "The program is paused: no market can be opened.", Screen.DEPLOYS)
    if program.deployed.built_hash not in (None, program.deployed.hash_):
        yield Attention(Severity.NOTE, "The program runs another build than this software's.", Screen.DEPLOYS)
    for held in program.authorities:
        if held.role == "oracle" and (held.balance or 0) < LEAST_FEES:
            have = sol(held.balance) if held.balance else "no SOL"
            yield Attention(Severity.NOW, f"The oracle's key {held.key} has {have}: send it some.", Screen.SIGNERS)


def _of_alerts(seen: Overview) -> Iterator[Attention]:
    found = seen.alerts.value
    if found is None:
        yield Attention(Severity.SOON, f"The alerts cannot be read: {seen.alerts.why}.", Screen.ALERTS)
        return
    blind = [AlertStanding.UNREACHABLE, AlertStanding.WATCHDOG_MISSING]
    if seen.network is Network.MAINNET:
        blind.append(AlertStanding.NOT_CONFIGURED)
    if found.standing in blind:
        yield Attention(Severity.SOON, plain(headline(found)), Screen.ALERTS)
    for group in found.groups:
        firing = [alert for alert in group.alerts if alert.state is State.FIRING]
        worst = max((alert.severity for alert in firing), default=AlertSeverity.OTHER)
        if worst >= AlertSeverity.WARNING:
            severity = Severity.NOW if worst is AlertSeverity.CRITICAL else Severity.SOON
            count = f" ({len(firing)})" if len(firing) > 1 else ""
            words = f"{group.name}{count} fires since {firing[0].since:%H:%M} UTC: {firing[0].words}"
            yield Attention(severity, plain(words), Screen.ALERTS, f"name:{plain(group.name)}")


def lines(seen: Overview) -> Iterator[str]:
    """Yield the overview line by line, plain, what needs a person first."""
    needed = attention(seen)
    yield f"{seen.network.upper()} at {seen.at:%Y-%m-%d %H:%M:%S} UTC, opinion-markets {seen.version}"
    if not needed:
        yield "Nothing needs a person."
    for one in needed:
        yield f"{one.severity.name:<5} {one.words}"
    for name, words, _ in tiles(seen):
        yield f"{name:<12} {words}"


def tiles(seen: Overview) -> Iterator[tuple[str, str, Screen]]:
    """Yield (what, its state in words, where more of it is shown)."""
    work = seen.work.value
    if work is None:
        yield "database", f"not known: {seen.work.why}", Screen.MARKETS
    else:
        yield from _work_tiles(work)
    queues = seen.queues.value
    if queues is None:
        yield "redis", f"not known: {seen.queues.why}", Screen.OVERVIEW
    else:
        waiting = ", ".join(f"{name} {jobs.count}" for name, jobs in queues.jobs.items() if jobs.count) or "empty"
        yield "redis", f"{queues.workers} workers; jobs: {waiting}", Screen.OVERVIEW
    for node in seen.nodes:
        yield (
            "rpc",
            f"{node.name} " + (f"at slot {node.slot:,}" if node.slot is not None else f"! {node.why}"),
            Screen.OVERVIEW,
        )
    program = seen.program.value
    if program is None:
        yield "program", f"not known: {seen.program.why}", Screen.DEPLOYS
    else:
        yield "program", f"{program.deployed.hash_[:12]}, {program.deployed.words()}", Screen.DEPLOYS
        held = next(one for one in program.authorities if one.role == "oracle")
        yield "oracle key", f"{held.key}: {held.words()}", Screen.SIGNERS
    found = seen.alerts.value
    words = f"not known: {seen.alerts.why}" if found is None else " ".join(sentences(found))
    yield "alerts", plain(words), Screen.ALERTS


def _work_tiles(work: Work) -> Iterator[tuple[str, str, Screen]]:
    now = work.standing
    states = [f"{now.markets[state]:,} {_state(state)}" for state in (*MarketState, None) if now.markets.get(state)]
    yield "markets", ", ".join(states) or "none yet", Screen.MARKETS
    by_status = {status: sum(n for (s, _), n in now.settlements.items() if s == status) for status in Status}
    counts = ", ".join(f"{by_status[status]:,} {status}" for status in Status if by_status[status])
    yield "settlements", counts or "none yet", Screen.MARKETS
    today = now.settled
    p95 = f", 95 of 100 within {today.p95_s:.0f} s" if today.p95_s is not None else ""
    yield "done today", f"{today.count:,}{p95}", Screen.MARKETS
    due = ", ".join(f"{queue} {line.count} (oldest {line.oldest_s:.0f} s)" for queue, line in now.due.items())
    yield "due", due or "nothing", Screen.OVERVIEW
    yield "in work", ", ".join(f"{phase} {count}" for phase, count in now.leases.items()) or "nothing", Screen.OVERVIEW
    waits = {reason: n for (status, reason), n in now.settlements.items() if reason and status == Status.WAITING}
    yield "waits", ", ".join(f"{reason} {count}" for reason, count in waits.items()) or "none", Screen.MARKETS
    asked = ", ".join(f"{status.name.lower()} {line.count}" for status, line in now.randomness.items())
    yield "randomness", asked or "none outstanding", Screen.MARKETS
    yield "watcher", work.watcher or "! nobody", Screen.OVERVIEW
    yield "hold", "none" if work.hold is None else f"! {work.hold.why} ({work.hold.placed_by})", Screen.OVERVIEW


def _state(state: MarketState | None) -> str:
    return "finished" if state is None else state.name.lower().replace("_", " ")


def report(seen: Overview) -> dict[str, Any]:
    """Return the overview as a JSON object; `schema` counts up when its shape changes."""
    work = seen.work.value
    return {
        "schema": 1,
        "at": seen.at.isoformat(),
        "network": str(seen.network),
        "version": seen.version,
        "ok": not needs_a_person(seen),
        "attention": [{**asdict(one), "severity": one.severity.name.lower()} for one in attention(seen)],
        "parts": [{"name": name, "words": words} for name, words, _ in tiles(seen)],
        "parked": None if work is None else sum(work.standing.parked.values()),
        "nodes": [asdict(node) for node in seen.nodes],
    }


def needs_a_person(seen: Overview) -> bool:
    """Whether anything needs one; notes do not."""
    return any(one.severity >= Severity.SOON for one in attention(seen))


def is_unknown(seen: Overview) -> bool:
    """Whether a vital part could not be told: the database, or every node."""
    return seen.work.value is None or all(node.slot is None for node in seen.nodes)
