"""The read model: the program's accounts as they were seen last, for whoever shows or watches markets.

Only the follower writes here, by `see`; what overrides what is in store.sightings. Nothing here is good enough to act
on: whoever moves money reads the chain itself.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

import structlog
from sqlalchemy import Row, Select, exists, select

from chain.accounts import (
    AnyAccount,
    Market,
    MarketReceipt,
    Opinion,
    RevokedKey,
    VrfRequest,
)
from chain.answers import Commitment
from chain.constants import MarketState
from chain.errors import AccountError
from store.database import Database, clock
from store.schema import chain_account, chain_read, settlement
from store.seeing import KINDS, Cluster, FullRead, Heard, Kind, Sight, see
from store.settlements import Status

A = TypeVar("A", bound=AnyAccount, covariant=True)

__all__ = [
    "Cluster",
    "Freshness",
    "FullRead",
    "Heard",
    "Kept",
    "Kind",
    "ReadMark",
    "Sight",
    "WholeMarket",
    "finished_unnoticed",
    "freshness",
    "market",
    "markets",
    "opinions",
    "requests",
    "revoked_keys",
    "see",
    "without_settlement",
]
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_CHUNK = 500
"""So many accounts are one turn of the event loop."""
_TYPES: dict[Kind, type[AnyAccount]] = {kind: account for account, kind in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[A]):
    """One account as it was seen last. `slot` is the one it was first seen so in.

    `absent_since` is the slot of the first full read that lacked it, None while it is there.
    """

    address: str
    account: A
    slot: int
    commitment: Commitment
    seen_at: datetime
    absent_since: int | None


@dataclass(frozen=True, slots=True)
class WholeMarket:
    """A market or its receipt, with what belongs to it. Opinions are in the order of their stakes in the pool."""

    market: Kept[Market | MarketReceipt]
    request: Kept[VrfRequest] | None
    opinions: tuple[Kept[Opinion], ...]


@dataclass(frozen=True, slots=True)
class ReadMark:
    """The newest full read at one commitment, by the database's clock."""

    slot: int
    read_at: datetime
    accounts: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How new the read model is; None where no full read was made yet. `now` is the database's."""

    confirmed: ReadMark | None
    finalized: ReadMark | None
    now: datetime


async def markets(
    db: Database, *states: MarketState, kind: Kind | None = None, closes_before: datetime | None = None
) -> list[Kept[Market | MarketReceipt]]:
    """Return the markets in these states (all where none is named), those that close first before the others.

    `kind` MARKET leaves out finished ones, RECEIPT the unfinished.
    """
    table = chain_account.c
    query = _of_kinds(*([Kind.MARKET, Kind.RECEIPT] if kind is None else [kind]))
    if states:
        query = query.where(table.state.in_([state.value for state in states]))
    if closes_before is not None:
        query = query.where(table.closes_at <= closes_before)
    return [kept async for kept in _all(db, query.order_by(table.closes_at, table.address), Market, MarketReceipt)]


async def market(db: Database, address: str) -> WholeMarket | None:
    """Return the market at the base58 address with its request and opinions, None where there is none."""
    query = select(chain_account).where(chain_account.c.market == address)
    itself: Kept[Market | MarketReceipt] | None = None
    request: Kept[VrfRequest] | None = None
    opinions: list[Kept[Opinion]] = []
    async for kept in _all(db, query, Market, MarketReceipt, VrfRequest, Opinion):
        match kept.account:
            case Opinion():
                opinions.append(cast("Kept[Opinion]", kept))
            case VrfRequest():
                request = cast("Kept[VrfRequest]", kept)
            case _:
                itself = cast("Kept[Market | MarketReceipt]", kept)
    if itself is None:
        return None
    return WholeMarket(itself, request, tuple(sorted(opinions, key=lambda one: one.account.start)))


async def without_settlement(db: Database) -> list[Kept[Market]]:
    """Return the unfinished markets that no settlement is kept of, those that close first before the others."""
    table = chain_account.c
    settled = exists().where(settlement.c.market == table.address)
    query = _of_kinds(Kind.MARKET).where(~settled).order_by(table.closes_at, table.address)
    return [kept async for kept in _all(db, query, Market)]


async def finished_unnoticed(db: Database) -> list[str]:
    """Return the markets (base58) whose receipt is final and whose settlement is not done."""
    table = chain_account.c
    receipt = (table.kind == Kind.RECEIPT.value) & (table.commitment == Commitment.FINALIZED.value)
    joined = select(table.address).join(settlement, settlement.c.market == table.address)
    query = joined.where(receipt, table.absent_since_slot.is_(None), settlement.c.status != Status.DONE.value)
    async with db.read() as connection:
        return list((await connection.execute(query.order_by(table.address))).scalars())


async def requests(db: Database) -> dict[str, Kept[VrfRequest]]:
    """Return every request for randomness by its market (base58)."""
    kept_requests = _all(db, _of_kinds(Kind.REQUEST), VrfRequest)
    return {str(kept.account.market): kept async for kept in kept_requests}


async def opinions(db: Database) -> list[Kept[Opinion]]:
    """Return every Opinion that is open, of all markets."""
    return [kept async for kept in _all(db, _of_kinds(Kind.OPINION), Opinion)]


async def revoked_keys(db: Database) -> frozenset[bytes]:
    """Return the randomness keys (32 bytes each) that are revoked."""
    return frozenset([kept.account.key async for kept in _all(db, _of_kinds(Kind.REVOKED_KEY), RevokedKey)])


async def freshness(db: Database) -> Freshness:
    """Return when all accounts were read last, and as of which slots."""
    async with db.read() as connection:
        rows = (await connection.execute(select(chain_read))).all()
        now = (await connection.execute(select(clock()))).scalar_one()
    marks = {row.commitment: ReadMark(row.slot, row.read_at, row.accounts, row.skipped) for row in rows}
    return Freshness(marks.get(Commitment.CONFIRMED), marks.get(Commitment.FINALIZED), now)


def _of_kinds(*kinds: Kind) -> Select[Any]:
    return select(chain_account).where(chain_account.c.kind.in_([kind.value for kind in kinds]))


async def _all(db: Database, query: Select[Any], *types: type[A]) -> AsyncIterator[Kept[A]]:
    """The rows as accounts of these types; one that another release wrote and this one cannot read is left out."""
    async with db.read() as connection:
        found = await connection.execute(query)
        for part in found.partitions(_CHUNK):
            for row in part:
                if (kept := _kept(row, types)) is not None:
                    yield kept
            # Whoever shares the loop has a turn: the ten thousand opinions of one market take a third of a second.
            await asyncio.sleep(0)


def _kept(row: Row[Any], types: tuple[type[A], ...]) -> Kept[A] | None:
    try:
        kind = _TYPES[Kind(row.kind)]
    except ValueError:
        return None
    if kind not in types:
        return None
    try:
        account = kind.from_bytes(row.data)
    except AccountError as error:
        _log.warning("a kept account cannot be read", address=row.address, reason=str(error))
        return None
    return Kept(
        address=row.address,
        account=cast("A", account),
        slot=row.slot,
        commitment=Commitment(row.commitment),
        seen_at=row.seen_at,
        absent_since=row.absent_since_slot,
    )
