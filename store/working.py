"""What the database says of work: of the markets that somebody asks about, of live leases, and of each queue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database, clock
from store.pauses import Pause, paused_queues
from store.schema import settlement
from store.settlements import Phase, Queue, Status

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """One market's work. `holder` is who has it under a live lease, None for nobody; `attempt` counts failures."""

    market: str
    phase: Phase
    queue: Queue
    status: Status
    attempt: int
    holder: str | None
    wait_reason: str | None
    reason: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One queue: what is due and held by nobody, since when the oldest, and how many are under a live lease."""

    due: int = 0
    oldest: datetime | None = None
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The moment, at the database's own time `at`. `lines` and `pauses` are by queue."""

    at: datetime
    markets: Mapping[str, Working]
    lines: Mapping[str, Line]
    pauses: Mapping[str, Pause]


async def work(db: Database, markets: Collection[str]) -> Work:
    """Return the work on these markets, on those under a live lease, and every queue's line. Raises StoreError."""
    asked = sorted(markets)
    async with db.snapshot() as connection:
        now: datetime = (await connection.execute(select(clock()))).scalar_one()
        held = settlement.c.lease_until > now
        found = await _rows(connection, held, now)
        for begin in range(0, len(asked), _CHUNK):
            found |= await _rows(connection, settlement.c.market.in_(asked[begin : begin + _CHUNK]), now)
        return Work(
            at=now, markets=found, lines=await _lines(connection, held, now), pauses=await paused_queues(connection)
        )


async def _rows(connection: AsyncConnection, which: ColumnElement[bool], now: datetime) -> dict[str, Working]:
    c = settlement.c
    columns = (c.market, c.phase, c.queue, c.status, c.attempt, c.holder, c.lease_until, c.wait_reason, c.reason)
    rows = (await connection.execute(select(*columns, c.due_at).where(which))).all()
    return {
        row.market: Working(
            market=row.market,
            phase=Phase(row.phase),
            queue=Queue(row.queue),
            status=Status(row.status),
            attempt=row.attempt,
            holder=row.holder if row.lease_until is not None and row.lease_until > now else None,
            wait_reason=row.wait_reason,
            reason=row.reason,
            due_at=row.due_at,
        )
        for row in rows
    }


async def _lines(connection: AsyncConnection, held: ColumnElement[bool], now: datetime) -> dict[str, Line]:
    is_open = settlement.c.status.in_((Status.READY, Status.WAITING))
    free = or_(settlement.c.lease_until.is_(None), settlement.c.lease_until <= now)
    due = and_(is_open, free, settlement.c.due_at <= now)
    counts = select(settlement.c.queue, func.count(), func.min(settlement.c.due_at)).group_by(settlement.c.queue)
    waiting = {queue: (count, oldest) for queue, count, oldest in await connection.execute(counts.where(due))}
    in_hand = {queue: count for queue, count, _ in await connection.execute(counts.where(held))}
    lines: dict[str, Line] = {}
    for queue in Queue:
        count, oldest = waiting.get(queue, (0, None))
        lines[queue] = Line(due=count, oldest=oldest, held=in_hand.get(queue, 0))
    return lines
