"""Pauses: while a queue is paused, nobody claims a market of it and no phase of it begins; others go on.

A pause is kept here and not in Redis, which may lose it: workers that begin again by themselves are what it is against.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import audit
from store.database import Database, clock
from store.schema import pause, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why a queue is paused, who said so, and since when (UTC)."""

    why: str
    placed_by: str
    placed_at: datetime


async def place(db: Database, queue: str, why: str, actor: str) -> Pause:
    """Pause the queue and return the pause that counts, the oldest. All that are placed are lifted as one."""
    async with db.write() as connection:
        oldest = select(pause.c.why, pause.c.placed_by, pause.c.placed_at).order_by(pause.c.id).limit(1)
        mine = oldest.where(pause.c.queue == queue, pause.c.lifted_at.is_(None))
        await audit.append(connection, actor, "pause", f"queue {queue}", {"why": storable(why)})
        placing = insert(pause).values(queue=queue, why=why, placed_by=storable(actor), placed_at=clock())
        await connection.execute(placing)
        row = (await connection.execute(mine)).one()
    return Pause(why=row.why, placed_by=row.placed_by, placed_at=row.placed_at)


async def lift(db: Database, queue: str, actor: str) -> int:
    """Lift every pause of the queue and return how many there were; with none, nothing is written."""
    async with db.write() as connection:
        lifting = update(pause).where(pause.c.queue == queue, pause.c.lifted_at.is_(None))
        lifting = lifting.values(lifted_by=storable(actor), lifted_at=clock())
        lifted = (await connection.execute(lifting)).rowcount
        if lifted:
            await audit.append(connection, actor, "unpause", f"queue {queue}", {"pauses": lifted})
    return lifted


async def current(db: Database) -> dict[str, Pause]:
    """Return the oldest pause of each queue that is paused."""
    async with db.read() as connection:
        return await paused_queues(connection)


async def paused_queues(connection: AsyncConnection) -> dict[str, Pause]:
    """Return the oldest pause of each queue that is paused, as the connection's transaction sees them."""
    rows = select(pause.c.queue, pause.c.why, pause.c.placed_by, pause.c.placed_at).where(pause.c.lifted_at.is_(None))
    found = (await connection.execute(rows.order_by(pause.c.id.desc()))).all()
    return {row.queue: Pause(why=row.why, placed_by=row.placed_by, placed_at=row.placed_at) for row in found}


def paused(queue: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Return whether the queue is paused, as a part of a statement."""
    return exists().where(pause.c.queue == queue, pause.c.lifted_at.is_(None))
