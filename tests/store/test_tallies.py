"""What runs add up to is the same for who reads now and then and for who reads once, and what Python makes of them."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from store.database import Database
from store.schema import analysis, phase_run
from store.tallies import Bounds, Tally, Work, WorkHistory

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = Bounds(
    durations=(1_000, 30_000),
    waits=(500, 60_000),
    work=(5_000, 30_000),
    elapsed=(30_000, 3_600_000),
    analyses=(1_000, 30_000),
)


def at(seconds: float) -> datetime:
    return LONG_AGO + timedelta(seconds=seconds)


async def write(
    db: Database,
    market: str,
    phase: str,
    start: float,
    end: float | None,
    outcome: str | None = "done",
    reason: str | None = None,
) -> int:
    """A run from `start` to `end`, in seconds; returns its number."""
    row = {"market": market, "phase": phase, "fence": 1, "attempt": 1, "worker": "w", "started_at": at(start)}
    row |= {"ended_at": None if end is None else at(end), "outcome": None if end is None else outcome, "reason": reason}
    async with db.write() as connection:
        return (await connection.execute(insert(phase_run).values(row).returning(phase_run.c.id))).scalar_one()


async def write_analysis(db: Database, market: str, latency_ms: int) -> None:
    row = {"market": market, "document": b"{}", "summary_hash": bytes(32), "score": 50, "confidence": 1}
    row |= {"analyser": "claude-haiku-5-5", "input_tokens": 100, "output_tokens": 10, "cost_microdollars": 7}
    async with db.write() as connection:
        await connection.execute(insert(analysis).values(row | {"latency_ms": latency_ms, "made_at": LONG_AGO}))


async def test_one_market_from_first_run_to_paid(db: Database) -> None:
    await write(db, "m", "close", 0, 0.5)
    await write(db, "m", "analyse", 1, 3, "failed", "the reply was cut off")
    await write(db, "m", "analyse", 10, 13)
    await write_analysis(db, "m", 2_500)
    await write(db, "m", "capture", 14, 14.1, "waited", "slot")
    await write(db, "m", "capture", 14.5, 14.6, "waited", "slot")
    await write(db, "m", "capture", 114.6, 115, "lost", "w stopped renewing its lease")
    await write(db, "m", "capture", 123, 124)
    await write(db, "m", "pay", 124, 126)
    await write(db, "m", "pay", 130, 190)
    await write(db, "m", "finish", 200, 201)
    work = await WorkHistory(BOUNDS).read(db)
    assert work.durations["analyse", "failed"] == Tally(1, 2_000, (0, 1))
    assert work.durations["analyse", "done"] == Tally(1, 3_000, (0, 1))
    assert work.durations["capture", "lost"] == Tally(1, 400, (1, 1))
    assert work.waits == {("slot",): Tally(2, 100_400, (1, 1))}
    assert work.work == {("pay",): Tally(1, 9_100, (0, 1))}
    assert work.elapsed == {("pay",): Tally(1, 126_000, (0, 1))}
    assert work.analyses == {("claude-haiku-5-5",): Tally(1, 2_500, (0, 1), (100, 10, 7))}


async def test_an_empty_database_adds_up_to_nothing(db: Database) -> None:
    history = WorkHistory(BOUNDS)
    assert await history.read(db) == Work()
    assert await history.read(db) == Work()


async def test_a_clock_that_was_set_back_makes_no_negative_times(db: Database) -> None:
    await write(db, "m", "pay", 100, 90)
    work = await WorkHistory(BOUNDS).read(db)
    assert work.durations["pay", "done"] == Tally(1, 0, (1, 1))
    assert work.elapsed["pay",] == Tally(1, 0, (1, 1))


async def test_a_run_that_began_just_now_is_counted_but_read_again(db: Database) -> None:
    """Beside it, another transaction may still commit a lower number."""
    history = WorkHistory(BOUNDS)
    await write(db, "before", "close", 0, 1)
    now = (await db.now() - LONG_AGO).total_seconds()
    newest = await write(db, "m", "close", now, now + 0.1)
    async with db.write() as connection:
        await connection.execute(update(phase_run).where(phase_run.c.id == newest).values(id=newest + 5))
    assert (await history.read(db)).durations["close", "done"].count == 2
    row: dict[str, Any] = {"id": newest, "market": "n", "phase": "close", "fence": 1, "attempt": 1, "worker": "w"}
    async with db.write() as connection:
        times = {"started_at": at(now), "ended_at": at(now), "outcome": "done"}
        await connection.execute(insert(phase_run).values(row | times))
    assert (await history.read(db)).durations["close", "done"].count == 3


async def test_a_run_that_ends_while_nothing_else_happens_is_counted_once(db: Database) -> None:
    history = WorkHistory(BOUNDS)
    first = await write(db, "m", "close", 0, None)
    await write(db, "n", "close", 1, 2)
    assert (await history.read(db)).durations["close", "done"].count == 1
    await _end(db, first, 3, Random(0), "done")
    for _ in range(3):
        assert (await history.read(db)).durations["close", "done"].count == 2


@pytest.mark.parametrize("seed", range(2))
async def test_reading_now_and_then_is_reading_once(db: Database, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.tallies._CHUNK", 7)
    random = Random(seed)
    history = WorkHistory(BOUNDS)
    clock, open_runs = 0.0, {}
    seen = Work()
    for known in range(6):
        await write_analysis(db, f"m{known}", random.randrange(60_000))
    for _ in range(80):
        clock += random.random() * 40
        market = f"m{random.randrange(6)}"
        if market in open_runs:
            await _end(db, open_runs.pop(market), clock, random)
        else:
            phase = random.choice(["analyse", "capture", "pay", "refund"])
            open_runs[market] = await write(db, market, phase, clock, None)
        if random.random() < 0.2:
            work = await history.read(db)
            assert _grew(seen, work)
            seen = work
    assert await history.read(db) == await WorkHistory(BOUNDS).read(db)
    assert dict((await history.read(db)).durations) == await _durations(db)


async def _end(db: Database, run: int, clock: float, random: Random, outcome: str | None = None) -> None:
    outcome = outcome or random.choice(["done", "waited", "failed", "outage", "lost"])
    ended = {"ended_at": at(clock), "outcome": outcome, "reason": random.choice(["slot", "finality"])}
    async with db.write() as connection:
        await connection.execute(update(phase_run).where(phase_run.c.id == run).values(ended))


def _grew(before: Work, after: Work) -> bool:
    """Whether no counter went down."""
    pairs = [(before.durations, after.durations), (before.waits, after.waits), (before.work, after.work)]
    pairs += [(before.elapsed, after.elapsed), (before.analyses, after.analyses)]
    return all(
        old.count <= new[key].count and old.total <= new[key].total and all(map(int.__le__, old.upto, new[key].upto))
        for earlier, new in pairs
        for key, old in earlier.items()
    )


async def _durations(db: Database) -> dict[tuple[str, ...], Tally]:
    """The same, the slow way."""
    found: dict[tuple[str, ...], Tally] = {}
    async with db.read() as connection:
        rows = list(await connection.execute(select(phase_run).where(phase_run.c.ended_at.is_not(None))))
    for row in rows:
        spent = (row.ended_at - row.started_at) // timedelta(milliseconds=1)
        one = Tally(1, spent, tuple(int(spent <= bound) for bound in BOUNDS.durations))
        key = (row.phase, row.outcome)
        found[key] = found[key] + one if key in found else one
    return found
