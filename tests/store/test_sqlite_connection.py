"""Quitting in the middle of a read: no connection is waited for in vain."""

import asyncio
from pathlib import Path

from sqlalchemy import text

from store.database import Database
from store.sqlite_connection import SqliteConnection


async def test_what_is_stopped_can_be_closed(tmp_path: Path) -> None:
    connection = await SqliteConnection(tmp_path / "one.db")
    connection.stop()
    async with asyncio.timeout(20):
        await connection.close()
        await connection.close()
        await connection.ended()


async def test_a_read_that_is_cancelled_twice_leaves_no_task(tmp_path: Path) -> None:
    slow = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n")
    before = asyncio.all_tasks()
    async with Database(f"sqlite:///{tmp_path}/one.db") as db:
        reading = asyncio.Event()

        async def read() -> None:
            async with db.read() as connection:
                reading.set()
                await connection.execute(slow)

        task = asyncio.create_task(read())
        await reading.wait()
        for _ in range(4):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    left = asyncio.all_tasks() - before
    if left:
        done, hanging = await asyncio.wait(left, timeout=20)
        assert not hanging
        assert [one.exception() for one in done if not one.cancelled()] == [None] * len(done)
