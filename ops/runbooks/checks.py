"""Live checks: whether one thing is well, with the figure that says so. Pure: they judge what was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chain.constants import RequestStatus
from chain.units import sol
from ops.alerts.seen import Severity as AlertSeverity
from ops.alerts.seen import Standing as AlertStanding
from ops.alerts.seen import State as AlertState
from ops.alerts.seen import headline
from ops.standing import Standing as Program
from ops.status import LEAST_FEES, MOST_LAG, Overview, Part, Severity, Work
from ops.status import attention as needed
from oracle.settlement.plan import WaitReason
from store.audit_log import ChainState
from store.settlements import Status
from store.size import Size

OVERDUE_S, UNPROVED_S, LATE_READ_S = 60.0, 300.0, 120.0
LAPSES_S = 180.0
"""So long after its slot a slot hash can be captured, about."""
LEAST_LEFT, LEAST_SHARE = 1_000_000_000, 0.2
"""Bytes, and the part of the disk."""
MOST_MEMORY = 0.9


class State(StrEnum):
    """What a step is: as it should be, not as it should be, or nobody can tell now."""

    DONE = "done"
    FAILING = "failing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that Redis takes, and may take at most (None for no limit)."""

    used: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the checks judge."""

    overview: Overview
    size: Part[Size]
    memory: Part[Memory]
    chain: Part[ChainState]
    """How far the audit log is known to be as it was written."""


def judged(seen: Seen) -> Mapping[str, Checked]:
    """Return what every check finds, by its name."""
    return {name: check(seen) for name, check in CHECKS.items()}


def _done(words: str) -> Checked:
    return Checked(State.DONE, words)


def _failing(words: str) -> Checked:
    return Checked(State.FAILING, words)


def _unknown(why: str | None) -> Checked:
    return Checked(State.UNKNOWN, why or "it was not read")


def _of_work(judge: Callable[[Work], Checked]) -> Callable[[Seen], Checked]:
    def check(seen: Seen) -> Checked:
        work = seen.overview.work
        return judge(work.value) if work.value is not None else _unknown(work.why)

    return check


def _of_program(judge: Callable[[Program], Checked]) -> Callable[[Seen], Checked]:
    def check(seen: Seen) -> Checked:
        program = seen.overview.program
        return judge(program.value) if program.value is not None else _unknown(program.why)

    return check


def _waits(reason: WaitReason, what: str) -> Callable[[Seen], Checked]:
    """No settlement waits for this."""

    def judge(work: Work) -> Checked:
        count = work.standing.settlements.get((Status.WAITING, reason), 0)
        return _failing(f"{count} wait for {what}") if count else _done(f"nothing waits for {what}")

    return _of_work(judge)


def _database(seen: Seen) -> Checked:
    work = seen.overview.work
    return _done("it answers") if work.value is not None else _failing(work.why or "it does not answer")


def _redis(seen: Seen) -> Checked:
    queues = seen.overview.queues
    return _done("it answers") if queues.value is not None else _failing(queues.why or "it does not answer")


def _workers(seen: Seen) -> Checked:
    queues = seen.overview.queues
    if queues.value is None:
        return _unknown(queues.why)
    count = queues.value.workers
    return _done(f"{count} are alive") if count else _failing("none is alive")


def _watcher(work: Work) -> Checked:
    return _done(f"{work.watcher} is active") if work.watcher else _failing("none is active")


def _hold(work: Work) -> Checked:
    held = work.hold
    return _done("none is placed") if held is None else _failing(f"{held.placed_by} holds everything: {held.why}")


def _due(work: Work) -> Checked:
    late = {name: line for name, line in work.standing.due.items() if line.oldest_s > OVERDUE_S}
    if not late:
        return _done("nothing is due for longer than a minute")
    told = ", ".join(f"{line.count} in {name}, the oldest for {line.oldest_s:.0f} s" for name, line in late.items())
    return _failing(f"nobody takes {told}")


def _parked(work: Work) -> Checked:
    parked = work.standing.parked
    told = ", ".join(f"{count} in {phase}" for phase, count in parked.items())
    return _failing(f"parked: {told}") if told else _done("nothing is parked")


def _captured(work: Work) -> Checked:
    line = work.standing.randomness.get(RequestStatus.REQUESTED)
    if line is None or not line.count:
        return _done("no slot hash waits to be captured")
    left = LAPSES_S - line.oldest_s
    words = f"{line.count} wait to be captured, the oldest for {line.oldest_s:.0f} s: "
    words += f"it lapses in about {left:.0f} s" if left > 0 else "it has lapsed, unless it was re-armed"
    return _failing(words) if line.oldest_s > OVERDUE_S else _done(words)


def _proved(work: Work) -> Checked:
    line = work.standing.randomness.get(RequestStatus.CAPTURED)
    if line is None or not line.count:
        return _done("no captured slot hash waits for its proof")
    words = f"{line.count} wait for their proof, the oldest {line.oldest_s:.0f} s after its request"
    return _failing(words) if line.oldest_s > UNPROVED_S else _done(words)


def _model(work: Work) -> Checked:
    available = work.standing.model_available
    if available is None:
        return _unknown("no market was analysed yet")
    waiting = work.standing.settlements.get((Status.WAITING, WaitReason.MODEL), 0)
    words = f"answer last time, and {waiting} wait for it" if waiting else "answer last time"
    return _done(f"it did {words}") if available else _failing(f"it did not {words}")


def _chain_read(work: Work) -> Checked:
    read = max(work.standing.reads.values(), default=None)
    if read is None:
        return _failing("the chain was never read in full")
    age = (work.standing.at - read).total_seconds()
    words = f"the chain was last read in full {max(age, 0):.0f} s ago"
    return _failing(words) if age > LATE_READ_S else _done(words)


def _rpc(seen: Seen) -> Checked:
    nodes = seen.overview.nodes
    answering = sum(node.slot is not None for node in nodes)
    words = f"{answering} of {len(nodes)} answer"
    return _done(words) if answering else _failing(words)


def _rpc_lag(seen: Seen) -> Checked:
    nodes = seen.overview.nodes
    slots = [node.slot for node in nodes if node.slot is not None]
    best = max(slots, default=0)
    wrong = [f"{node.name} {node.why}" for node in nodes if node.slot is None]
    wrong += [
        f"{node.name} is {best - node.slot} slots behind"
        for node in nodes
        if node.slot is not None and best - node.slot > MOST_LAG
    ]
    if wrong:
        return _failing("; ".join(wrong))
    return _done(f"all are at slot {best:,}, at most {best - min(slots)} behind") if slots else _unknown("none is set")


def _oracle_key(program: Program) -> Checked:
    held = next(one for one in program.authorities if one.role == "oracle")
    words = f"{held.key} has {sol(held.balance) if held.balance else 'no SOL'}"
    return _done(words) if (held.balance or 0) >= LEAST_FEES else _failing(words)


def _authorities(program: Program) -> Checked:
    proposed = [f"{one.proposed} as {one.role}" for one in program.authorities if one.proposed is not None]
    if proposed:
        return _failing(f"proposed: {', '.join(proposed)}")
    # What was accepted already only a list kept elsewhere can tell: so here is what to compare with it.
    now = ", ".join(f"{one.role} {one.key or 'nobody'}" for one in program.authorities)
    return _done(f"no change is proposed; now there are: {now}")


def _program(program: Program) -> Checked:
    deployed = program.deployed
    words = f"{deployed.hash_[:12]}, {deployed.words()}"
    if deployed.built_hash is None:
        return _unknown(words)
    return _done(words) if deployed.hash_ == deployed.built_hash else _failing(words)


def _attention(seen: Seen) -> Checked:
    urgent = [one.words for one in needed(seen.overview) if one.severity >= Severity.SOON]
    return _failing(" ".join(urgent)) if urgent else _done("nothing needs a person")


def _audit(seen: Seen) -> Checked:
    chain = seen.chain.value
    if chain is None:
        return _unknown(seen.chain.why)
    if chain.first_bad is not None:
        return _failing(chain.words)
    words = f"{chain.words}; the newest has the hash {chain.head}"
    return _done(words) if chain.whole_at is not None else _unknown(words)


def _alerts(seen: Seen) -> Checked:
    found = seen.overview.alerts
    if found.value is None:
        return _unknown(found.why)
    if found.value.standing is AlertStanding.NOT_CONFIGURED:
        return _unknown(headline(found.value))
    if found.value.standing not in (AlertStanding.QUIET, AlertStanding.FIRING):
        return _failing(headline(found.value))
    firing = [
        group.name
        for group in found.value.groups
        if any(one.state is AlertState.FIRING and one.severity >= AlertSeverity.WARNING for one in group.alerts)
    ]
    return _failing(f"firing: {', '.join(firing)}") if firing else _done("alerts arrive, and none fires")


def _size(seen: Seen) -> Checked:
    size = seen.size.value
    if size is None:
        return _unknown(seen.size.why)
    used = f"it takes {size.used / 1e6:,.0f} MB"
    if size.left is None or size.disk is None:
        return Checked(State.UNKNOWN, f"{used}; what its disk has left only its own host sees")
    words = f"{used}, {size.left / 1e9:,.1f} GB are left of {size.disk / 1e9:,.0f}"
    full = size.left < LEAST_LEFT or size.left < LEAST_SHARE * size.disk
    return _failing(words) if full else _done(words)


def _memory(seen: Seen) -> Checked:
    memory = seen.memory.value
    if memory is None:
        return _unknown(seen.memory.why)
    used = f"{memory.used / 1e6:,.1f} MB are used"
    if memory.most is None:
        return _done(f"{used}, no limit is set")
    share = memory.used / memory.most
    words = f"{used} of {memory.most / 1e6:,.0f}, {share:.0%}"
    return _failing(words) if share > MOST_MEMORY else _done(words)


CHECKS: Mapping[str, Callable[[Seen], Checked]] = {
    "alerts": _alerts,
    "attention": _attention,
    "audit": _audit,
    "authorities": _of_program(_authorities),
    "bond": _waits(WaitReason.BOND, "the bond vault to be filled"),
    "captured": _of_work(_captured),
    "chain-read": _of_work(_chain_read),
    "database": _database,
    "database-space": _size,
    "due": _of_work(_due),
    "hold": _of_work(_hold),
    "model": _of_work(_model),
    "oracle-key": _of_program(_oracle_key),
    "parked": _of_work(_parked),
    "program": _of_program(_program),
    "proved": _of_work(_proved),
    "randomness-key": _waits(WaitReason.RANDOMNESS_KEY, "a randomness key that no worker holds"),
    "redis": _redis,
    "redis-memory": _memory,
    "rpc": _rpc,
    "rpc-lag": _rpc_lag,
    "rpc-waits": _waits(WaitReason.RPC, "a node that answers"),
    "texts": _waits(WaitReason.TEXTS, "texts that cannot be had"),
    "watcher": _of_work(_watcher),
    "workers": _workers,
}
