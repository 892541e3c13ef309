"""Takes over what is seen of the chain into the read model; what overrides what is in store.sightings."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from solders.pubkey import Pubkey
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chain.accounts import AnyAccount, Market, MarketReceipt, Opinion, ProgramConfig, RevokedKey, VrfRequest, decode
from chain.answers import ChainAccount, Commitment
from chain.errors import AccountError
from chain.units import UnixTime
from store.database import Database, clock
from store.schema import chain_account, chain_read
from store.sightings import Marks, Row, found, heard, lacked

T = TypeVar("T")

# So many rows are one statement and one turn of the event loop.
_CHUNK = 500


class Kind(StrEnum):
    """What an account is."""

    CONFIG = "ProgramConfig"
    MARKET = "Market"
    OPINION = "Opinion"
    REQUEST = "VrfRequest"
    RECEIPT = "MarketReceipt"
    REVOKED_KEY = "RevokedKey"


KINDS: dict[type[AnyAccount], Kind] = {
    ProgramConfig: Kind.CONFIG,
    Market: Kind.MARKET,
    Opinion: Kind.OPINION,
    VrfRequest: Kind.REQUEST,
    MarketReceipt: Kind.RECEIPT,
    RevokedKey: Kind.REVOKED_KEY,
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which chain, and which program on it, the accounts are of."""

    genesis_hash: str
    program: Pubkey


@dataclass(frozen=True, slots=True)
class Heard:
    """Notifications: each account as of its own slot."""

    accounts: Sequence[ChainAccount]
    commitment: Commitment


@dataclass(frozen=True, slots=True)
class FullRead:
    """All of the program's accounts. As of `slot` all are here that there were; each may be of a later one."""

    accounts: Sequence[ChainAccount]
    slot: int
    commitment: Commitment


@dataclass(frozen=True, slots=True)
class Sight:
    """What came of seeing: the markets (base58) of which something changed, and how many accounts were not ours.

    `taken` is False for a full read that is older than those before it.
    """

    markets: frozenset[str] = frozenset()
    skipped: int = 0
    taken: bool = True


async def see(db: Database, cluster: Cluster, seen: Heard | FullRead) -> Sight:
    """Take over what was seen, as far as it is newer than what is known. Raises StoreUnavailable.

    Accounts that another program owns or that do not decode are skipped and counted.
    """
    if isinstance(seen, Heard):
        return await _hear(db, cluster, seen)
    return await _read(db, cluster, seen)


async def _hear(db: Database, cluster: Cluster, seen: Heard) -> Sight:
    sight = Sight()
    for part in _chunks(seen.accounts):
        async with db.write() as connection:
            marks = await _marks(connection)
            rows = await _rows(connection, part)
            changes = _Changes(cluster)
            for account in part:
                row = heard(rows.get(str(account.key)), account.data, account.slot, seen.commitment, marks)
                changes.add(account, row)
            await _write(db, connection, changes.values)
        sight = replace(sight, markets=sight.markets | changes.markets, skipped=sight.skipped + changes.skipped)
    return sight


async def _read(db: Database, cluster: Cluster, seen: FullRead) -> Sight:
    """Small transactions: none of them keeps others from writing for long, and a half-taken read does no harm."""
    async with db.read() as connection:
        marks = await _marks(connection)
    if not marks.takes(seen.slot, seen.commitment):
        return Sight(taken=False)
    changes = _Changes(cluster)
    for part in _chunks(_newest(seen.accounts)):
        async with db.read() as connection:
            rows = await _rows(connection, part)
        for account in part:
            row = found(rows.get(str(account.key)), account.data, account.slot, seen.commitment, marks)
            changes.add(account, row, known=rows.get(str(account.key)))
        await asyncio.sleep(0)
    for part in _chunks(changes.values):
        async with db.write() as connection:
            await _write(db, connection, part)
    missing = await _take_absent(db, seen, marks)
    async with db.write() as connection:
        skipped = changes.skipped
        values = {"slot": seen.slot, "read_at": clock(), "accounts": len(seen.accounts), "skipped": skipped}
        insert = sqlite_insert if db.sqlite else postgresql_insert
        mark = insert(chain_read).values(commitment=seen.commitment.value, **values)
        newer = chain_read.c.slot <= seen.slot
        await connection.execute(mark.on_conflict_do_update(index_elements=["commitment"], set_=values, where=newer))
    return Sight(changes.markets | missing, skipped)


