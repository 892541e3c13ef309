"""A lease is kept while its holder works, and the work stops when it is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from oracle.settlement.lease import kept
from store import settlements
from store.database import Database
from store.errors import FenceLost
from store.migrations import migrate
from store.settlements import Claim

MARKET = "A" * 43
SHORT = timedelta(milliseconds=600)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "oracle.db"


@pytest.fixture
async def db(file: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{file}") as db:
        await migrate(db)
        await settlements.add(db, MARKET)
        yield db


async def _claim(db: Database, lease: timedelta = SHORT) -> Claim:
    claim = await settlements.claim(db, MARKET, "worker", lease=lease)
    assert claim is not None
    return claim


async def test_it_is_renewed_while_the_work_goes_on(db: Database) -> None:
    claim = await _claim(db, timedelta(seconds=5))
    began = await settlements.get(db, MARKET)
    async with kept(db, claim, timedelta(seconds=5), every=0.02):
        await asyncio.sleep(0.3)
    found = await settlements.get(db, MARKET)
    assert began is not None
    assert found is not None
    assert found.lease_until is not None
    assert began.lease_until is not None
    assert found.lease_until > began.lease_until
    assert found.fence == claim.fence
    # And no longer than that.
    await asyncio.sleep(0.1)
    assert await settlements.get(db, MARKET) == found


async def test_work_stops_when_the_lease_is_somebody_elses(db: Database) -> None:
    claim = await _claim(db, timedelta(seconds=30))

    async def work() -> None:
        async with kept(db, claim, timedelta(seconds=30), every=0.02):
            await settlements.retry(db, MARKET, "ann")
            await asyncio.sleep(20)

    with pytest.raises(FenceLost, match="whoever holds it goes on"):
        await work()
    assert _this_task().cancelling() == 0


async def test_work_stops_when_a_database_is_away_for_longer_than_the_lease(db: Database, file: Path) -> None:
    claim = await _claim(db)
    began = time.monotonic()

    async def work() -> None:
        async with kept(db, claim, SHORT, every=0.05):
            _away(file)
            await asyncio.sleep(20)

    with pytest.raises(FenceLost):
        await work()
    assert 0.5 < time.monotonic() - began < 15


async def test_work_goes_on_when_the_database_is_back_in_time(db: Database, file: Path) -> None:
    lease = timedelta(seconds=30)
    claim = await _claim(db, lease)
    async with kept(db, claim, lease, every=0.02):
        away = _away(file)
        await asyncio.sleep(0.2)
        _back(away)
        await asyncio.sleep(0.2)
    assert await settlements.renew(db, claim, lease)


async def test_cancellation_from_outside_is_not_swallowed(db: Database) -> None:
    claim = await _claim(db)
    working = asyncio.Event()

    async def work() -> None:
        async with kept(db, claim, timedelta(seconds=30), every=0.02):
            working.set()
            await asyncio.sleep(20)

    task = asyncio.create_task(work())
    await working.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancellation_from_outside_wins_over_a_lost_lease(db: Database) -> None:
    claim = await _claim(db)

    async def work() -> None:
        async with kept(db, claim, timedelta(seconds=30), every=0.02):
            await settlements.retry(db, MARKET, "ann")
            try:
                await asyncio.sleep(20)
            finally:
                # The lease was lost; before that is told, somebody asks us to end.
                _this_task().cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())


async def test_what_the_work_raises_comes_through(db: Database) -> None:
    claim = await _claim(db)
    with pytest.raises(ValueError, match="mine"):
        async with kept(db, claim, every=0.02):
            raise ValueError("mine")


async def test_work_stops_when_renewing_fails_for_another_reason(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = await _claim(db)

    async def broken(*_: object) -> bool:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(settlements, "renew", broken)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        async with kept(db, claim, timedelta(seconds=30), every=0.02):
            await asyncio.sleep(20)


def _away(file: Path) -> Path:
    return file.rename(file.with_suffix(".away"))


def _back(file: Path) -> None:
    file.rename(file.with_suffix(".db"))


def _this_task() -> "asyncio.Task[object]":
    task = asyncio.current_task()
    assert task is not None
    return task
