"""The localnet as an operator starts it: our program at genesis, and keys beside the ledger."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from solders.pubkey import Pubkey

from chain.signers import KeypairSigner, open_keypair_file, write_keypair_file
from ops.errors import OperatorError

ROOT = Path(__file__).resolve().parent.parent
NODE_PYTHON = ROOT / "localnet" / ".venv" / "bin" / "python"
PROGRAM_FILE = ROOT / "programs" / "built" / "opinion_market.so"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
ROLES = ("admin", "oracle", "treasury", "guardian", "randomness")


@dataclass(frozen=True)
class LocalnetKeys:
    """The authorities' keys of one localnet; for play money only."""

    admin: KeypairSigner
    oracle: KeypairSigner
    treasury: KeypairSigner
    guardian: KeypairSigner
    randomness: KeypairSigner


@dataclass(frozen=True)
class RunningLocalnet:
    """A localnet that answers at `url`, with its authorities' keys."""

    url: str
    keys: LocalnetKeys
    process_id: int


def localnet_keys(directory: Path) -> LocalnetKeys:
    """Read the authorities' key files (`admin.json`, ...) in `directory`, making those that are missing, mode 0600.

    Raises SignerError when one cannot be read or is not a key.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in ROLES:
        path = directory / f"{role}.json"
        if not path.exists():
            write_keypair_file(path)
    return LocalnetKeys(**{role: open_keypair_file(directory / f"{role}.json") for role in ROLES})


def node_command(program: Pubkey, upgrade_authority: Pubkey, ledger: Path, rpc_port: int, slot_ms: int) -> list[str]:
    """Return what starts the node with the program at genesis; raises OperatorError when a part is missing."""
    if not NODE_PYTHON.exists():
        raise OperatorError(f"{NODE_PYTHON} is missing: run 'make setup' in {ROOT}.")
    if not PROGRAM_FILE.exists():
        raise OperatorError(f"{PROGRAM_FILE} is missing: restore it from git or run 'make programs'.")
    return [
        str(NODE_PYTHON), "-m", "opinion_localnet",
        "--ledger", str(ledger), "--rpc-port", str(rpc_port), "--slot-ms", str(slot_ms),
        "--upgradeable-program", str(program), str(PROGRAM_FILE), str(upgrade_authority),
    ]  # fmt: skip


def free_port_pair() -> int:
    """Return a loopback port that is free together with the next one, which the WebSocket takes."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port
    raise OperatorError("No two neighbouring free ports on 127.0.0.1: end something that listens and try again.")


@asynccontextmanager
async def running_localnet(program: Pubkey, ledger: Path, slot_ms: int) -> AsyncGenerator[RunningLocalnet]:
    """Start a localnet on free loopback ports, wait until it answers, and end it afterwards, whatever happens."""
    keys = localnet_keys(ledger / "keys")
    port = free_port_pair()
    log = ledger / "node.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *node_command(program, keys.admin.public_key, ledger, port, slot_ms),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        await _wait_until_healthy(url, process, log)
        yield RunningLocalnet(url, keys, process.pid)
    finally:
        await _stop(process)


async def _wait_until_healthy(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    async with httpx.AsyncClient(timeout=2.0) as client:
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None:
                raise OperatorError(f"The localnet ended at its start: {_last_line(log)}")
            with suppress(httpx.HTTPError):
                answer = await client.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "getHealth"})
                if answer.is_success and answer.json().get("result") == "ok":
                    return
            await asyncio.sleep(0.05)
    raise OperatorError(f"The localnet did not answer within {START_TIMEOUT_S:.0f} s: read {log}.")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing."


def parse_duration(text: str) -> int:
    """Return the seconds of `90s`, `15m`, `24h` or `3d`; raises OperatorError for anything else."""
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not (number.isascii() and number.isdigit()) or int(number) == 0:
        raise OperatorError(f"{text!r} is no duration: write a whole number with s, m, h or d behind it, such as 3d.")
    return int(number) * units[unit]
