"""What ended runs of phases add up to: durations, waits, own work, analyses.

Rows of `phase_run` are never deleted, and a run that has ended never changes, so these counts only grow and are the
same whoever adds them up. What was added up once is kept and not read again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, case, func, literal, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.schema import analysis, phase_run
from store.settlements import Phase, RunOutcome

# A transaction that took a lower number may commit after one with a higher; none of ours lasts this long.
_LATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tally:
    """Values in one place: how many, their sum, how many at or below each bound, and sums of what came with them."""

    count: int
    total: int
    upto: tuple[int, ...]
    sums: tuple[int, ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        upto = tuple(a + b for a, b in zip(self.upto, other.upto, strict=True))
        sums = tuple(a + b for a, b in zip(self.sums, other.sums, strict=True))
        return Tally(self.count + other.count, self.total + other.total, upto, sums)


Tallies = Mapping[tuple[str, ...], Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Upper bounds of the buckets, in milliseconds."""

    durations: tuple[int, ...]
    waits: tuple[int, ...]
    work: tuple[int, ...]
    elapsed: tuple[int, ...]
    analyses: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What ended runs add up to, in milliseconds. The keys are tuples of what is named."""

    durations: Tallies = field(default_factory=dict[tuple[str, ...], Tally])
    """Runs, by phase and outcome."""
    waits: Tallies = field(default_factory=dict[tuple[str, ...], Tally])
    """From a run that waited to the next run of its market, by what it waited for."""
    work: Tallies = field(default_factory=dict[tuple[str, ...], Tally])
    """All runs of a market until it was paid, by the phase that paid."""
    elapsed: Tallies = field(default_factory=dict[tuple[str, ...], Tally])
    """From a market's first run until it was paid, by the phase that paid."""
    analyses: Tallies = field(default_factory=dict[tuple[str, ...], Tally])
    """Markets' analyses, by analyser; sums are input tokens, output tokens and microdollars."""

    def __add__(self, other: "Work") -> "Work":
        return Work(
            durations=_merged(self.durations, other.durations),
            waits=_merged(self.waits, other.waits),
            work=_merged(self.work, other.work),
            elapsed=_merged(self.elapsed, other.elapsed),
            analyses=_merged(self.analyses, other.analyses),
        )


@dataclass(frozen=True, slots=True)
class _Added:
    """What has been added up: the runs below `below` but for the open ones among them."""

    work: Work
    below: int
    open: tuple[int, ...]


