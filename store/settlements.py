"""The truth of work: which market is in which phase, who holds it and until when.

A claim is a lease under a fence. Whatever the holder writes is checked against both by the database and its clock, so
a holder that was asleep writes nothing any more once another has taken the market over.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Update, and_, case, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store import audit
from store.database import Database, after, clock
from store.errors import FenceLost, NoSlot, OnHold, QueuePaused, SettlementMoved, SettlementRefused
from store.holds import placed
from store.pauses import paused
from store.schema import lock, phase_run, proposal, settlement

LEASE = timedelta(seconds=8)
SLOTS = 10
TAKEOVERS = 10
"""How often a phase whose worker died is taken over; once more, and it is parked."""
_ANALYSIS_LOCK = "analysis"


class Phase(StrEnum):
    """What is done to a market, in this order; refund instead of the three before it."""

    CLOSE = "close"
    ANALYSE = "analyse"
    RECORD = "record"
    REQUEST = "request"
    CAPTURE = "capture"
    PROVE = "prove"
    DRAW = "draw"
    PAY = "pay"
    REFUND = "refund"
    FINISH = "finish"


class Queue(StrEnum):
    """Where a settlement's jobs wait, the most urgent first."""

    CAPTURE = "capture"
    SETTLE = "settle"
    ANALYSE = "analyse"
    CLEAN = "clean"


class Status(StrEnum):
    """Ready and waiting are worked on when due; a parked one needs a person."""

    READY = "ready"
    WAITING = "waiting"
    PARKED = "parked"
    DONE = "done"


class RunOutcome(StrEnum):
    """How one run of a phase ended; failed costs an attempt, an outage and a lost lease do not."""

    DONE = "done"
    WAITED = "waited"
    FAILED = "failed"
    OUTAGE = "outage"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One market's row. Times are UTC; `holder` stays after its lease ran out, until another takes the market over."""

    market: str
    phase: Phase
    queue: Queue
    status: Status
    attempt: int
    takeovers: int
    fence: int
    holder: str | None
    lease_until: datetime | None
    due_at: datetime
    wait_reason: str | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person saw of a settlement before they acted on it."""

    status: Status
    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a market while the lease lives. `attempt` counts the phase's failures so far.

    `taken_over` says that the one before died with it, `takeovers` how often that has happened in the phase.
    """

    market: str
    fence: int
    holder: str
    phase: Phase
    attempt: int
    takeovers: int
    taken_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a phase, under way."""

    id: int


_OPEN = settlement.c.status.in_((Status.READY, Status.WAITING))
_FREE = or_(settlement.c.lease_until.is_(None), settlement.c.lease_until <= clock())
_URGENCY = case({queue: place for place, queue in enumerate(Queue)}, value=settlement.c.queue)
_RELEASED: dict[str, Any] = {"holder": None, "lease_until": None}


async def add(db: Database, market: str, phase: Phase = Phase.CLOSE, queue: Queue = Queue.SETTLE) -> bool:
    """Note a market as due at once; False when it is known already, which changes nothing."""
    insert_into = sqlite_insert if db.sqlite else postgresql_insert
    values = {"market": market, "phase": phase, "queue": queue, "status": Status.READY}
    values |= {"due_at": clock(), "created_at": clock()}
    adding = insert_into(settlement).values(values).on_conflict_do_nothing().returning(settlement.c.market)
    async with db.write() as connection:
        return (await connection.execute(adding)).first() is not None


async def get(db: Database, market: str) -> Settlement | None:
    """Return the market's row, None where it is not known."""
    async with db.read() as connection:
        found = await connection.execute(select(settlement).where(settlement.c.market == market))
        row = found.mappings().one_or_none()
    return None if row is None else _settlement(row)


async def all_of(db: Database, *statuses: Status) -> list[Settlement]:
    """Return every settlement with one of the statuses, the oldest first; all where none is given."""
    rows = select(settlement).order_by(settlement.c.created_at, settlement.c.market)
    if statuses:
        rows = rows.where(settlement.c.status.in_(statuses))
    async with db.read() as connection:
        return [_settlement(row) for row in (await connection.execute(rows)).mappings()]


async def due(db: Database, limit: int) -> list[Settlement]:
    """Return what may be claimed now, the most urgent queue first and in it what is due the longest.

    A queue that is paused has nothing that may be.
    """
    rows = select(settlement).where(_claimable()).order_by(_URGENCY, settlement.c.due_at, settlement.c.market)
    async with db.read() as connection:
        return [_settlement(row) for row in (await connection.execute(rows.limit(limit))).mappings()]


