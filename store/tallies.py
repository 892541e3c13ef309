"""What ended runs of phases add up to: durations, waits, own work, analyses.

Rows of `phase_run` are never deleted, and a run that has ended never changes, so these counts only grow and are the
same whoever adds them up. What was added up once is kept and not read again.
"""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import BigInteger, Row, Select, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database
from store.schema import analysis, millis_of, phase_run
from store.settlements import Phase, RunOutcome

# A transaction that took a lower number may commit after one with a higher; none of ours lasts this long.
_LATE = timedelta(minutes=1)
# So many rows are read, and added up in one turn of the event loop.
_CHUNK = 5_000
_ANALYSIS_SUMS = ("input_tokens", "output_tokens", "cost_microdollars")


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


Tallies = dict[tuple[str, ...], Tally]


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
class _Market:
    """What a market's runs so far mean for its next one; times in milliseconds since 1970."""

    began: int
    ended: int = 0
    worked: int = 0
    awaited: str | None = None
    """What the last run waited for, None where it did not wait."""
    analysed: bool = False
    paid: bool = False


class _Sums:
    """Tallies under way, and the markets that are not finished."""

    def __init__(self, bounds: Bounds, markets: MutableMapping[str, _Market]) -> None:
        self.markets = markets
        self._bounds = bounds
        self.work = Work()

    def add(self, run: Row[*tuple[Any, ...]]) -> bool:
        """Count one ended run; returns whether it is the first that analysed its market."""
        market = self.markets.get(run.market) or _Market(began=run.started)
        took = max(run.ended - run.started, 0)
        done = run.outcome == RunOutcome.DONE
        if took or run.outcome != RunOutcome.WAITED:
            # A wait that the plan asked for is a run without length.
            self._count(self.work.durations, (run.phase, run.outcome), took, self._bounds.durations)
        if market.awaited is not None:
            waited = max(run.started - market.ended, 0)
            self._count(self.work.waits, (market.awaited,), waited, self._bounds.waits)
        worked = market.worked + took
        paid = done and run.phase in (Phase.PAY, Phase.REFUND)
        if paid and not market.paid:
            self._count(self.work.work, (run.phase,), worked, self._bounds.work)
            elapsed = max(run.ended - market.began, 0)
            self._count(self.work.elapsed, (run.phase,), elapsed, self._bounds.elapsed)
        analysed = done and run.phase == Phase.ANALYSE
        if done and run.phase == Phase.FINISH:
            # It has no more runs, and memory is for the others.
            self.markets.pop(run.market, None)
            return False
        self.markets[run.market] = _Market(
            began=market.began,
            ended=run.ended,
            worked=worked,
            awaited=str(run.reason) if run.outcome == RunOutcome.WAITED else None,
            analysed=market.analysed or analysed,
            paid=market.paid or paid,
        )
        return analysed and not market.analysed

    def add_analysis(self, row: Row[*tuple[Any, ...]]) -> None:
        """Count one market's analysis."""
        sums = (row.input_tokens, row.output_tokens, row.cost_microdollars)
        self._count(self.work.analyses, (row.analyser,), row.latency_ms, self._bounds.analyses, sums)

    @staticmethod
    def _count(
        tallies: dict[tuple[str, ...], Tally],
        key: tuple[str, ...],
        value: int,
        bounds: Sequence[int],
        sums: tuple[int, ...] = (),
    ) -> None:
        one = Tally(1, value, tuple(int(value <= bound) for bound in bounds), sums)
        tallies[key] = tallies[key] + one if key in tallies else one


class WorkHistory:
    """Adds up the runs of one database; reads all of them the first time, and later the newest ones alone.

    The statements are plain walks along the primary key, so that no choice of a planner can make a scrape slow.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._sums = _Sums(bounds, {})
        self._next = 0
        self._open: frozenset[int] = frozenset()

    async def read(self, db: Database) -> Work:
        """Return what has ended until now. Raises StoreError; then, and when cancelled, goes on next time."""
        late = millis_of(await db.now() - _LATE)
        while True:
            async with db.snapshot() as connection:
                runs = await _runs(connection, self._next, self._open)
                settled = list(takewhile(lambda run: run.started <= late, runs))
                analyses = await _analyses(connection, runs)
            self._settle(settled, analyses)
            if len(settled) < _CHUNK:
                break
        newest = _Sums(self._bounds, ChainMap({}, self._sums.markets))
        _add(newest, runs[len(settled) :], analyses)
        return self._sums.work + newest.work

    def _settle(self, runs: Sequence[Row[*tuple[Any, ...]]], analyses: Mapping[str, Row[*tuple[Any, ...]]]) -> None:
        """Count these for good, but for the open ones, which are looked at again."""
        _add(self._sums, runs, analyses)
        self._open = (self._open - {run.id for run in runs}) | {run.id for run in runs if run.ended is None}
        # Those that were open are of lower numbers.
        self._next = max([self._next, *(run.id + 1 for run in runs)])


def _add(sums: _Sums, runs: Sequence[Row[*tuple[Any, ...]]], analyses: Mapping[str, Row[*tuple[Any, ...]]]) -> None:
    for run in runs:
        if run.ended is not None and sums.add(run) and run.market in analyses:
            sums.add_analysis(analyses[run.market])


async def _runs(connection: AsyncConnection, first: int, still: frozenset[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The runs from `first` on and those that were open, in order."""
    query: Select[*tuple[Any, ...]] = select(
        phase_run.c.id,
        phase_run.c.market,
        phase_run.c.phase,
        phase_run.c.outcome,
        phase_run.c.reason,
        type_coerce(phase_run.c.started_at, BigInteger).label("started"),
        type_coerce(phase_run.c.ended_at, BigInteger).label("ended"),
    )
    later = query.where(phase_run.c.id >= first).order_by(phase_run.c.id).limit(_CHUNK)
    found = (await connection.execute(later)).all()
    if not still:
        return found
    before = query.where(phase_run.c.id.in_(still), phase_run.c.id < first).order_by(phase_run.c.id)
    return [*(await connection.execute(before)).all(), *found]


async def _analyses(
    connection: AsyncConnection, runs: Sequence[Row[*tuple[Any, ...]]]
) -> dict[str, Row[*tuple[Any, ...]]]:
    """The analyses of the markets that these runs analysed."""
    done = {run.market for run in runs if run.phase == Phase.ANALYSE and run.outcome == RunOutcome.DONE}
    if not done:
        return {}
    columns = (analysis.c[name] for name in ("market", "analyser", "latency_ms", *_ANALYSIS_SUMS))
    rows = await connection.execute(select(*columns).where(analysis.c.market.in_(done)))
    return {row.market: row for row in rows}


def _merged(left: Tallies, right: Tallies) -> Tallies:
    both = {key: tally + right[key] for key, tally in left.items() if key in right}
    return {**left, **right, **both}
