"""The global hold: while one is placed, nothing of the oracle acts on the outside."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, insert, select, update

from store import audit
from store.database import Database, clock
from store.schema import hold, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why nothing acts, who said so, and since when (UTC)."""

    why: str
    placed_by: str
    placed_at: datetime


async def place(db: Database, why: str, actor: str) -> None:
    """Place a hold: from then on no transaction is signed or sent anew. All that are placed are lifted as one."""
    async with db.write() as connection:
        # First, since whoever signs looks for holds after locking the same row: one of the two comes first.
        await audit.append(connection, actor, "hold", "oracle", {"why": storable(why)})
        await connection.execute(insert(hold).values(why=why, placed_by=storable(actor), placed_at=clock()))


async def lift(db: Database, actor: str) -> int:
    """Lift every hold and return how many there were; with none, nothing is written."""
    async with db.write() as connection:
        lifting = update(hold).where(hold.c.lifted_at.is_(None)).values(lifted_by=storable(actor), lifted_at=clock())
        lifted = (await connection.execute(lifting)).rowcount
        if lifted:
            await audit.append(connection, actor, "resume", "oracle", {"holds": lifted})
    return lifted


async def current(db: Database) -> Hold | None:
    """Return the oldest hold that is not lifted, None where there is none."""
    oldest = select(hold.c.why, hold.c.placed_by, hold.c.placed_at).where(hold.c.lifted_at.is_(None))
    async with db.read() as connection:
        row = (await connection.execute(oldest.order_by(hold.c.id).limit(1))).one_or_none()
    return None if row is None else Hold(why=row.why, placed_by=row.placed_by, placed_at=row.placed_at)


def placed() -> ColumnElement[bool]:
    """Return whether any hold is placed, as a part of a statement."""
    return exists().where(hold.c.lifted_at.is_(None))
