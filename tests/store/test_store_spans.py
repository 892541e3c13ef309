"""What happened between two times: runs of phases, settlements that ended, holds and pauses."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from store import holds, pauses
from store.database import Database
from store.schema import phase_run, settlement
from store.settlements import Phase, Queue, RunOutcome, Status
from store.spans import settling, stops, successes, successes_counted, troubles

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def ran(db: Database, market: str, phase: Phase, outcome: RunOutcome | None, minute: float) -> None:
    """A run that began so many minutes after NOW and took a second."""
    at = NOW + timedelta(minutes=minute)
    row: dict[str, Any] = {"market": market, "phase": phase, "fence": 1, "attempt": 0, "worker": "w"}
    row |= {"started_at": at, "ended_at": None if outcome is None else at + timedelta(seconds=1), "outcome": outcome}
    async with db.write() as connection:
        await connection.execute(insert(phase_run).values(row))


async def ended(db: Database, market: str, took: float, minute: float) -> None:
    """A settlement that was done so many minutes after NOW, `took` seconds after it was begun."""
    at = NOW + timedelta(minutes=minute)
    row: dict[str, Any] = {"market": market, "phase": Phase.FINISH, "queue": Queue.CLEAN, "status": Status.DONE}
    row |= {"due_at": at, "created_at": NOW - HOUR, "finished_at": at, "started_at": at - timedelta(seconds=took)}
    async with db.write() as connection:
        await connection.execute(insert(settlement).values(row))


async def test_troubles_are_told_one_by_one_and_successes_counted(db: Database) -> None:
    await ran(db, "A", Phase.CLOSE, RunOutcome.DONE, -1)
    await ran(db, "A", Phase.ANALYSE, RunOutcome.FAILED, 0)
    await ran(db, "A", Phase.ANALYSE, RunOutcome.WAITED, 1)
    await ran(db, "A", Phase.ANALYSE, RunOutcome.DONE, 2)
    await ran(db, "B", Phase.ANALYSE, RunOutcome.DONE, 9.99)
    await ran(db, "B", Phase.CLOSE, RunOutcome.DONE, 3)
    await ran(db, "B", Phase.PROVE, None, 10)
    await ran(db, "A", Phase.RECORD, RunOutcome.DONE, 10)
    await ran(db, "B", Phase.PROVE, RunOutcome.LOST, 60)
    until = NOW + HOUR
    found = await troubles(db, NOW, until, 10)
    assert [(run.market, run.phase, run.outcome) for run in found] == [("A", "analyse", "failed"), ("B", "prove", None)]
    assert [run.market for run in await troubles(db, NOW, until, 1)] == ["A"]
    assert [run.market for run in await troubles(db, NOW, until, 9, "B")] == ["B"]
    assert [run.phase for run in await successes(db, NOW, until, 9, "A")] == ["analyse", "record"]
    counted = await successes_counted(db, NOW, until, timedelta(minutes=10))
    assert [(one.start - NOW, one.phase, one.count) for one in counted] == [
        (timedelta(0), "close", 1),
        (timedelta(0), "analyse", 2),
        (timedelta(minutes=10), "record", 1),
    ]
    assert [one.count for one in await successes_counted(db, NOW, until, HOUR, "B")] == [1, 1]


async def test_settlements_that_ended_with_how_long_95_of_100_took(db: Database) -> None:
    for number in range(1, 21):
        await ended(db, f"M{number}", number, 1)
    await ended(db, "early", 1000, -1)
    await ended(db, "late", 1000, 60)
    await ran(db, "M3", Phase.REFUND, RunOutcome.DONE, 0.5)
    await ran(db, "early", Phase.REFUND, RunOutcome.DONE, -2)
    for market in ("M3", "M3", "X"):
        await ran(db, market, Phase.PROVE, RunOutcome.FAILED, 2)
    found = await settling(db, NOW, NOW + HOUR)
    assert (found.done, found.refunded, found.p95_s) == (20, 1, 19)
    assert (found.failed, found.failed_markets) == (3, 2)
    nothing = await settling(db, NOW + HOUR * 2, NOW + HOUR * 3)
    assert (nothing.done, nothing.refunded, nothing.p95_s, nothing.failed) == (0, 0, None, 0)


async def test_holds_and_pauses_that_held_at_any_time_between_the_two(db: Database) -> None:
    await holds.place(db, "an upgrade", "ann@bastion")
    await pauses.place(db, Queue.SETTLE, "a look", "bob@bastion")
    await asyncio.sleep(0.005)
    since = await db.now()
    await asyncio.sleep(0.005)
    await holds.lift(db, "ann@bastion")
    until = await db.now() + timedelta(milliseconds=5)
    await asyncio.sleep(0.01)
    found = await stops(db, since, until)
    assert [(one.queue, one.why, one.lifted_by) for one in found] == [
        (None, "an upgrade", "ann@bastion"),
        ("settle", "a look", None),
    ]
    later = await db.now() + HOUR
    assert [one.queue for one in await stops(db, later, later + HOUR)] == ["settle"]
    assert await stops(db, since - HOUR, since - HOUR / 2) == ()
