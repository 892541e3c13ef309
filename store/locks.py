"""Locks with a name, held by one process of the whole deployment for as long as it renews them."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from store.database import Database, after, clock
from store.schema import lock


async def take(db: Database, name: str, holder: str, ttl: timedelta) -> int | None:
    """Take the lock for `ttl` and return its fence, higher than any before; None while anybody holds it."""
    insert = sqlite_insert if db.sqlite else postgresql_insert
    values = insert(lock).values(name=name, holder=holder, fence=1, until=after(ttl))
    taking = values.on_conflict_do_update(
        index_elements=[lock.c.name],
        set_={"holder": holder, "fence": lock.c.fence + 1, "until": after(ttl)},
        where=lock.c.until <= clock(),
    ).returning(lock.c.fence)
    async with db.write() as connection:
        return (await connection.execute(taking)).scalar_one_or_none()


async def renew(db: Database, name: str, fence: int, ttl: timedelta) -> bool:
    """Hold the lock for `ttl` from now; False when it has run out or is somebody else's: act on it no more."""
    mine = (lock.c.name == name) & (lock.c.fence == fence) & (lock.c.until > clock())
    async with db.write() as connection:
        return (await connection.execute(update(lock).where(mine).values(until=after(ttl)))).rowcount == 1


async def release(db: Database, name: str, fence: int) -> bool:
    """Give the lock back at once; False when it is somebody else's by now."""
    mine = (lock.c.name == name) & (lock.c.fence == fence)
    async with db.write() as connection:
        return (await connection.execute(update(lock).where(mine).values(until=clock()))).rowcount == 1


async def holder(db: Database, name: str) -> str | None:
    """Return who holds the lock now, None where nobody does."""
    held = select(lock.c.holder).where(lock.c.name == name, lock.c.until > clock())
    async with db.read() as connection:
        return (await connection.execute(held)).scalar_one_or_none()