async def _take_absent(db: Database, seen: FullRead, marks: Marks) -> frozenset[str]:
    """Mark or remove the rows that this read lacks; returns their markets."""
    there = {str(account.key) for account in seen.accounts}
    table = chain_account.c
    kept = select(table.address, table.market, table.slot, table.absent_since_slot)
    async with db.read() as connection:
        rows = (await connection.execute(kept)).all()
    missing = [
        (row, lacked(seen.slot, row.slot, row.absent_since_slot, seen.commitment, marks))
        for row in rows
        if row.address not in there
    ]
    marked = [row for row, what in missing if what.marked]
    gone = [row for row, what in missing if what.gone]
    # Who follows at the same time, having taken over, may have seen newer: then the row is left alone.
    old = table.slot <= seen.slot
    for part in _chunks(marked):
        these = table.address.in_([row.address for row in part])
        async with db.write() as connection:
            await connection.execute(update(chain_account).where(these, old).values(absent_since_slot=seen.slot))
    for part in _chunks(gone):
        these = table.address.in_([row.address for row in part])
        async with db.write() as connection:
            await connection.execute(delete(chain_account).where(these, old, table.absent_since_slot < seen.slot))
    return frozenset(row.market for row in (*marked, *gone) if row.market is not None)


class _Changes:
    """Rows to write, with what they are."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.values: list[dict[str, Any]] = []
        self.markets: frozenset[str] = frozenset()
        self.skipped = 0

    def add(self, account: ChainAccount, row: Row | None, known: Row | None = None) -> None:
        """Take a row that changed, None for one that did not; `known` is what was kept before."""
        if row is None and known is not None:
            return
        try:
            decoded = decode(account.owner, account.data, self._cluster.program)
            described = _described(account.key, decoded)
        except (AccountError, ValueError, OverflowError, OSError):
            # The last three are times that no calendar has.
            self.skipped += 1
            return
        if row is None:
            return
        if described["market"] is not None:
            self.markets |= {described["market"]}
        self.values.append(
            {
                "address": str(account.key),
                **described,
                "data": row.data,
                "slot": row.slot,
                "commitment": row.commitment.value,
                "absent_since_slot": row.absent_since,
                "genesis_hash": self._cluster.genesis_hash,
                "program": str(self._cluster.program),
            }
        )


def _described(address: Pubkey, account: AnyAccount) -> dict[str, Any]:
    """The columns that questions are asked by."""
    market: Pubkey | None = None
    state: int | None = None
    closes_at: datetime | None = None
    match account:
        case Market() | MarketReceipt():
            market, state, closes_at = address, account.state.value, _time(account.closes_at)
        case Opinion():
            market = account.market
        case VrfRequest():
            market, state = account.market, account.status.value
        case ProgramConfig() | RevokedKey():
            pass
    named = None if market is None else str(market)
    return {"kind": KINDS[type(account)].value, "market": named, "state": state, "closes_at": closes_at}


def _time(seconds: UnixTime) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _newest(accounts: Iterable[ChainAccount]) -> list[ChainAccount]:
    """Each address once: one that changed its kind during the read is in two of its parts."""
    newest: dict[Pubkey, ChainAccount] = {}
    for account in accounts:
        if account.key not in newest or newest[account.key].slot <= account.slot:
            newest[account.key] = account
    return list(newest.values())


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK))


async def _marks(connection: AsyncConnection) -> Marks:
    rows = (await connection.execute(select(chain_read.c.commitment, chain_read.c.slot))).all()
    return Marks(**{row.commitment: row.slot for row in rows})


async def _rows(connection: AsyncConnection, accounts: Sequence[ChainAccount]) -> Mapping[str, Row]:
    table = chain_account.c
    wanted = table.address.in_([str(account.key) for account in accounts])
    columns = select(table.address, table.data, table.slot, table.commitment, table.absent_since_slot)
    return {
        row.address: Row(row.data, row.slot, Commitment(row.commitment), row.absent_since_slot)
        for row in await connection.execute(columns.where(wanted))
    }


async def _write(db: Database, connection: AsyncConnection, values: Sequence[dict[str, Any]]) -> None:
    if not values:
        return
    insert = (sqlite_insert if db.sqlite else postgresql_insert)(chain_account)
    new = {column: insert.excluded[column] for column in values[0] if column != "address"}
    statement = insert.values(seen_at=clock()).on_conflict_do_update(
        index_elements=["address"],
        set_={**new, "seen_at": clock()},
        where=chain_account.c.slot <= insert.excluded.slot,
    )
    await connection.execute(statement, values)
