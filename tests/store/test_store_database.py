"""The database: what its clock says, what is undone, what others see, and how its troubles are told."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from store import holds, settlements
from store.database import Database, after, clock
from store.errors import StoreError, StoreUnavailable
from store.migrations import migrate
from store.schema import cluster, hold
from tests.servers import Server, new_database, postgresql

PLACING = insert(hold).values(why="x", placed_by="alice", placed_at=clock())


async def holds_kept(db: Database) -> int:
    async with db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(hold))).scalar_one()


async def test_the_clock_is_utc_to_the_millisecond_and_goes_on_in_a_transaction(db: Database) -> None:
    assert abs(await db.now() - datetime.now(UTC)) < timedelta(minutes=1)
    async with db.write() as connection:
        first, later = (await connection.execute(select(clock(), after(timedelta(milliseconds=1234))))).one()
        assert timedelta(milliseconds=1234) <= later - first < timedelta(seconds=60)
        await asyncio.sleep(0.01)
        second = (await connection.execute(select(clock()))).scalar_one()
    assert second > first
    assert first.tzinfo is UTC
    assert first.microsecond % 1000 == 0


async def test_what_raises_is_undone(db: Database) -> None:
    async def fail() -> None:
        async with db.write() as connection:
            await connection.execute(PLACING)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await holds_kept(db) == 0


async def test_what_is_cancelled_is_undone_and_the_connection_serves_on(db: Database) -> None:
    for _ in range(3):
        began = asyncio.Event()

        async def hang(began: asyncio.Event = began) -> None:
            async with db.write() as connection:
                await connection.execute(PLACING)
                began.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(hang())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await holds_kept(db) == 0
    await holds.place(db, "x", "alice")


async def test_a_snapshot_sees_one_state(db: Database) -> None:
    async with db.snapshot() as connection:
        count = select(func.count()).select_from(hold)
        assert await connection.scalar(count) == 0
        await holds.place(db, "x", "alice")
        assert await connection.scalar(count) == 0
    assert await holds_kept(db) == 1


async def test_writers_wait_for_each_other(db: Database, empty_url: str) -> None:
    """Read, think, write: no increment is lost between two processes' connections."""
    await settlements.add(db, "m")
    async with Database(empty_url) as other:

        async def add_one(through: Database) -> None:
            async with through.write() as connection:
                row = settlements.settlement.c
                found = select(row.attempt).where(row.market == "m").with_for_update()
                count = (await connection.execute(found)).scalar_one()
                await asyncio.sleep(0)
                await connection.execute(update(settlements.settlement).values(attempt=count + 1))

        await asyncio.gather(*(add_one(each) for each in (db, other) for _ in range(10)))
    found = await settlements.get(db, "m")
    assert found is not None
    assert found.attempt == 20


async def test_what_the_database_refuses_in_itself_is_no_outage(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.write() as connection:
            await connection.execute(insert(cluster).values(id=2, genesis_hash="g", program="p"))


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:secret@h"]
)
def test_other_urls_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(StoreError, match="correct DATABASE_URL") as caught:
        Database(url)
    assert "secret" not in str(caught.value)


async def test_no_password_is_told() -> None:
    async with Database("postgresql://alice:s3cret@127.0.0.1:1/opinion?connect_timeout=1") as db:
        assert "s3cret" not in repr(db)
        with pytest.raises(StoreUnavailable, match="cannot be used") as caught:
            await db.now()
    assert "s3cret" not in str(caught.value)
    assert "alice:***@127.0.0.1:1/opinion" in str(caught.value)


async def test_a_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/folder/store.db") as db:
        await migrate(db)
        modes = {each.name: each.stat().st_mode & 0o777 for each in os.scandir(tmp_path / "folder")}
    assert modes == dict.fromkeys(["store.db", "store.db-wal", "store.db-shm"], 0o600)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("this is no database, and long enough to be none for certain" * 99)
    async with Database(f"sqlite:///{tmp_path}/store.db") as db:
        with pytest.raises(StoreUnavailable, match="file is not a database"):
            await db.now()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        async with Database(f"sqlite:///{tmp_path}/file/store.db"):
            pass


async def test_nothing_is_written_to_a_file_that_is_no_longer_there(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with Database(f"sqlite:///{path}") as db:
        await migrate(db)
        path.rename(tmp_path / "moved")
        with pytest.raises(StoreUnavailable, match="was deleted or replaced while in use: start again"):
            await holds.place(db, "x", "alice")


async def test_a_full_disk_is_an_outage_and_ends(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path}/store.db", connections=1) as db:
        await migrate(db)
        async with db.read() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await holds.place(db, "x" * 999_999, "alice")
        before = await holds_kept(db)
        async with db.read() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 100000")
        await holds.place(db, "x", "alice")
        assert await holds_kept(db) == before + 1


async def test_a_writer_that_never_ends_is_an_outage_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.database._WAIT", 0.1)
    async with Database(f"sqlite:///{tmp_path}/store.db") as db:
        await migrate(db)
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="database is locked"):
            await holds.place(db, "x", "alice")
        assert await holds.current(db) is None
        other.execute("ROLLBACK")
        other.close()
        await holds.place(db, "x", "alice")


@pytest.fixture
async def own_server() -> AsyncIterator[Server]:
    """A PostgreSQL that the test may end."""
    server = await asyncio.to_thread(postgresql)
    yield server
    await asyncio.to_thread(server.remove)


async def test_a_server_that_was_restarted_serves_on_and_one_that_is_down_is_an_outage(own_server: Server) -> None:
    async with Database(await asyncio.to_thread(new_database, own_server)) as db:
        await migrate(db)
        await holds.place(db, "x", "alice")
        for ending in (None, signal.SIGKILL):
            await asyncio.to_thread(own_server.restart, ending)
            assert await holds_kept(db) == 1
        await asyncio.to_thread(own_server.end, signal.SIGKILL)
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            await holds_kept(db)
        await asyncio.to_thread(own_server.start)
        assert await holds_kept(db) == 1


async def test_a_server_that_dies_in_a_transaction_is_an_outage(own_server: Server) -> None:
    async with Database(await asyncio.to_thread(new_database, own_server)) as db:
        await migrate(db)

        async def write_while_it_dies() -> None:
            async with db.write() as connection:
                await connection.execute(PLACING)
                await asyncio.to_thread(own_server.end, signal.SIGKILL)
                await connection.execute(select(clock()))

        with pytest.raises(StoreUnavailable, match="cannot be used"):
            await write_while_it_dies()
        await asyncio.to_thread(own_server.start)
        assert await holds_kept(db) == 0
