"""Whole watchers as processes, with a real localnet and database, and with no Redis at all."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from ops.demo.stage import Stage
from store import accounts, cluster, settlements
from store.database import Database
from store.migrations import migrate
from store.schema import lock
from tests.ports import free_port
from tests.servers import postgresql
from tests.stage import Play, staged, websocket_url

ROOT = Path(__file__).resolve().parents[2]
TAKEOVER_S = 15.0
WATCH = """
import asyncio
from oracle.watcher import watch
from settings import Settings
asyncio.run(watch(Settings()))
"""


@dataclass(frozen=True)
class Watcher:
    """A watcher's process; its log is what it told."""

    process: "subprocess.Popen[bytes]"
    log: Path
    metrics_port: int

    def figure(self, name: str) -> float:
        """What its metrics say."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30).text
        return next(float(line.split()[1]) for line in text.splitlines() if line.split()[0] == name)

    def is_holder(self, holder: str) -> bool:
        return f":{self.process.pid}:" in holder


@contextmanager
def watching(stage: Stage, database_url: str, folder: Path, name: str) -> Generator[Watcher]:
    metrics_port = free_port()
    settings = {
        "NETWORK": "localnet",
        "SOLANA_RPC_URL": stage.url,
        "SOLANA_WS_URL": websocket_url(stage.url),
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "METRICS_PORT": str(metrics_port),
    }
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCH], cwd=ROOT, env=os.environ | settings, stdout=output, stderr=output
        )
    try:
        yield Watcher(process, log, metrics_port)
    finally:
        process.kill()
        process.wait()


async def until(what: Callable[[], Awaitable[bool]], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not await what():
        assert time.monotonic() < deadline, _end_of(log)
        await asyncio.sleep(0.02)


def _end_of(log: Path) -> str:
    return log.read_text()[-3000:]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with staged(tmp_path) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = postgresql()
    yield f"{server.url}/postgres"
    server.remove()


async def holder(db: Database) -> str:
    async with db.read() as connection:
        return (
            await connection.execute(select(lock.c.holder).where(lock.c.name == "watcher"))
        ).scalar_one_or_none() or ""


async def test_a_standby_takes_over_from_a_killed_watcher(stage: Stage, database_url: str, tmp_path: Path) -> None:
    early, late = Play(stage), Play(stage)
    await early.until("create")
    async with Database(database_url, connections=4) as db:
        await migrate(db)
        with watching(stage, database_url, tmp_path, "first") as first:
            await until(lambda: _seen(db, early), first.log)
            assert first.is_holder(await holder(db))
            with watching(stage, database_url, tmp_path, "second") as second:
                await until(lambda: _says(second, "standby"), second.log)
                assert await asyncio.to_thread(first.figure, "opinion_watcher_active") == 1
                assert await asyncio.to_thread(first.figure, "opinion_follower_lag_slots") < 1000
                assert await asyncio.to_thread(second.figure, "opinion_watcher_active") == 0
                first.process.send_signal(signal.SIGKILL)
                killed, killed_at = time.monotonic(), await db.now()
                # All is read again, and what has changed meanwhile is found and acted on.
                await late.until("wait")

                async def read_again() -> bool:
                    fresh = (await accounts.freshness(db)).confirmed
                    return second.is_holder(await holder(db)) and fresh is not None and fresh.read_at > killed_at

                await until(read_again, second.log)
                assert time.monotonic() - killed < TAKEOVER_S
                await until(lambda: _noted(db, early, late), second.log)
                second.process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(second.process.wait, 30)


async def test_the_database_of_another_chain_is_refused(stage: Stage, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    async with Database(url) as db:
        await migrate(db)
        await cluster.pin(db, "Another1111111111111111111111111111111111111", str(stage.program))
        with watching(stage, url, tmp_path, "stranger") as stranger:
            assert await asyncio.to_thread(stranger.process.wait, 60) != 0
            assert "belongs to the cluster with genesis hash Another" in stranger.log.read_text()
        assert await accounts.markets(db) == []


async def _seen(db: Database, play: Play) -> bool:
    return await accounts.market(db, play.address) is not None


async def _says(watcher: Watcher, words: str) -> bool:
    return words in watcher.log.read_text()


async def _noted(db: Database, *plays: Play) -> bool:
    return all([await settlements.get(db, play.address) is not None for play in plays])
