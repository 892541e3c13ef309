"""A job as a worker process runs it: the market's name in Redis, everything else from the settings."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from redis import Redis
from rq import Queue as RqQueue
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from chain.units import UsdcUnits
from ops.demo.authorities import establish
from oracle.queues import JobQueues
from oracle.reconciler import Reconciler
from store.database import Database
from store.migrations import migrate
from store.settlements import Queue, Status
from tests.oracle.settlement.house import House, Opened
from tests.servers import Server
from tests.stage import staged

ROOT = Path(__file__).resolve().parents[2]
WORK = "from oracle.worker import work; from settings import Settings; from store.settlements import Queue; "
WORK += "work(Settings(), list(Queue))"
PATIENCE_S = 90.0


async def test_a_worker_process_settles_what_the_reconciler_queues(tmp_path: Path, valkey_server: Server) -> None:
    redis_url = valkey_server.url.removesuffix("/0") + "/13"
    url = f"sqlite:///{tmp_path}/oracle.db"
    async with staged(tmp_path) as stage, Database(url) as db:
        await migrate(db)
        await establish(stage, "establish", UsdcUnits(100_000_000))
        async with House.opened(stage, db, tmp_path / "texts") as house:
            market = await house.market(2)
            keys = tmp_path / "ledger" / "keys"
            environment = {
                "NETWORK": "localnet",
                "SOLANA_RPC_URL": stage.url,
                "DATABASE_URL": url,
                "REDIS_URL": redis_url,
                "ORACLE_KEYPAIR_PATH": str(keys / "oracle.json"),
                "RANDOMNESS_KEYPAIR_PATHS": str(keys / "randomness.json"),
                "TEXTS_PATH": str(tmp_path / "texts"),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
            }
            with Redis.from_url(redis_url) as redis, JobQueues(redis_url) as queues:
                redis.flushdb()
                worker = _worker(environment, tmp_path / "worker.log")
                try:
                    await _until_done(house, Reconciler(db, queues), market)
                    failed = [_failed(redis, queue) for queue in Queue]
                finally:
                    worker.send_signal(signal.SIGTERM)
                    ended = await asyncio.to_thread(worker.wait, 60)
                redis.flushdb()
            assert (ended, failed) == (0, [[]] * len(Queue)), await asyncio.to_thread(_told, tmp_path / "worker.log")
            holders = {run.worker for run in await house.runs(market)}
            assert holders
            assert await house.open_runs() == await house.open_attempts() == 0
            assert market.name in await asyncio.to_thread(_told, tmp_path / "worker.log")


def _worker(environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as file:
        return subprocess.Popen([sys.executable, "-c", WORK], env=environment, stderr=file, stdout=file)


def _failed(redis: "Redis", queue: Queue) -> list[str]:
    kept = RqQueue(str(queue), connection=redis, serializer=JSONSerializer)
    return FailedJobRegistry(queue=kept).get_job_ids()


def _told(log: Path) -> str:
    return log.read_text()


async def _until_done(house: House, reconciler: Reconciler, market: Opened) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (row := await house.row(market)).status is not Status.DONE:
            assert row.status is not Status.PARKED, row
            if row.due_at > await house.db.now():
                await house.hasten(market)
            await reconciler.look()
            await asyncio.sleep(0.1)