async def claim(
    db: Database, market: str, holder: str, analysis_slots: int = SLOTS, lease: timedelta = LEASE
) -> Claim | None:
    """Take the market for `lease`; None when it is not due, is held, parked, done or not known, or its queue paused.

    `holder` is unique to the process and its job. Taking it over from one whose lease ran out ends that one's run as
    lost and is counted; after too many for one phase the market is parked. Raises NoSlot in phase analyse when as
    many analyses as `analysis_slots` are under way in the whole deployment.
    """
    async with db.write() as connection:
        found = select(settlement).where(settlement.c.market == market, _claimable())
        row = (await connection.execute(found.with_for_update())).one_or_none()
        if row is None:
            return None
        if row.holder is not None:
            await _end_open_runs(connection, market, f"{row.holder} stopped renewing its lease")
            if row.takeovers >= TAKEOVERS:
                words = f"{row.phase} was taken over {TAKEOVERS} times from workers that died in it"
                await _park(connection, market, words, holder)
                return None
        if row.phase == Phase.ANALYSE:
            await _take_slot(connection, analysis_slots)
        taking: dict[str, Any] = {"holder": holder, "fence": row.fence + 1, "lease_until": after(lease)}
        taking["takeovers"] = row.takeovers + (row.holder is not None)
        await connection.execute(update(settlement).where(settlement.c.market == market).values(taking))
    return Claim(
        market=market,
        fence=row.fence + 1,
        holder=holder,
        phase=Phase(row.phase),
        attempt=row.attempt,
        takeovers=taking["takeovers"],
        taken_over=row.holder is not None,
    )


async def renew(db: Database, claim: Claim, lease: timedelta = LEASE) -> bool:
    """Hold the market for `lease` from now; False when the lease ran out or is lost: stop at once."""
    renewing = update(settlement).where(held(claim)).values(lease_until=after(lease))
    async with db.write() as connection:
        return (await connection.execute(renewing)).rowcount == 1


async def begin(db: Database, claim: Claim, phase: Phase, worker: str, queue: Queue | None = None) -> Run:
    """Note that the phase is being run; attempts and takeovers count anew when it is another than before.

    `queue` is the phase's own, which may be another than the one that the market was claimed from. Raises FenceLost,
    OnHold, QueuePaused. Analyse needs a claim that was made for it, since only that has a slot (ValueError).
    """
    if phase is Phase.ANALYSE and claim.phase is not Phase.ANALYSE:
        raise ValueError(f"{claim.market} is claimed for {claim.phase}: release it for analyse, and claim it again")
    same = settlement.c.phase == phase
    beginning = update(settlement).where(held(claim), ~placed(), ~paused(queue or settlement.c.queue))
    beginning = beginning.values(
        phase=phase,
        attempt=case((same, settlement.c.attempt), else_=0),
        takeovers=case((same, settlement.c.takeovers), else_=0),
        started_at=func.coalesce(settlement.c.started_at, clock()),
        wait_reason=None,
        reason=None,
    )
    async with db.write() as connection:
        row = (await connection.execute(beginning.returning(settlement.c.attempt))).one_or_none()
        if row is None:
            raise await _not_begun(connection, claim, phase, queue)
        run = {"market": claim.market, "phase": phase, "fence": claim.fence, "attempt": row.attempt + 1}
        running = insert(phase_run).values(run | {"worker": worker, "started_at": clock()})
        return Run(id=(await connection.execute(running.returning(phase_run.c.id))).scalar_one())


async def end(db: Database, claim: Claim, run: Run, outcome: RunOutcome, reason: str | None = None) -> None:
    """Note how the run ended; one that was ended already, because the market was taken over, stays as it is."""
    mine = (phase_run.c.id == run.id) & (phase_run.c.fence == claim.fence) & phase_run.c.ended_at.is_(None)
    async with db.write() as connection:
        ending = update(phase_run).where(mine).values(ended_at=clock(), outcome=outcome, reason=reason)
        await connection.execute(ending)


async def release(
    db: Database,
    claim: Claim,
    *,
    phase: Phase,
    queue: Queue,
    due_in: timedelta,
    wait_reason: str | None,
    reason: str | None,
    attempt: int,
    status: Status,
    planned: bool = False,
) -> bool:
    """Give the market back, due `due_in` from now; False when it is somebody else's by now, and nothing changes.

    Also after the lease ran out, as long as nobody took the market over. A wait that the plan asked for (`planned`) is
    noted as a run of its own without length, once however often it is looked at: it lasts until the market's next run.
    """
    values: dict[str, Any] = {
        "phase": phase,
        "queue": queue,
        "status": status,
        "attempt": attempt,
        "takeovers": case((settlement.c.phase == phase, settlement.c.takeovers), else_=0),
        "due_at": after(due_in),
        "wait_reason": wait_reason,
        "reason": reason,
        "finished_at": clock() if status is Status.DONE else None,
    }
    async with db.write() as connection:
        releasing = update(settlement).where(_fenced(claim)).values(values | _RELEASED)
        if (await connection.execute(releasing)).rowcount == 0:
            return False
        if planned:
            await _note_wait(connection, claim, phase, wait_reason, attempt)
        return True


