"""The oracle's processes on a localnet of their own: watcher, chain workers, analysis workers, and a slow model.

Each is a process of its own, as in production. Everything ends with the context.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from chain.constants import PROGRAM_ID
from ops.demo.stage import Stage, open_stage
from ops.localnet import free_port_pair, prepare
from ops.up import plan
from ops.up.child import Child
from ops.up.state import State, opened
from ops.up.supervisor import Supervisor
from settings import Settings
from store.cluster import pin
from store.database import Database
from store.migrations import migrate
from tests.servers import new_database, postgresql

MODEL = "claude-haiku-5-5"
CHAIN, ANALYSIS = "capture,settle,clean", "analyse"
"""The queues of the two kinds of worker."""
_MODEL_LAYER, _ORACLE_LAYER = 0, 1


@dataclass(frozen=True)
class Size:
    """How many processes of each kind."""

    chain: int
    analysis: int


@dataclass(frozen=True)
class Deployment:
    """A localnet, queues and a database; the oracle's processes start with `start` or one by one."""

    state: State
    stage: Stage
    db: Database
    environment: Mapping[str, str]
    supervisor: Supervisor

    async def start(self, size: Size) -> None:
        """Start the workers, then the watcher, which finds what is due."""
        chain = [self.worker(f"chain-{n}", CHAIN) for n in range(1, size.chain + 1)]
        analysis = [self.worker(f"analysis-{n}", ANALYSIS) for n in range(1, size.analysis + 1)]
        await asyncio.gather(*(self.supervisor.start(child) for child in (*chain, *analysis)))
        watcher = next(child for child in plan.oracle(self.state, self.environment, 1) if child.name == "watcher")
        await self.supervisor.start(watcher)

    def worker(self, name: str, queues: str) -> Child:
        """A worker that counts as started once it takes jobs."""
        command = (str(Path(sys.executable).parent / "opinion"), "oracle", "work", "--queues", queues)
        return self.child(name, command)

    def child(self, name: str, command: Sequence[str]) -> Child:
        """A process that is told what the oracle's are told, and says `worker ready` in its log."""
        log = self.state.log(name)

        async def ready() -> bool:
            return log.exists() and b"worker ready" in await asyncio.to_thread(log.read_bytes)

        return Child(name, tuple(command), log, _ORACLE_LAYER, self.environment, ready)


@asynccontextmanager
async def deployed(
    latency: float | None, slot_ms: int = 400, *, with_postgresql: bool = False
) -> AsyncGenerator[Deployment]:
    """Bring up everything but the oracle's own processes; a model that takes `latency` seconds, or none.

    Without one, the lexicon scores. The database is SQLite, or Debian's PostgreSQL, which then flushes as SQLite does.
    """
    with (
        tempfile.TemporaryDirectory(prefix="opinion-bench-", ignore_cleanup_errors=True) as folder,
        opened(Path(folder), reset=False) as state,
        _database(state, with_postgresql=with_postgresql) as database_url,
    ):
        supervisor = Supervisor(lambda _name, _words: None)
        try:
            rpc_port, redis_port, model_port = free_port_pair(), plan.free_port(), plan.free_port()
            state.ledger.mkdir()
            keys = prepare(PROGRAM_ID, state.ledger, reset=False)
            await supervisor.start(plan.localnet(state, PROGRAM_ID, keys, rpc_port, slot_ms))
            await supervisor.start(plan.valkey(state, redis_port))
            if latency is not None:
                await supervisor.start(_model(state, model_port, latency))
            url = f"http://127.0.0.1:{rpc_port}"
            settings = Settings.model_construct(solana_rpc_url=(url,), program_id=str(PROGRAM_ID), metrics_port=0)
            environment = plan.environment(settings, state, redis_port, state.ledger / "keys")
            environment |= {"DATABASE_URL": database_url}
            environment |= {"PYTHONPATH": os.getcwd()}  # noqa: PTH109 - for jobs of the benchmarks themselves
            if latency is not None:
                environment |= {"ANTHROPIC_API_KEY": "none-is-needed", "ANALYSIS_MODELS": MODEL}
                environment |= {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{model_port}"}
            async with (
                Database(database_url) as db,
                open_stage(PROGRAM_ID, url, keys, state.folder / "stage.db") as stage,
            ):
                await migrate(db)
                await pin(db, await stage.rpc.genesis_hash(), str(PROGRAM_ID))
                yield Deployment(state, stage, db, environment, supervisor)
        finally:
            await supervisor.stop()


@contextmanager
def _database(state: State, *, with_postgresql: bool) -> Generator[str]:
    """The URL of an empty database."""
    if not with_postgresql:
        yield f"sqlite:///{state.database}"
        return
    server = postgresql()
    try:
        server.command = [word.replace("fsync=off", "fsync=on") for word in server.command]
        server.restart()
        yield new_database(server)
    finally:
        server.remove()


def _model(state: State, port: int, latency: float) -> Child:
    """The fake Messages API."""
    command = (sys.executable, "-m", "tests.fakes.messages_api", "--port", str(port), "--latency", str(latency))

    async def ready() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/control")).is_success
            except httpx.HTTPError:
                return False

    return Child("model", command, state.log("model"), _MODEL_LAYER, {"PYTHONPATH": os.getcwd()}, ready)  # noqa: PTH109
