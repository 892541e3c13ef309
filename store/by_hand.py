"""What a person asks of one settlement: to be worked on now, and what happened to it."""

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store import audit
from store.database import Database, clock
from store.errors import SettlementRefused
from store.schema import attempt, cluster, phase_run, settlement
from store.schema import audit as acts_table
from store.settlements import Phase, Queue, Seen, Status, refuse_unless_open


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run of a phase. Without an end it is under way, or its worker died and nobody took it over yet."""

    id: int
    phase: str
    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTransaction:
    """One signed transaction; without an outcome it is not known yet whether it landed."""

    signature: str
    intent: str
    number: int
    outcome: str | None
    slot: int | None
    signed_at: datetime
    concluded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One row of the audit log."""

    number: int
    at: datetime
    actor: str
    act: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The newest of what happened to a market, each oldest first, at the database's time `at`.

    `acts` leaves out signatures, which `sent` has; `more` says whether there is anything older.
    """

    at: datetime
    runs: tuple[PastRun, ...]
    sent: tuple[SentTransaction, ...]
    acts: tuple[Act, ...]
    more: bool


async def settle(db: Database, market: str, actor: str, seen: Seen | None = None) -> bool:
    """Make the market due now; True when it was not known before. Whoever works on it is not disturbed.

    Raises SettlementRefused for one that is parked or done, SettlementMoved where it is not as `seen` any more.
    """
    insert = sqlite_insert if db.sqlite else postgresql_insert
    values = {"market": market, "phase": Phase.CLOSE, "queue": Queue.SETTLE, "status": Status.READY}
    adding = insert(settlement).values(values | {"due_at": clock(), "created_at": clock()}).on_conflict_do_nothing()
    # What is due already stays due since then, so that it keeps its place.
    sooner = case((settlement.c.due_at > clock(), clock()), else_=settlement.c.due_at)
    open_ones = settlement.c.status.in_((Status.READY, Status.WAITING))
    hastening = update(settlement).where(settlement.c.market == market, open_ones).values(due_at=sooner)
    async with db.write() as connection:
        if seen is not None:
            await refuse_unless_open(connection, market, seen)
        added = (await connection.execute(adding.returning(settlement.c.market))).first() is not None
        if not added and (await connection.execute(hastening)).rowcount != 1:
            raise await _refusal(connection, market)
        await audit.append(connection, actor, "settle", market, {"new": added})
    return added


async def past(db: Database, market: str, limit: int) -> Past:
    """Return at most `limit` of the market's runs, of its transactions and of the acts on it."""
    runs = select(phase_run).where(phase_run.c.market == market).order_by(phase_run.c.id.desc())
    sent = (
        select(attempt).where(attempt.c.market == market).order_by(attempt.c.signed_at.desc(), attempt.c.number.desc())
    )
    acts = select(acts_table).where(acts_table.c.subject == market, acts_table.c.act != "sign")
    async with db.snapshot() as connection:
        now = (await connection.execute(select(clock()))).scalar_one()
        found = [
            await _newest(connection, query, limit) for query in (runs, sent, acts.order_by(acts_table.c.number.desc()))
        ]
    return Past(
        at=now,
        runs=tuple(PastRun(**_only(row, PastRun)) for row in found[0][0]),
        sent=tuple(SentTransaction(**_only(row, SentTransaction)) for row in found[1][0]),
        acts=tuple(Act(**{**_only(row, Act), "details": json.loads(row["details"])}) for row in found[2][0]),
        more=any(more for _, more in found),
    )


async def genesis_hash(db: Database) -> str | None:
    """Return which cluster the database is of, None where no process has kept it yet."""
    async with db.read() as connection:
        return (await connection.execute(select(cluster.c.genesis_hash))).scalar_one_or_none()


async def _newest(
    connection: AsyncConnection, query: Select[*tuple[Any, ...]], limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """The newest rows, oldest first, and whether there are more."""
    rows = [dict(row) for row in (await connection.execute(query.limit(limit + 1))).mappings()]
    return rows[:limit][::-1], len(rows) > limit


def _only(row: dict[str, Any], kind: type[PastRun | SentTransaction | Act]) -> dict[str, Any]:
    return {field.name: row[field.name] for field in fields(kind)}


async def _refusal(connection: AsyncConnection, market: str) -> SettlementRefused:
    found = select(settlement.c.status, settlement.c.reason).where(settlement.c.market == market)
    row = (await connection.execute(found)).one()
    if row.status == Status.PARKED:
        return SettlementRefused(f"{market} is parked ({row.reason}): `opinion retry {market}` starts it anew")
    return SettlementRefused(f"{market} is done already: nothing is left to do")
