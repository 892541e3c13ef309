"""Everything that one batch of runs stands on: a localnet, servers, proxies, a model, and the oracle's processes."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chain.constants import PROGRAM_ID
from chain.units import UsdcUnits
from ops.demo import council
from ops.demo.authorities import establish
from ops.demo.council import Founded
from ops.demo.stage import Stage, open_stage
from ops.localnet import running_localnet
from oracle.texts import Texts, texts_of
from settings import websocket_of
from store.cluster import pin
from store.database import Database
from store.migrations import migrate
from tests.fakes.messages_api import MessagesApi
from tests.faults import clocks
from tests.faults.plan import Ground
from tests.faults.processes import Processes
from tests.faults.rpc_proxy import RpcProxy
from tests.servers import Server, new_database, postgresql, redis_server, valkey

BOND = UsdcUnits(5_000_000_000)
DISK = "24m"
_MODEL_KEY = "sk-ant-the-faults-own"


@dataclass(frozen=True)
class Servers:
    """What batches may share: starting a PostgreSQL takes seconds."""

    redis: Server
    postgresql: Server | None


@contextmanager
def servers_of(ground: Ground) -> Generator[Servers]:
    """Start them, and end them afterwards."""
    durable = ("--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction")
    redis = redis_server(*durable) if ground.debian_redis else valkey(*durable)
    try:
        database = postgresql() if ground.postgresql else None
        try:
            yield Servers(redis, database)
        finally:
            if database is not None:
                database.remove()
    finally:
        redis.remove()


@dataclass(frozen=True)
class Stack:
    """One that runs. `disk` is the small disk that the SQLite file is on, where this user may mount one."""

    ground: Ground
    folder: Path
    stage: Stage
    servers: Servers
    db: Database
    database_url: str
    texts: Texts
    api: MessagesApi
    proxies: tuple[RpcProxy, ...]
    processes: Processes
    disk: Path | None
    founded: Founded | None
    """Who records the scores, where the oracle's own key does not."""


class Hooks:
    """What the proxies tell: set once the injector is there."""

    async def sending(self, signature: str) -> bool:
        """Whether the node may have the transaction."""
        return True

    async def sent(self, signature: str) -> None:
        """The node has it."""

    async def may_vote(self, market: str, approvals: int) -> None:
        """The council's next member may approve the market's score, after so many."""

    def may_execute(self, market: str) -> bool:
        """Whether a member executes it too."""
        return True


@asynccontextmanager
async def standing(ground: Ground, servers: Servers, folder: Path, hooks: Hooks) -> AsyncGenerator[Stack]:
    """Bring it up; everything is ended afterwards."""
    async with (
        running_localnet(PROGRAM_ID, _made(folder / "ledger"), ground.slot_ms) as localnet,
        open_stage(PROGRAM_ID, localnet.url, localnet.keys, folder / "harness.db") as stage,
        _proxies(localnet.url, ground.endpoints, hooks) as proxies,
        MessagesApi() as api,
        texts_of(_made(folder / "texts")) as texts,
    ):
        founded = await council.found(stage, folder / "signers") if ground.council else None
        await establish(stage, "establish", BOND, founded.council.authority if founded else None)
        with _disk(folder / "disk") as disk:
            if servers.postgresql is None:
                url = f"sqlite:///{(disk or folder) / 'oracle.db'}"
            else:
                url = new_database(servers.postgresql)
                clocks.set_up(url)
            environment = {
                "NETWORK": "localnet",
                "SOLANA_RPC_URL": ",".join(proxy.url for proxy in proxies),
                "SOLANA_WS_URL": ",".join(websocket_of(localnet.url) for _ in proxies),
                "PROGRAM_ID": str(PROGRAM_ID),
                "DATABASE_URL": url,
                "REDIS_URL": servers.redis.url,
                "TEXTS_PATH": str(folder / "texts"),
                "METRICS_PORT": "0",
                "ANTHROPIC_API_KEY": _MODEL_KEY,
                "ANTHROPIC_BASE_URL": api.url,
                "ANALYSIS_SECONDS": "4",
                "ORACLE_KEYPAIR_PATH": str(folder / "ledger" / "keys" / "oracle.json"),
                "RANDOMNESS_KEYPAIR_PATHS": str(folder / "ledger" / "keys" / "randomness.json"),
                "PYTHONUNBUFFERED": "1",
            }
            if founded is not None:
                environment |= {
                    "ROSTER_PATH": str(founded.roster),
                    "SQUADS_MULTISIG": str(founded.council.pinned.address),
                }
            async with Database(url, connections=4) as db:
                await migrate(db)
                await pin(db, await stage.rpc.genesis_hash(), str(PROGRAM_ID))
                async with Processes(_made(folder / "logs"), environment) as processes:
                    yield Stack(ground, folder, stage, servers, db, url, texts, api, proxies, processes, disk, founded)


@asynccontextmanager
async def _proxies(target: str, count: int, hooks: Hooks) -> AsyncGenerator[tuple[RpcProxy, ...]]:
    async def sending(signature: str) -> bool:
        return await hooks.sending(signature)

    async def sent(signature: str) -> None:
        await hooks.sent(signature)

    async with RpcProxy(target, sending, sent) as first:
        if count == 1:
            yield (first,)
            return
        async with RpcProxy(target, sending, sent) as second:
            yield first, second


@contextmanager
def _disk(folder: Path) -> Generator[Path | None]:
    """A small disk of its own for the database; None where this user may mount none."""
    _made(folder)
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or mount is None or subprocess.run([mount, *options], check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def fill(disk: Path, seconds: float) -> None:
    """Leave no room on the disk for so long."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    await asyncio.sleep(seconds)
    ballast.unlink()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
