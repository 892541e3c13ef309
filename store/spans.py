"""What happened between two times beside the acts of the audit log: runs of phases, settlements, holds, pauses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, and_, distinct, func, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.schema import hold, millis_of, pause, phase_run, settlement
from store.settlements import Phase, RunOutcome, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSeen:
    """One run of a phase of one market; without an end it is under way, or its worker died."""

    market: str
    phase: str
    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasesDone:
    """How many runs of a phase that began within one part of the time did what they should."""

    start: datetime
    phase: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A hold of the whole oracle, or a pause of one `queue`; not lifted yet where `lifted_at` is None."""

    queue: str | None
    why: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What became of settlements: those that ended, of them refunded, with the seconds from start to end that 95 of 100
    did not exceed; and the runs that failed, with the markets they were of."""

    done: int
    refunded: int
    p95_s: float | None
    failed: int
    failed_markets: int


async def troubles(
    db: Database, since: datetime, until: datetime, limit: int, market: str = ""
) -> tuple[PhaseSeen, ...]:
    """Return the first `limit` runs that began between the times and did not do what they should, oldest first.

    A run without an outcome is among them, a mere wait is not.
    """
    fine = phase_run.c.outcome.in_((RunOutcome.WAITED, RunOutcome.DONE))
    return await _runs(db, _began(since, until, market) & or_(phase_run.c.outcome.is_(None), ~fine), limit)


async def successes(
    db: Database, since: datetime, until: datetime, limit: int, market: str = ""
) -> tuple[PhaseSeen, ...]:
    """Return the first `limit` runs that began between the times and did what they should, oldest first."""
    return await _runs(db, _began(since, until, market) & (phase_run.c.outcome == RunOutcome.DONE), limit)


async def successes_counted(
    db: Database, since: datetime, until: datetime, part: timedelta, market: str = ""
) -> tuple[PhasesDone, ...]:
    """Return how many runs did what they should in each part of the time, by phase, oldest part first."""
    began, length = type_coerce(phase_run.c.started_at, BigInteger), part // timedelta(milliseconds=1)
    number = ((began - millis_of(since)) // length).label("number")
    query = (
        select(number, phase_run.c.phase, func.count().label("runs"))
        .where(_began(since, until, market), phase_run.c.outcome == RunOutcome.DONE)
        .group_by(number, phase_run.c.phase)
    )
    order = {phase.value: place for place, phase in enumerate(Phase)}
    async with db.read() as connection:
        rows = (await connection.execute(query)).all()
    found = sorted(rows, key=lambda row: (row.number, order.get(row.phase, len(order))))
    return tuple(PhasesDone(start=since + row.number * part, phase=row.phase, count=row.runs) for row in found)


async def stops(db: Database, since: datetime, until: datetime) -> tuple[Stop, ...]:
    """Return every hold and pause that held at any time between the two, oldest first."""
    found: list[Stop] = []
    async with db.read() as connection:
        for table in (hold, pause):
            lasted = or_(table.c.lifted_at.is_(None), table.c.lifted_at > since)
            rows = await connection.execute(select(table).where(table.c.placed_at < until, lasted))
            found += [
                Stop(
                    queue=row.get("queue"), **{name: row[name] for name in Stop.__dataclass_fields__ if name != "queue"}
                )
                for row in rows.mappings()
            ]
    return tuple(sorted(found, key=lambda stop: (stop.placed_at, stop.queue or "")))


async def settling(db: Database, since: datetime, until: datetime) -> Settling:
    """Return what became of settlements between the times."""
    async with db.snapshot() as connection:
        done, took, refunded = await _ended(connection, since, until)
        failures = select(func.count(), func.count(distinct(phase_run.c.market))).where(
            _began(since, until), phase_run.c.outcome == RunOutcome.FAILED
        )
        failed, markets = (await connection.execute(failures)).one()
    p95_s = took[(len(took) * 95 - 1) // 100] if took else None
    return Settling(done=done, refunded=refunded, p95_s=p95_s, failed=failed, failed_markets=markets)


async def _ended(connection: AsyncConnection, since: datetime, until: datetime) -> tuple[int, list[float], int]:
    """How many settlements ended, the seconds of those that were worked on here, sorted, and how many were refunds."""
    row = settlement.c
    ended = and_(row.status == Status.DONE, row.finished_at >= since, row.finished_at < until)
    rows = (await connection.execute(select(row.started_at, row.finished_at).where(ended))).all()
    took = sorted((one.finished_at - one.started_at).total_seconds() for one in rows if one.started_at)
    refunds = select(func.count(distinct(row.market))).where(
        ended,
        phase_run.c.market == row.market,
        phase_run.c.phase == Phase.REFUND,
        phase_run.c.outcome == RunOutcome.DONE,
    )
    return len(rows), took, (await connection.execute(refunds)).scalar_one()


def _began(since: datetime, until: datetime, market: str = "") -> ColumnElement[bool]:
    between = and_(phase_run.c.started_at >= since, phase_run.c.started_at < until)
    return and_(between, phase_run.c.market == market) if market else between


async def _runs(db: Database, which: ColumnElement[bool], limit: int) -> tuple[PhaseSeen, ...]:
    columns = [phase_run.c[name] for name in PhaseSeen.__dataclass_fields__]
    query = select(*columns).where(which).order_by(phase_run.c.started_at, phase_run.c.id).limit(limit)
    async with db.read() as connection:
        return tuple(PhaseSeen(**row) for row in (await connection.execute(query)).mappings())
