"""The figures of the moment that metrics show: what stands in which queue, phase and state."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, LargeBinary, and_, func, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from chain.accounts import LIABILITY_OFFSET, VrfRequest
from chain.constants import MarketState, RequestStatus
from chain.journal import Outcome
from chain.units import UsdcUnits
from store.accounts import Kind
from store.database import Database, clock
from store.holds import placed
from store.schema import attempt, chain_account, chain_read, millis_of, phase_run, settlement
from store.settlements import Phase, RunOutcome, Status

_DAY = timedelta(days=1)
_HOUR_MS = 3_600_000
_OPEN = settlement.c.status.in_((Status.READY, Status.WAITING))


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in a line: how many, and the seconds that the oldest has stood there (0 for none)."""

    count: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Settlements that are done: how many, and the seconds from start to end that 95 of 100 did not exceed."""

    count: int
    p95_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The moment as the database has it, at its own time `at`."""

    at: datetime
    due: Mapping[str, Line]
    """By queue: due, and held by nobody."""
    settlements: Mapping[tuple[str, str], int]
    """By status and wait reason, which is empty where there is none."""
    parked: Mapping[str, int]
    """By phase."""
    leases: Mapping[str, int]
    """Live ones, by phase."""
    markets: Mapping[MarketState | None, int]
    """By state; None for those of which a receipt is left."""
    randomness: Mapping[RequestStatus, Line]
    """Requests of markets that await randomness."""
    transactions: Mapping[str | None, int]
    """By outcome; None while it is not known."""
    held: bool
    """Whether a person holds the oracle."""
    model_available: bool | None
    """Whether the newest analysis got its answers; None before the first one."""
    reads: Mapping[str, datetime]
    """When the chain was last read in full, by commitment."""
    settled: Settled
    """Since midnight, UTC."""
    settled_by_hour: tuple[int, ...]
    """How many in each of the last 24 hours, the newest last."""
    failed: int
    """Runs of phases that failed since midnight, UTC."""
    sent_by_hour: tuple[int, ...]
    """Transactions that landed, by when they were signed, in each of the last 24 hours, the newest last."""
    owed: UsdcUnits
    """What the escrows of all markets owe: the money at stake, and prizes, fees and refunds that are not paid yet."""


async def standing(db: Database) -> Standing:
    """Return the moment's figures. Raises StoreError."""
    async with db.snapshot() as connection:
        now = (await connection.execute(select(clock()))).scalar_one()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        done = await _done(connection, now - _DAY)
        return Standing(
            at=now,
            due=await _due(connection, now),
            settlements=await _settlements(connection),
            parked=await _by_phase(connection, settlement.c.status == Status.PARKED),
            leases=await _by_phase(connection, _OPEN & (settlement.c.lease_until > now)),
            markets=await _markets(connection),
            randomness=await _randomness(connection, now),
            transactions=await _transactions(connection),
            held=(await connection.execute(select(placed()))).scalar_one(),
            model_available=await _model_available(connection),
            reads=await _reads(connection),
            settled=_settled(done, midnight),
            settled_by_hour=_by_hour(done, now),
            failed=await _failed(connection, midnight),
            sent_by_hour=await _sent_by_hour(connection, now),
            owed=await _owed(connection),
        )


async def _due(connection: AsyncConnection, now: datetime) -> dict[str, Line]:
    free = or_(settlement.c.lease_until.is_(None), settlement.c.lease_until <= now)
    rows = await connection.execute(
        select(settlement.c.queue, func.count(), func.min(settlement.c.due_at))
        .where(_OPEN, settlement.c.due_at <= now, free)
        .group_by(settlement.c.queue)
    )
    return {queue: Line(count, _seconds(oldest, now)) for queue, count, oldest in rows}


