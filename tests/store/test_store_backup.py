"""The drill: what is backed up comes back, in either database, and nobody who was at work before is still so."""

import gzip
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from solders.keypair import Keypair
from sqlalchemy import insert, select

from chain.journal import Attempt, Outcome
from chain.units import BlockHeight
from store import audit, cluster, holds, locks, settlements
from store.backup import backup, rebuild, restore
from store.database import Database, clock
from store.errors import BackupError, FenceLost, WrongRevision
from store.journal import FencedJournal
from store.migrations import HEAD, migrate
from store.schema import chain_account, hold, metadata, phase_run
from store.settlements import Claim, Phase, RunOutcome, Status
from tests.servers import new_database

LONG = timedelta(minutes=5)
KEEP = {"settlement", "lock", "phase_run", "audit", "audit_head"}


@pytest.fixture
async def other(request: pytest.FixtureRequest, tmp_path: Path, db: Database) -> AsyncIterator[Database]:
    """An empty, migrated database of the other kind."""
    url = f"sqlite:///{tmp_path}/other/store.db"
    if db.sqlite:
        url = new_database(request.getfixturevalue("postgresql_server"))
    async with Database(url) as database:
        await migrate(database)
        yield database


async def in_use(db: Database) -> Claim:
    """A database in the middle of work, and the claim that is alive."""
    await cluster.pin(db, "genesis", "program")
    await settlements.add(db, "waits")
    await settlements.add(db, "runs")
    claim = await settlements.claim(db, "runs", "worker", lease=LONG)
    assert claim is not None
    run = await settlements.begin(db, claim, Phase.CLOSE, "worker")
    await settlements.end(db, claim, run, RunOutcome.FAILED, "lone surrogate \ud800 and NUL \0 and ü")
    await settlements.begin(db, claim, Phase.RECORD, "worker")
    await FencedJournal(db, claim, "worker").record(attempt())
    await holds.place(db, "drill", "alice")
    await locks.take(db, "watcher", "host", LONG)
    async with db.write() as connection:
        seen = {"kind": "market", "data": b"\0\xff", "slot": 2**40, "commitment": "finalized", "seen_at": clock()}
        for address in ("a", "b"):
            row = seen | {"address": address, "genesis_hash": "genesis", "program": "program"}
            await connection.execute(insert(chain_account).values(row))
    return claim


def attempt() -> Attempt:
    signature = Keypair.from_seed(bytes(32)).sign_message(b"x")
    return Attempt(intent="i", number=1, signature=signature, wire=bytes(9), last_valid_block_height=BlockHeight(9))


async def contents(db: Database) -> dict[str, list[tuple[object, ...]]]:
    async with db.read() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


async def test_what_was_backed_up_comes_back_in_either_database(db: Database, other: Database, tmp_path: Path) -> None:
    claim = await in_use(db)
    before = await contents(db)
    file = tmp_path / "backup"
    made = await backup(db, file)
    assert (made.rows, file.stat().st_mode & 0o777) == (sum(len(rows) for rows in before.values()), 0o600)
    assert await restore(other, file, "alice") == made
    after = await contents(other)
    assert {name: rows for name, rows in after.items() if name not in KEEP} == {
        name: rows for name, rows in before.items() if name not in KEEP
    }
    verdict = await audit.verify(other)
    assert (verdict.ok, verdict.rows) == (True, len(before["audit"]) + 1)
    with pytest.raises(FenceLost):
        await FencedJournal(other, claim, "worker").attempts("i")
    assert not await settlements.renew(other, claim, LONG)
    assert (await locks.take(other, "watcher", "new host", LONG) or 0) > 1_000
    taken = await settlements.claim(other, "runs", "worker", lease=LONG)
    assert taken is not None
    assert (taken.fence > claim.fence + 1_000, taken.takeovers) == (True, 0)
    [row] = [row for row in await settlements.all_of(other, Status.READY) if row.market == "runs"]
    assert row.phase is Phase.RECORD


