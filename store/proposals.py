"""Which proposal of a multisig records which market's score. What became of it is the chain's to tell.

A number is written down before its transaction is sent, so that no crash and no node that lags makes two of one. Two
markets may mean the same number, until the chain shows whose it is.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from store.database import Database, clock
from store.schema import proposal as table
from store.schema import settlement
from store.settlements import Claim, held, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProposal:
    """One number of a multisig, and the SHA-256 of what was meant by it.

    `seen_at` is when the chain showed that it became just that, `refused_at` when the oracle saw that the members did
    not want it, `answered_at` when a person had the market tried again after that.
    """

    multisig: str
    number: int
    market: str
    payload_hash: bytes
    noted_at: datetime
    seen_at: datetime | None
    refused_at: datetime | None
    answered_at: datetime | None


async def note(db: Database, claim: Claim, multisig: str, number: int, payload_hash: bytes) -> None:
    """Write down that the claim's market means this number; the same again changes nothing.

    Raises FenceLost, OnHold.
    """
    values: dict[str, Any] = {"multisig": multisig, "number": number, "market": claim.market}
    values |= {"payload_hash": payload_hash, "noted_at": clock()}
    insert = sqlite_insert if db.sqlite else postgresql_insert
    meant = {"payload_hash": payload_hash, "noted_at": clock(), "seen_at": None}
    noting = insert(table).values(values)
    noting = noting.on_conflict_do_update(
        index_elements=[table.c.multisig, table.c.number, table.c.market],
        set_=meant | {"refused_at": None, "answered_at": None},
        where=table.c.payload_hash != payload_hash,
    )
    async with db.write() as connection:
        mine = select(settlement.c.market).where(held(claim)).with_for_update()
        if (await connection.execute(mine)).first() is None:
            raise await refusal(connection, claim)
        await connection.execute(noting)


async def see(db: Database, claim: Claim, multisig: str, number: int) -> None:
    """Write down that the chain shows it as it was meant."""
    await _change(db, _one(claim, multisig, number).where(table.c.seen_at.is_(None)).values(seen_at=clock()))


async def refuse(db: Database, claim: Claim, multisig: str, number: int) -> None:
    """Write down that the members did not want it, before the market is parked for that."""
    await _change(db, _one(claim, multisig, number).where(table.c.refused_at.is_(None)).values(refused_at=clock()))


async def newest(db: Database, multisig: str, market: str) -> KeptProposal | None:
    """Return the newest number that the market means, None for none."""
    rows = select(table).where(table.c.multisig == multisig, table.c.market == market)
    async with db.read() as connection:
        row = (await connection.execute(rows.order_by(table.c.number.desc()).limit(1))).mappings().one_or_none()
    return None if row is None else KeptProposal(**row)


async def seen_of_others(db: Database, multisig: str, market: str, numbers: Collection[int]) -> set[int]:
    """Return those of the numbers that the chain showed to be other markets'."""
    rows = select(table.c.number).where(
        table.c.multisig == multisig,
        table.c.market != market,
        table.c.number.in_(numbers),
        table.c.seen_at.is_not(None),
    )
    async with db.read() as connection:
        return set((await connection.execute(rows)).scalars())


def _one(claim: Claim, multisig: str, number: int) -> Update:
    return update(table).where(table.c.multisig == multisig, table.c.number == number, table.c.market == claim.market)


async def _change(db: Database, change: Update) -> None:
    """Facts of the chain that never turn back, so no fence is asked for."""
    async with db.write() as connection:
        await connection.execute(change)