class WorkHistory:
    """Adds up the runs of one database; costs a read of all of them the first time, of the newest ones later."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._added = _Added(Work(), 0, ())

    async def read(self, db: Database) -> Work:
        """Return what has ended until now. Raises StoreError, and then has read nothing."""
        late = await db.now() - _LATE
        known = self._added
        async with db.snapshot() as connection:
            below = await _settled(connection, known.below, late)
            still = await _open(connection, _among(known, below))
            added = known.work + await self._work(connection, _among(known, below))
            newest = await self._work(connection, _run.c.id >= below)
        self._added = _Added(added, below, still)
        return added + newest

    async def _work(self, connection: AsyncConnection, which: ColumnElement[bool]) -> Work:
        """What those runs that match and have ended add up to."""
        ended = and_(which, _run.c.ended_at.is_not(None))
        bounds = self._bounds
        return Work(
            durations=await _tallies(connection, _durations(ended), ("phase", "outcome"), bounds.durations),
            waits=await _tallies(connection, _waits(ended), ("reason",), bounds.waits),
            work=await _tallies(connection, _own_work(ended), ("phase",), bounds.work),
            elapsed=await _tallies(connection, _elapsed(ended), ("phase",), bounds.elapsed),
            analyses=await _tallies(connection, _analyses(ended), ("analyser",), bounds.analyses, _ANALYSIS_SUMS),
        )


_run = phase_run.alias("run")
_ANALYSIS_SUMS = ("input_tokens", "output_tokens", "cost_microdollars")


def _among(known: _Added, below: int) -> ColumnElement[bool]:
    """The runs that may be added now: those up to `below` that were not yet, or were open."""
    return or_(and_(_run.c.id >= known.below, _run.c.id < below), _run.c.id.in_(known.open))


async def _settled(connection: AsyncConnection, below: int, late: datetime) -> int:
    """Up to which number, from `below` on, no other transaction can still put a run in between."""
    newer = select(func.min(_run.c.id)).where(_run.c.id >= below, _run.c.started_at > late)
    first = (await connection.execute(newer)).scalar_one()
    older = select(func.max(_run.c.id)).where(_run.c.id >= below)
    if first is not None:
        older = older.where(_run.c.id < first)
    last = (await connection.execute(older)).scalar_one()
    return below if last is None else last + 1


async def _open(connection: AsyncConnection, which: ColumnElement[bool]) -> tuple[int, ...]:
    rows = await connection.execute(select(_run.c.id).where(which, _run.c.ended_at.is_(None)))
    return tuple(rows.scalars())


def _durations(ended: ColumnElement[bool]) -> Subquery:
    value = _span(_run.c.started_at, _run.c.ended_at)
    return select(_run.c.phase, _run.c.outcome, value.label("value")).where(ended).subquery()


def _waits(ended: ColumnElement[bool]) -> Subquery:
    """The run before each, when that one waited: so a wait is counted when it is over."""
    before, other = phase_run.alias("before"), phase_run.alias("other")
    newest = select(func.max(other.c.id)).where(other.c.market == _run.c.market, other.c.id < _run.c.id)
    value = _span(before.c.ended_at, _run.c.started_at)
    return (
        select(before.c.reason, value.label("value"))
        .join_from(_run, before, before.c.id == newest.scalar_subquery())
        .where(ended, before.c.outcome == RunOutcome.WAITED)
        .subquery()
    )


def _own_work(ended: ColumnElement[bool]) -> Subquery:
    every = phase_run.alias("every")
    value = select(func.sum(_span(every.c.started_at, every.c.ended_at))).where(
        every.c.market == _run.c.market, every.c.id <= _run.c.id
    )
    return select(_run.c.phase, value.scalar_subquery().label("value")).where(ended, _paid()).subquery()


def _elapsed(ended: ColumnElement[bool]) -> Subquery:
    every = phase_run.alias("every")
    begun = select(func.min(_millis(every.c.started_at))).where(every.c.market == _run.c.market).scalar_subquery()
    value = _positive(_millis(_run.c.ended_at) - begun)
    return select(_run.c.phase, value.label("value")).where(ended, _paid()).subquery()


def _analyses(ended: ColumnElement[bool]) -> Subquery:
    sums = (analysis.c[name] for name in _ANALYSIS_SUMS)
    return (
        select(analysis.c.analyser, analysis.c.latency_ms.label("value"), *sums)
        .join_from(_run, analysis, analysis.c.market == _run.c.market)
        .where(ended, _first_done(Phase.ANALYSE))
        .subquery()
    )


def _paid() -> ColumnElement[bool]:
    return _first_done(Phase.PAY, Phase.REFUND)


def _first_done(*phases: Phase) -> ColumnElement[bool]:
    """The run is the first of its market that did one of these phases."""
    earlier = phase_run.alias("earlier")
    again = select(literal(1)).where(
        earlier.c.market == _run.c.market,
        earlier.c.id < _run.c.id,
        earlier.c.phase.in_(phases),
        earlier.c.outcome == RunOutcome.DONE,
    )
    return and_(_run.c.phase.in_(phases), _run.c.outcome == RunOutcome.DONE, ~again.exists())


async def _tallies(
    connection: AsyncConnection,
    rows: Subquery,
    keys: Sequence[str],
    bounds: Sequence[int],
    sums: Sequence[str] = (),
) -> dict[tuple[str, ...], Tally]:
    """Add up the column `value`, one tally for each of the keys' values; all is counted by the database."""
    groups = [rows.c[key] for key in keys]
    upto = [func.sum(case((rows.c.value <= bound, 1), else_=0)) for bound in bounds]
    added = [func.sum(rows.c[name]) for name in sums]
    found = await connection.execute(
        select(*groups, func.count(), func.sum(rows.c.value), *upto, *added).group_by(*groups)
    )
    tallies: dict[tuple[str, ...], Tally] = {}
    for row in found:
        key = tuple(str(part) for part in row[: len(keys)])
        # PostgreSQL sums big integers into decimals.
        count, total, *rest = (int(number) for number in row[len(keys) :])
        tallies[key] = Tally(count, total, tuple(rest[: len(bounds)]), tuple(rest[len(bounds) :]))
    return tallies


def _merged(left: Tallies, right: Tallies) -> Tallies:
    both = {key: tally + right[key] for key, tally in left.items() if key in right}
    return {**left, **right, **both}


def _millis(column: ColumnElement[Any]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)


def _span(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[int]:
    """Milliseconds between two times; 0 where the database's clock was set back between them."""
    return _positive(_millis(end) - _millis(start))


def _positive(value: ColumnElement[int]) -> ColumnElement[int]:
    return case((value < 0, 0), else_=value)