async def test_rows_are_numbered_on_after_a_restore(db: Database, other: Database, tmp_path: Path) -> None:
    await in_use(db)
    await backup(db, tmp_path / "backup")
    await restore(other, tmp_path / "backup", "alice")
    await holds.place(other, "again", "alice")
    await holds.lift(other, "alice")
    claim = await settlements.claim(other, "waits", "worker", lease=LONG)
    assert claim is not None
    await settlements.begin(other, claim, Phase.CLOSE, "worker")
    async with other.read() as connection:
        runs = list(await connection.scalars(select(phase_run.c.outcome).order_by(phase_run.c.id)))
        numbers = list(await connection.scalars(select(hold.c.id).order_by(hold.c.id)))
    assert (runs, numbers) == (["failed", "lost", None], [1, 2])
    journal = FencedJournal(other, claim, "worker")
    await journal.conclude(attempt().signature, Outcome.EXPIRED, None)


async def test_many_rows_come_back(db: Database, other: Database, tmp_path: Path) -> None:
    for n in range(3):
        async with db.write() as connection:
            for number in range(n * 400, n * 400 + 400):
                await audit.append(connection, "alice", "hold", f"{number}", {})
    await backup(db, tmp_path / "backup")
    await restore(other, tmp_path / "backup", "alice")
    verdict = await audit.verify(other)
    assert (verdict.ok, verdict.rows) == (True, 1201)


async def test_a_database_in_use_is_not_restored_over(db: Database, tmp_path: Path) -> None:
    await in_use(db)
    await backup(db, tmp_path / "backup")
    before = await contents(db)
    with pytest.raises(BackupError, match="restore into a new, migrated database"):
        await restore(db, tmp_path / "backup", "alice")
    assert await contents(db) == before


async def test_a_damaged_backup_changes_nothing(db: Database, other: Database, tmp_path: Path) -> None:
    await in_use(db)
    good = tmp_path / "backup"
    await backup(db, good)
    lines = gzip.decompress(good.read_bytes()).splitlines(keepends=True)
    spoiled = [line.replace(b'"waits"', b'"other"') for line in lines]
    cases = {
        "cut": good.read_bytes()[:-40],
        "flipped": good.read_bytes()[:60] + b"\0" + good.read_bytes()[61:],
        "changed": gzip.compress(b"".join(spoiled)),
        "shortened": gzip.compress(b"".join(lines[:-1])),
        "dropped": gzip.compress(b"".join(lines[:5] + lines[6:])),
        "no backup": gzip.compress(b"[]\n"),
        "of another format": gzip.compress(b'{"format":"x"}\n'),
        "empty": gzip.compress(b""),
        "plain": b"plain",
    }
    before = await contents(other)
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BackupError):
            await restore(other, tmp_path / name, "alice")
    with pytest.raises(BackupError, match="cannot be read"):
        await restore(other, tmp_path / "no such file", "alice")
    assert await contents(other) == before


async def test_a_backup_of_another_version_is_refused_with_what_to_do(db: Database, tmp_path: Path) -> None:
    await backup(db, tmp_path / "backup")
    lines = gzip.decompress((tmp_path / "backup").read_bytes()).replace(b'"step":%d,' % HEAD, b'"step":99,')
    (tmp_path / "newer").write_bytes(gzip.compress(lines))
    with pytest.raises(BackupError, match=r"was made at step 99 .*: restore it with the version that made it"):
        await restore(db, tmp_path / "newer", "alice")


async def test_a_backup_writes_over_nothing_and_leaves_no_part(empty_url: str, tmp_path: Path) -> None:
    async with Database(empty_url) as db:
        with pytest.raises(WrongRevision):
            await backup(db, tmp_path / "backup")
        await migrate(db)
        (tmp_path / "backup").write_text("mine")
        with pytest.raises(BackupError, match="exists already"):
            await backup(db, tmp_path / "backup")
        with pytest.raises(BackupError, match="cannot be written"):
            await backup(db, tmp_path / "no" / "folder")
    assert (tmp_path / "backup").read_text() == "mine"
    assert not any(name.endswith(".part") for name in os.listdir(tmp_path))  # noqa: PTH208


async def test_rebuild_forgets_the_chain_and_keeps_the_work(db: Database) -> None:
    claim = await in_use(db)
    before = await contents(db)
    assert await rebuild(db, "alice") == 2
    after = await contents(db)
    assert after["chain_account"] == []
    kept = {"settlement", "attempt", "phase_run", "hold", "cluster"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert await settlements.renew(db, claim, LONG)
    assert (await audit.verify(db)).ok
