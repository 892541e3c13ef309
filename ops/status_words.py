"""The overview in words: its parts as tiles, as plain lines, and as JSON. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from chain.constants import MarketState
from chain.journal import Outcome
from chain.units import Lamports, sol, usdc
from ops.alerts.seen import sentences
from ops.explanation import plain
from ops.standing import Standing as Program
from ops.status import LEAST_FEES, OVERDUE_S, Node, Overview, Screen, Work, attention, fee_payers, needs_a_person
from settings import Network
from store.migrations import HEAD
from store.settlements import Status
from store.standing import Standing

_BASE_FEE = 5_000
"""Lamports that each signature costs, whatever else is offered."""


class Source(Enum):
    """Where what a tile says comes from, in the order in which tiles stand."""

    DATABASE = "database"
    REDIS = "redis"
    RPC = "rpc"
    PROGRAM = "program"
    ALERTS = "alerts"
    SOFTWARE = "software"


@dataclass(frozen=True, slots=True)
class Tile:
    """One part: where it is known from, what it is, its state in words, and where more of it is shown."""

    source: Source
    name: str
    words: str
    screen: Screen
    words_after: str = ""
    """What to type on that screen, such as a filter."""
    history: Sequence[int] = ()
    """Its values by hour, the newest last."""


def lines(seen: Overview) -> Iterator[str]:
    """Yield the overview line by line, plain, what needs a person first."""
    needed = attention(seen)
    yield f"{seen.network.upper()} at {seen.at:%Y-%m-%d %H:%M:%S} UTC, opinion-markets {seen.version}"
    if not needed:
        yield "Nothing needs a person."
    for one in needed:
        yield f"{one.severity.name:<5} {one.words}"
    for tile in tiles(seen):
        yield f"{tile.name:<12} {tile.words}"


def tiles(seen: Overview) -> Iterator[Tile]:
    """Yield every part."""
    work = seen.work.value
    if work is None:
        yield Tile(Source.DATABASE, "database", f"not known: {seen.work.why}", Screen.RUNBOOKS, "database-full")
    else:
        yield from _work_tiles(work)
    queues = seen.queues.value
    if queues is None:
        yield Tile(Source.REDIS, "redis", f"not known: {seen.queues.why}", Screen.RUNBOOKS, "redis-memory")
    else:
        waiting = ", ".join(
            f"{name} {jobs.count} (oldest {jobs.oldest_s:.0f} s)" for name, jobs in queues.jobs.items() if jobs.count
        )
        yield Tile(Source.REDIS, "redis", f"{queues.workers} workers; jobs: {waiting or 'empty'}", Screen.QUEUE)
    for node in seen.nodes:
        yield Tile(Source.RPC, "rpc", f"{node.name} {_node(node, seen.nodes)}", Screen.RUNBOOKS, "rpc-lag")
    program = seen.program.value
    if program is None:
        yield Tile(Source.PROGRAM, "program", f"not known: {seen.program.why}", Screen.DEPLOYS)
    else:
        yield from _program_tiles(program, work, seen.network)
    found = seen.alerts.value
    words = f"not known: {seen.alerts.why}" if found is None else " ".join(sentences(found))
    yield Tile(Source.ALERTS, "alerts", plain(words), Screen.ALERTS)
    step = "" if work is None else f", database step {work.step} of {HEAD}"
    yield Tile(Source.SOFTWARE, "versions", f"opinion-markets {seen.version}{step}", Screen.DEPLOYS)


def _node(node: Node, nodes: Sequence[Node]) -> str:
    if node.slot is None:
        return f"! {node.why}"
    behind = max(other.slot for other in nodes if other.slot is not None) - node.slot
    return f"at slot {node.slot:,}{f', {behind} behind' if behind else ''}"


def _program_tiles(program: Program, work: Work | None, network: Network) -> Iterator[Tile]:
    yield Tile(Source.PROGRAM, "program", f"{program.deployed.hash_[:12]}, {program.deployed.words()}", Screen.DEPLOYS)
    payers = list(fee_payers(program))
    sent = 0 if work is None else sum(work.standing.sent_by_hour)
    for payer, balance in payers:
        days = "" if work is None else _days(balance, sent)
        have = sol(balance) if balance else "no SOL"
        yield Tile(Source.PROGRAM, "oracle key", f"{have}{days}; {payer}", Screen.SIGNERS)
    for council in program.councils:
        name = "signers" if council.name == "settlement" else "upgraders"
        yield Tile(Source.PROGRAM, name, plain(council.words()), Screen.SIGNERS)
    if not program.councils:
        if network is Network.MAINNET:
            words = "no multisig is set, and only one may record scores here: set ROSTER_PATH and SQUADS_MULTISIG"
        else:
            ready = sum(balance >= LEAST_FEES for _, balance in payers)
            words = f"{ready} of 1 ready: on {network} the oracle's key records scores alone"
        yield Tile(Source.PROGRAM, "signers", words, Screen.SIGNERS)


def _days(balance: Lamports, sent: int) -> str:
    """What it lasts at most: priority fees and the rent of accounts come on top."""
    if not sent:
        return ""
    return f", at most {balance // (sent * _BASE_FEE):,} days at the last day's {sent:,} transactions"


def _work_tiles(work: Work) -> Iterator[Tile]:
    now = work.standing
    states = [f"{now.markets[state]:,} {_state(state)}" for state in (*MarketState, None) if now.markets.get(state)]
    yield Tile(Source.DATABASE, "markets", ", ".join(states) or "none yet", Screen.MARKETS)
    unfinished = "-state:paid -state:refunded"
    yield Tile(Source.DATABASE, "at stake", f"{usdc(now.owed)} held in escrow", Screen.MARKETS, unfinished)
    by_status = {status: sum(n for (s, _), n in now.settlements.items() if s == status) for status in Status}
    counts = ", ".join(f"{by_status[status]:,} {status}" for status in Status if by_status[status])
    yield Tile(Source.DATABASE, "settlements", counts or "none yet", Screen.MARKETS)
    yield Tile(Source.DATABASE, "done today", _today(work), Screen.MARKETS, history=now.settled_by_hour)
    due = ", ".join(
        f"{queue} {line.count} (oldest {line.oldest_s:.0f} s{', OVERDUE' if line.oldest_s > OVERDUE_S else ''})"
        for queue, line in now.due.items()
    )
    yield Tile(Source.DATABASE, "due", due or "nothing", Screen.QUEUE)
    in_work = ", ".join(f"{phase} {count}" for phase, count in now.leases.items())
    yield Tile(Source.DATABASE, "in work", in_work or "nothing", Screen.QUEUE)
    waits = {reason: n for (status, reason), n in now.settlements.items() if reason and status == Status.WAITING}
    waiting = ", ".join(f"{reason} {count}" for reason, count in waits.items())
    yield Tile(Source.DATABASE, "waits", waiting or "none", Screen.MARKETS, "status:waiting")
    yield Tile(Source.DATABASE, "sent", _sent(now), Screen.MARKETS, history=now.sent_by_hour)
    asked = ", ".join(
        f"{status.name.lower()} {line.count} (oldest {line.oldest_s:.0f} s)" for status, line in now.randomness.items()
    )
    yield Tile(Source.DATABASE, "randomness", asked or "none outstanding", Screen.MARKETS, "state:randomness")
    yield Tile(Source.DATABASE, "watcher", work.watcher or "! nobody", Screen.QUEUE)
    held = "none" if work.hold is None else f"! {work.hold.why} ({work.hold.placed_by})"
    yield Tile(Source.DATABASE, "hold", held, Screen.AUDIT, "act:hold")


def _today(work: Work) -> str:
    now = work.standing
    parked, today = sum(now.parked.values()), now.settled
    p95 = f", 95 of 100 within {today.p95_s:.0f} s" if today.p95_s is not None else ""
    told = f"{today.count:,}{p95}"
    if today.count + parked:
        told += f"; {today.count / (today.count + parked):.1%} success, {parked:,} parked"
    return f"{told}, {now.failed:,} failed runs" if now.failed else told


def _sent(now: Standing) -> str:
    landed = f"{sum(now.sent_by_hour):,} transactions landed in 24 h"
    lost = {outcome: count for outcome, count in now.transactions.items() if outcome not in (None, Outcome.LANDED)}
    others = "".join(f", {count:,} {outcome} ever" for outcome, count in lost.items())
    unknown = now.transactions.get(None, 0)
    return f"{landed}{others}{f', {unknown:,} under way' if unknown else ''}"


def depths(seen: Overview) -> Mapping[str, int]:
    """Return how much waits, by the tile that tells of it; what is not known is left out."""
    found: dict[str, int] = {}
    if seen.work.value is not None:
        found["due"] = sum(line.count for line in seen.work.value.standing.due.values())
    if seen.queues.value is not None:
        found["redis"] = sum(jobs.count for jobs in seen.queues.value.jobs.values())
    return found


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
        "parts": [{"name": tile.name, "words": tile.words} for tile in tiles(seen)],
        "parked": None if work is None else sum(work.standing.parked.values()),
        "owed": None if work is None else work.standing.owed,
        "due": None if work is None else {queue: asdict(line) for queue, line in work.standing.due.items()},
        "settled_today": None if work is None else asdict(work.standing.settled),
        "settled_by_hour": None if work is None else list(work.standing.settled_by_hour),
        "sent_by_hour": None if work is None else list(work.standing.sent_by_hour),
        "workers": None if seen.queues.value is None else seen.queues.value.workers,
        "nodes": [asdict(node) for node in seen.nodes],
    }
