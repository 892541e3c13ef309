"""Locks, holds and the cluster's pin: one holder, one cluster, and every hold told."""

import asyncio
from datetime import timedelta

import pytest

from store import audit, cluster, holds, locks
from store.database import Database
from store.errors import OtherCluster

LONG = timedelta(minutes=5)
NONE = timedelta(0)


async def test_a_lock_goes_to_one_of_many_who_ask_at_once(db: Database) -> None:
    for fence in range(1, 4):
        asked = await asyncio.gather(*(locks.take(db, "watcher", f"host {n}", LONG) for n in range(12)))
        assert [each for each in asked if each is not None] == [fence]
        assert await locks.release(db, "watcher", fence)


async def test_a_lock_that_ran_out_goes_to_another_under_a_new_fence(db: Database) -> None:
    first = await locks.take(db, "watcher", "one", LONG)
    assert first is not None
    assert await locks.take(db, "watcher", "two", LONG) is None
    assert await locks.renew(db, "watcher", first, LONG)
    assert await locks.renew(db, "watcher", first, NONE)
    assert not await locks.renew(db, "watcher", first, LONG)
    second = await locks.take(db, "watcher", "two", LONG)
    assert second == first + 1
    assert not await locks.renew(db, "watcher", first, LONG)
    assert not await locks.release(db, "watcher", first)
    assert await locks.take(db, "watcher", "three", LONG) is None


async def test_locks_with_other_names_are_other_locks(db: Database) -> None:
    assert [await locks.take(db, name, "one", LONG) for name in ("a", "b")] == [1, 1]


async def test_holds_are_told_until_all_are_lifted(db: Database) -> None:
    assert await holds.current(db) is None
    assert await holds.lift(db, "alice") == 0
    await holds.place(db, "the model is wrong", "alice")
    await holds.place(db, "so is the\0price", "bob")
    found = await holds.current(db)
    assert found is not None
    assert (found.why, found.placed_by) == ("the model is wrong", "alice")
    assert abs(found.placed_at - await db.now()) < LONG
    assert await holds.lift(db, "carol") == 2
    assert await holds.current(db) is None
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.rows) == (True, 3)


async def test_a_database_is_of_one_cluster_and_program(db: Database) -> None:
    await asyncio.gather(*(cluster.pin(db, "genesis", "program") for _ in range(5)))
    with pytest.raises(OtherCluster, match="belongs to the cluster with genesis hash genesis, and this one has other"):
        await cluster.pin(db, "other", "program")
    with pytest.raises(OtherCluster, match="belongs to program program, not other: correct PROGRAM_ID"):
        await cluster.pin(db, "genesis", "other")
    await cluster.pin(db, "genesis", "program")
