"""All markets as rows of a list, each decoded once and again only when it changed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from solders.pubkey import Pubkey
from sqlalchemy import func, select

from chain.accounts import Market, MarketReceipt, decode
from chain.constants import MarketState
from chain.errors import AccountError
from chain.units import UsdcUnits
from store.database import Database
from store.schema import chain_account, settlement, time_of
from store.seeing import Kind
from store.settlements import Phase, Status

_CHUNK = 500
"""So many accounts are one statement and one turn of the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One market. What the settlement tells is None before there is one; a receipt has no statement any more."""

    address: str
    state: MarketState
    finished: bool
    statement: str
    stakers: int
    stake: UsdcUnits
    closes_at: datetime
    phase: Phase | None
    status: Status | None
    wait_reason: str | None
    reason: str | None
    """Why it is parked, or why the last attempt failed."""
    due_at: datetime | None
    worked_on: bool
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    state: MarketState
    finished: bool
    statement: str
    stakers: int
    stake: UsdcUnits
    closes_at: datetime


class Listing:
    """Remembers what it decoded: a look reads every row's few columns, and the accounts of those that changed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, tuple[Any, ...]] = {}
        self._accounts: dict[str, _Account] = {}
        self.rows: Mapping[str, Listed] = {}

    async def read(self) -> Mapping[str, Listed]:
        """Return every market by its address; rows that are as before are the same objects, and so is all of it where
        every one is. Raises StoreError.
        """
        account, work = chain_account.c, settlement.c
        columns = (account.address, account.slot, account.commitment, account.seen_at, account.kind)
        worked = (work.phase, work.status, work.wait_reason, work.reason, work.due_at, work.lease_until, work.attempt)
        there = account.kind.in_((Kind.MARKET.value, Kind.RECEIPT.value)) & account.absent_since_slot.is_(None)
        query = select(*columns, *worked).outerjoin(settlement, work.market == account.address).where(there)
        async with self._db.read() as connection:
            found = (await connection.execute(query)).all()
        await self._decode([row.address for row in found if self._seen.get(row.address, ())[:4] != tuple(row[1:5])])
        now = await self._db.now()
        kept = self.rows
        rows: dict[str, Listed] = {}
        for number, row in enumerate(found):
            if number % _CHUNK == 0:
                await asyncio.sleep(0)
            is_worked_on = row.lease_until is not None and row.lease_until > now
            # A lease that is renewed changes nothing that is shown.
            look = (*row[1:10], is_worked_on, row.attempt)
            before = kept.get(row.address)
            if before is not None and self._seen.get(row.address) == look:
                rows[row.address] = before
            elif row.address in self._accounts:
                rows[row.address] = _listed(row, self._accounts[row.address], is_worked_on)
            self._seen[row.address] = look
        for address in self._seen.keys() - {row.address for row in found}:
            del self._seen[address]
            self._accounts.pop(address, None)
        if len(rows) != len(kept) or any(kept.get(address) is not row for address, row in rows.items()):
            self.rows = rows
        return self.rows

    async def _decode(self, addresses: Sequence[str]) -> None:
        for at in range(0, len(addresses), _CHUNK):
            part = addresses[at : at + _CHUNK]
            query = select(chain_account.c.address, chain_account.c.data, chain_account.c.program)
            async with self._db.read() as connection:
                found = (await connection.execute(query.where(chain_account.c.address.in_(part)))).all()
            for row in found:
                account = _decoded(row.data, row.program)
                if account is not None:
                    self._accounts[row.address] = account
            await asyncio.sleep(0)


async def beginning(db: Database, start: str, limit: int) -> list[str]:
    """Return at most `limit` addresses of markets that begin so, in their order. Raises StoreError."""
    account = chain_account.c
    there = account.kind.in_((Kind.MARKET.value, Kind.RECEIPT.value))
    # LIKE would not tell capitals apart in SQLite.
    begins = func.substr(account.address, 1, len(start)) == start
    query = select(account.address).where(there, begins).order_by(account.address).limit(limit)
    async with db.read() as connection:
        return list((await connection.execute(query)).scalars())


def _decoded(data: bytes, program: str) -> _Account | None:
    owner = Pubkey.from_string(program)
    try:
        account = decode(owner, data, owner)
    except AccountError:
        return None
    if not isinstance(account, Market | MarketReceipt):
        return None
    return _Account(
        state=account.state,
        finished=isinstance(account, MarketReceipt),
        statement=account.statement if isinstance(account, Market) else "",
        stakers=account.staker_count,
        stake=account.total_stake,
        closes_at=time_of(account.closes_at * 1000),
    )


def _listed(row: Any, account: _Account, is_worked_on: bool) -> Listed:
    return Listed(
        address=row.address,
        state=account.state,
        finished=account.finished,
        statement=account.statement,
        stakers=account.stakers,
        stake=account.stake,
        closes_at=account.closes_at,
        phase=None if row.phase is None else Phase(row.phase),
        status=None if row.status is None else Status(row.status),
        wait_reason=row.wait_reason,
        reason=row.reason,
        due_at=row.due_at,
        worked_on=is_worked_on,
        attempt=row.attempt or 0,
    )