async def _settlements(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    waits = func.coalesce(settlement.c.wait_reason, "")
    rows = await connection.execute(
        select(settlement.c.status, waits, func.count()).group_by(settlement.c.status, waits)
    )
    return {(status, reason): count for status, reason, count in rows}


async def _by_phase(connection: AsyncConnection, condition: ColumnElement[bool]) -> dict[str, int]:
    rows = await connection.execute(
        select(settlement.c.phase, func.count().label("number")).where(condition).group_by(settlement.c.phase)
    )
    return {row.phase: row.number for row in rows}


async def _markets(connection: AsyncConnection) -> dict[MarketState | None, int]:
    rows = await connection.execute(
        select(chain_account.c.kind, chain_account.c.state, func.count())
        .where(chain_account.c.kind.in_((Kind.MARKET, Kind.RECEIPT)))
        .group_by(chain_account.c.kind, chain_account.c.state)
    )
    found: dict[MarketState | None, int] = {}
    for kind, state, count in rows:
        key = MarketState(state) if kind == Kind.MARKET else None
        found[key] = found.get(key, 0) + count
    return found


async def _randomness(connection: AsyncConnection, now: datetime) -> dict[RequestStatus, Line]:
    market, request = chain_account.alias("market"), chain_account.alias("request")
    rows = await connection.execute(
        select(request.c.data)
        .join(market, and_(market.c.address == request.c.market, request.c.kind == Kind.REQUEST))
        .where(market.c.kind == Kind.MARKET, market.c.state == MarketState.AWAITING_RANDOMNESS)
    )
    found: dict[RequestStatus, Line] = {}
    for (data,) in rows:
        vrf = VrfRequest.from_bytes(data)
        line = found.get(vrf.status, Line(0, 0.0))
        age = max(now.timestamp() - vrf.requested_at, 0.0)
        found[vrf.status] = Line(line.count + 1, max(line.oldest_s, age))
    return found


async def _transactions(connection: AsyncConnection) -> dict[str | None, int]:
    rows = await connection.execute(select(attempt.c.outcome, func.count().label("number")).group_by(attempt.c.outcome))
    return {row.outcome: row.number for row in rows}


async def _reads(connection: AsyncConnection) -> dict[str, datetime]:
    rows = await connection.execute(select(chain_read.c.commitment, chain_read.c.read_at))
    return {row.commitment: row.read_at for row in rows}


_Done = tuple[datetime | None, datetime]
"""When a settlement started and ended."""


async def _done(connection: AsyncConnection, since: datetime) -> list[_Done]:
    rows = await connection.execute(
        select(settlement.c.started_at, settlement.c.finished_at).where(
            settlement.c.status == Status.DONE, settlement.c.finished_at >= since
        )
    )
    return [(row.started_at, row.finished_at) for row in rows]


def _settled(done: Iterable[_Done], since: datetime) -> Settled:
    took = sorted((ended - started).total_seconds() for started, ended in done if started and ended >= since)
    return Settled(len(took), took[(len(took) * 95 - 1) // 100] if took else None)


def _by_hour(done: Iterable[_Done], now: datetime) -> tuple[int, ...]:
    return _newest_last(Counter(int((now - ended).total_seconds() // 3_600) for _, ended in done))


def _newest_last(counts: Mapping[int, int]) -> tuple[int, ...]:
    """From counts by how many hours ago."""
    return tuple(counts.get(hour, 0) for hour in reversed(range(24)))


async def _failed(connection: AsyncConnection, since: datetime) -> int:
    failed = (phase_run.c.started_at >= since) & (phase_run.c.outcome == RunOutcome.FAILED)
    return (await connection.execute(select(func.count()).select_from(phase_run).where(failed))).scalar_one()


async def _sent_by_hour(connection: AsyncConnection, now: datetime) -> tuple[int, ...]:
    hours_ago = (millis_of(now) - type_coerce(attempt.c.signed_at, BigInteger)) // _HOUR_MS
    rows = await connection.execute(
        select(hours_ago.label("hours"), func.count().label("number"))
        .where(attempt.c.outcome == Outcome.LANDED, attempt.c.signed_at > now - _DAY)
        .group_by(hours_ago)
    )
    return _newest_last({row.hours: row.number for row in rows})


async def _owed(connection: AsyncConnection) -> UsdcUnits:
    """Only these eight bytes of each market leave the database."""
    owed = func.substr(chain_account.c.data, LIABILITY_OFFSET + 1, 8, type_=LargeBinary)
    rows = await connection.execute(select(owed).where(chain_account.c.kind == Kind.MARKET))
    return UsdcUnits(sum(int.from_bytes(found or b"", "little") for (found,) in rows))


async def _model_available(connection: AsyncConnection) -> bool | None:
    told = phase_run.c.outcome.is_not(None) & (phase_run.c.outcome != RunOutcome.LOST)
    row = (
        await connection.execute(
            select(phase_run.c.outcome)
            .where(phase_run.c.phase == Phase.ANALYSE, told)
            .order_by(phase_run.c.id.desc())
            .limit(1)
        )
    ).first()
    return None if row is None else row.outcome != RunOutcome.OUTAGE


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)