async def finish(db: Database, claim: Claim) -> bool:
    """Give the market back as done, for good; False when it is somebody else's by now."""
    return await release(
        db,
        claim,
        phase=Phase.FINISH,
        queue=Queue.CLEAN,
        due_in=timedelta(0),
        wait_reason=None,
        reason=None,
        attempt=0,
        status=Status.DONE,
    )


async def park(db: Database, market: str, reason: str, actor: str, seen: Seen | None = None) -> None:
    """Take the market from whoever works on it; nobody does until `retry`.

    Raises SettlementRefused, SettlementMoved where it is not as `seen` any more.
    """
    async with db.write() as connection:
        await refuse_unless_open(connection, market, seen)
        await _end_open_runs(connection, market, f"parked by {actor}")
        await _park(connection, market, reason, actor)


async def retry(db: Database, market: str, actor: str, seen: Seen | None = None) -> None:
    """Make the market due at once with its attempts and takeovers forgotten, whoever works on it or whatever it waits
    for. Raises SettlementRefused, SettlementMoved where it is not as `seen` any more."""
    values: dict[str, Any] = {"status": Status.READY, "attempt": 0, "takeovers": 0, "due_at": clock()}
    values |= {"wait_reason": None, "reason": None, "fence": settlement.c.fence + 1}
    async with db.write() as connection:
        await refuse_unless_open(connection, market, seen)
        await _end_open_runs(connection, market, f"started anew by {actor}")
        await connection.execute(update(settlement).where(settlement.c.market == market).values(values | _RELEASED))
        await connection.execute(_answer(market))
        await audit.append(connection, actor, "retry", market, {})


async def still_in(db: Database, markets: Collection[str], phases: Collection[Phase]) -> list[str]:
    """Return those of the markets that wait, due or not, in one of the phases, and that nobody works on."""
    waiting = and_(_OPEN, _FREE, settlement.c.market.in_(markets), settlement.c.phase.in_(phases))
    async with db.read() as connection:
        rows = select(settlement.c.market).where(waiting).order_by(settlement.c.market)
        return list((await connection.execute(rows)).scalars())


async def move(db: Database, market: str, phase: Phase, queue: Queue, actor: str, why: str) -> bool:
    """Make the market due at once for another phase, parked or not; False where somebody works on it or it is done."""
    values: dict[str, Any] = {"status": Status.READY, "phase": phase, "queue": queue, "due_at": clock()}
    values |= {"attempt": 0, "takeovers": 0, "wait_reason": None, "reason": None, "fence": settlement.c.fence + 1}
    mine = and_(settlement.c.market == market, settlement.c.status != Status.DONE, _FREE)
    async with db.write() as connection:
        moving = update(settlement).where(mine).values(values | _RELEASED)
        if (await connection.execute(moving)).rowcount == 0:
            return False
        await _end_open_runs(connection, market, f"moved to {phase} by {actor}")
        await audit.append(connection, actor, "move", market, {"phase": phase, "why": why})
        return True


def _answer(market: str) -> Update:
    """What the members refused may be proposed again once a person has looked at it."""
    refused = (proposal.c.market == market) & proposal.c.refused_at.is_not(None) & proposal.c.answered_at.is_(None)
    return update(proposal).where(refused).values(answered_at=clock())


async def outages(db: Database, market: str, most: int = 8) -> int:
    """Return how many of the market's newest runs ended in an outage, one after the other; `most` at most."""
    runs = select(phase_run.c.outcome).where(phase_run.c.market == market, phase_run.c.ended_at.is_not(None))
    async with db.read() as connection:
        newest = (await connection.execute(runs.order_by(phase_run.c.id.desc()).limit(most))).scalars().all()
    return next((place for place, outcome in enumerate(newest) if outcome != RunOutcome.OUTAGE), len(newest))


def held(claim: Claim) -> ColumnElement[bool]:
    """Return whether the claim's holder may act: its fence is the newest and its lease lives."""
    return and_(_fenced(claim), settlement.c.lease_until > clock())


