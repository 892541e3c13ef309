"""The whole at a glance: each part by itself, or in one sentence why it cannot be told; and what needs a person."""

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from importlib.metadata import version
from typing import Generic, TypeVar, cast

from solders.pubkey import Pubkey

from chain.constants import RequestStatus
from chain.errors import ChainError
from chain.rpc import Rpc
from chain.units import Lamports, Slot, sol
from monitoring.exporters.redis_queues import Jobs, RedisQueues
from ops.alerts.seen import AlertsSeen, State, headline
from ops.alerts.seen import Severity as AlertSeverity
from ops.alerts.seen import Standing as AlertStanding
from ops.alerts.watching import Watch
from ops.errors import OperatorError
from ops.explanation import plain
from ops.settlements import check_there
from ops.signers.standing import CouncilStanding
from ops.standing import Standing as Program
from ops.standing import standing as read_program
from settings import Network, Settings
from store import holds, locks
from store.database import Database
from store.errors import StoreError
from store.holds import Hold
from store.migrations import check, revision
from store.settlements import Queue
from store.standing import Standing, standing

T = TypeVar("T")
PATIENCE_S = 5.0
"""What one part may take; the others do not wait for it."""
MOST_LAG = 150
"""Slots, about a minute."""
LEAST_FEES = 20_000_000
"""Lamports: below it somebody must send SOL."""
OVERDUE_S = 60.0
"""What is due for longer is overdue."""
_LATE_READ_S = 120.0
WATCHER = "watcher"


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What is known of one outside part: a value, or the reason for there being none."""

    value: T | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What the database knows. `watcher` is who is active, None for nobody; `step` is what its tables are at."""

    standing: Standing
    hold: Hold | None
    watcher: str | None
    step: int


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
    QUEUE = "queue"
    ALERTS = "alerts"
    SIGNERS = "signers"
    DEPLOYS = "deploys"
    RUNBOOKS = "runbooks"
    AUDIT = "audit"


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
        return Work(await standing(db), await holds.current(db), await locks.holder(db, WATCHER), await revision(db))

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
        yield Attention(
            Severity.NOW, f"The database cannot be asked: {seen.work.why}.", Screen.RUNBOOKS, "database-full"
        )
        return
    now = work.standing
    if work.watcher is None:
        words = "No watcher is active: nothing is followed, closed or queued. Start 'opinion oracle watch'."
        yield Attention(Severity.NOW, words, Screen.RUNBOOKS, "oracle-down")
    if work.hold is not None:
        words = f"{work.hold.placed_by} holds the oracle since {work.hold.placed_at:%H:%M} UTC: {work.hold.why}."
        yield Attention(Severity.SOON, words, Screen.AUDIT, "act:hold")
    uncaptured = now.randomness.get(RequestStatus.REQUESTED)
    if uncaptured is not None and uncaptured.oldest_s > OVERDUE_S:
        words = (
            f"{uncaptured.count} slot hashes are not captured, the oldest for {uncaptured.oldest_s:.0f} s: they lapse."
        )
        yield Attention(Severity.NOW, words, Screen.MARKETS, "state:randomness")
    if parked := sum(now.parked.values()):
        words = f"{parked} settlement{'s are' if parked > 1 else ' is'} parked: a person must look."
        yield Attention(Severity.SOON, words, Screen.MARKETS, "status:parked")
    for queue, line in now.due.items():
        if line.oldest_s > OVERDUE_S:
            words = f"{line.count} due in {queue} and nobody takes them, the oldest for {line.oldest_s:.0f} s."
            yield Attention(Severity.SOON, words, Screen.QUEUE, f"queue:{queue}")
    if now.model_available is False:
        yield Attention(Severity.SOON, "The model that scores opinions does not answer.", Screen.MARKETS, "wait:model")
    read = max(now.reads.values(), default=None)
    if work.watcher is not None and read is not None and (now.at - read).total_seconds() > _LATE_READ_S:
        words = f"The chain was last read in full {(now.at - read).total_seconds():.0f} s ago."
        yield Attention(Severity.SOON, words, Screen.MARKETS)


def _of_queues(seen: Overview) -> Iterator[Attention]:
    if seen.queues.value is None:
        yield Attention(Severity.NOW, f"The queues cannot be seen: {seen.queues.why}.", Screen.RUNBOOKS, "redis-memory")
    elif seen.queues.value.workers == 0:
        yield Attention(Severity.NOW, "No worker is alive: nothing is settled.", Screen.RUNBOOKS, "oracle-down")


def _of_nodes(seen: Overview) -> Iterator[Attention]:
    slots = [node.slot for node in seen.nodes if node.slot is not None]
    if not slots:
        yield Attention(Severity.NOW, "No RPC node answers.", Screen.RUNBOOKS, "rpc-lag")
    for node in seen.nodes:
        if node.slot is None:
            severity = Severity.SOON if slots else Severity.NOTE
            yield Attention(severity, f"{node.name} {node.why}.", Screen.RUNBOOKS, "rpc-lag")
        elif (lag := max(slots) - node.slot) > MOST_LAG:
            yield Attention(Severity.SOON, f"{node.name} is {lag} slots behind the others.", Screen.RUNBOOKS, "rpc-lag")


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
    for payer, balance in fee_payers(program):
        if balance < LEAST_FEES:
            have = sol(balance) if balance else "no SOL"
            yield Attention(Severity.NOW, f"The oracle's key {payer} has {have}: send it some.", Screen.SIGNERS)
    for council in program.councils:
        yield from _of_council(council)


def fee_payers(program: Program) -> Iterator[tuple[Pubkey, Lamports]]:
    """Yield the oracle's keys that pay fees: its own, or of a council the members that do not vote."""
    vaults = {council.authority for council in program.councils}
    for held in program.authorities:
        if held.role == "oracle" and held.key is not None and held.key not in vaults:
            yield held.key, held.balance or Lamports(0)
    for council in program.councils:
        for seat in council.seats:
            if not seat.votes:
                yield seat.key, seat.balance


def _of_council(council: CouncilStanding) -> Iterator[Attention]:
    if council.why is not None:
        yield Attention(Severity.SOON, f"The {council.name} multisig cannot be told: {council.why}.", Screen.SIGNERS)
        return
    for words in council.differences:
        yield Attention(Severity.NOW, f"The {council.name} multisig is not as agreed on: {words}.", Screen.SIGNERS)
    if council.ready < council.threshold:
        who, verb = ("signer", "is") if council.ready == 1 else ("signers", "are")
        needed = f"{council.threshold} {'is' if council.threshold == 1 else 'are'} needed"
        words = f"{council.ready} {who} of the {council.name} multisig {verb} ready, and {needed}."
        yield Attention(Severity.SOON, words, Screen.SIGNERS)
    long = council.long_waiting()
    for first in long[:1]:
        words = f"{len(long)} proposals wait for signatures" if len(long) > 1 else f"Proposal {first.number} waits"
        asked = ", ".join(first.asked) or "nobody"
        yield Attention(Severity.SOON, f"{words}, since {first.since:%H:%M} UTC: ask {asked}.", Screen.SIGNERS)


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


def needs_a_person(seen: Overview) -> bool:
    """Whether anything needs one; notes do not."""
    return any(one.severity >= Severity.SOON for one in attention(seen))


def is_unknown(seen: Overview) -> bool:
    """Whether a vital part could not be told: the database, or every node."""
    return seen.work.value is None or all(node.slot is None for node in seen.nodes)