async def refusal(connection: AsyncConnection, claim: Claim) -> FenceLost | OnHold:
    """Return why the claim's holder may not act, after a statement found that so."""
    held_still = (await connection.execute(select(settlement.c.market).where(held(claim)))).first() is not None
    if held_still:
        return OnHold(f"{claim.market} goes no further while a hold is placed: `opinion resume` lifts it")
    return FenceLost(f"{claim.market} is no longer held by {claim.holder} under fence {claim.fence}: leave it alone")


async def _not_begun(
    connection: AsyncConnection, claim: Claim, phase: Phase, queue: Queue | None
) -> FenceLost | OnHold | QueuePaused:
    is_paused = select(settlement.c.queue).where(held(claim), ~placed(), paused(queue or settlement.c.queue))
    if (await connection.execute(is_paused)).first() is not None:
        return QueuePaused(f"{claim.market} does not begin {phase}: its queue is paused until `opinion queue unpause`")
    return await refusal(connection, claim)


def _fenced(claim: Claim) -> ColumnElement[bool]:
    """The holder too, since a restored database gives out the same fences again."""
    return and_(
        settlement.c.market == claim.market,
        settlement.c.fence == claim.fence,
        settlement.c.holder == claim.holder,
    )


def _claimable() -> ColumnElement[bool]:
    return and_(_OPEN, settlement.c.due_at <= clock(), _FREE, ~paused(settlement.c.queue))


async def _take_slot(connection: AsyncConnection, slots: int) -> None:
    """Count under the lock that everybody who takes a slot holds until it has written its lease."""
    await connection.execute(select(lock.c.name).where(lock.c.name == _ANALYSIS_LOCK).with_for_update())
    analysing = and_(settlement.c.phase == Phase.ANALYSE, settlement.c.lease_until > clock())
    taken = (await connection.execute(select(func.count()).select_from(settlement).where(analysing))).scalar_one()
    if taken >= slots:
        raise NoSlot(f"{taken} analyses are under way, and {slots} may be: try again when one has ended")


async def refuse_unless_open(connection: AsyncConnection, market: str, seen: Seen | None) -> None:
    """Raise SettlementRefused for a market that is done or not known, SettlementMoved for one that is not as seen.

    Locks its row for the rest of the transaction.
    """
    rows = select(settlement.c.status, settlement.c.phase).where(settlement.c.market == market).with_for_update()
    row = (await connection.execute(rows)).one_or_none()
    if row is None:
        raise SettlementRefused(f"{market} is not a market that the oracle knows: check the address")
    if row.status == Status.DONE:
        raise SettlementRefused(f"{market} is done already: nothing is left to do")
    if seen is not None and (row.status, row.phase) != (seen.status, seen.phase):
        raise SettlementMoved(
            f"{market} was {seen.status} in {seen.phase} and is {row.status} in {row.phase} by now: look at it again"
        )


async def _note_wait(
    connection: AsyncConnection, claim: Claim, phase: Phase, wait_reason: str | None, attempt: int
) -> None:
    newest = select(phase_run.c.phase, phase_run.c.outcome, phase_run.c.reason)
    newest = newest.where(phase_run.c.market == claim.market).order_by(phase_run.c.id.desc()).limit(1)
    run = (await connection.execute(newest)).one_or_none()
    if run is not None and tuple(run) == (phase, RunOutcome.WAITED, wait_reason):
        return
    values = {"market": claim.market, "phase": phase, "fence": claim.fence, "attempt": attempt + 1}
    values |= {"worker": claim.holder, "outcome": RunOutcome.WAITED, "reason": wait_reason}
    await connection.execute(insert(phase_run).values(values | {"started_at": clock(), "ended_at": clock()}))


async def _park(connection: AsyncConnection, market: str, reason: str, actor: str) -> None:
    values: dict[str, Any] = {"status": Status.PARKED, "reason": reason, "wait_reason": None}
    values["fence"] = settlement.c.fence + 1
    await connection.execute(update(settlement).where(settlement.c.market == market).values(values | _RELEASED))
    await audit.append(connection, actor, "park", market, {"reason": reason})


async def _end_open_runs(connection: AsyncConnection, market: str, reason: str) -> None:
    open_runs = (phase_run.c.market == market) & phase_run.c.ended_at.is_(None)
    ending = update(phase_run).where(open_runs).values(ended_at=clock(), outcome=RunOutcome.LOST, reason=reason)
    await connection.execute(ending)


def _settlement(row: RowMapping) -> Settlement:
    values: dict[str, Any] = dict(row)
    values |= {"phase": Phase(row["phase"]), "queue": Queue(row["queue"]), "status": Status(row["status"])}
    return Settlement(**values)
