"""The localnet as an operator starts it: our program at genesis, and keys beside the ledger."""

import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain.ecvrf import SecretKey
from chain.multisig.v4.accounts import ProgramConfig
from chain.multisig.v4.addresses import program_config
from chain.signers import KeypairSigner, randomness_key_from_file, signer_from_file
from ops.errors import OperatorError

ROOT = Path(__file__).resolve().parent.parent
NODE_PYTHON = ROOT / "localnet" / ".venv" / "bin" / "python"
_BUILT = ROOT / "programs" / "built"
PROGRAM_FILE = _BUILT / "opinion_market.so"
MULTISIG = Pubkey.from_string("6Xde5bAzw7GJmiopsZmZbNe6DTWczyxqUJRyeqW2TQLp")
"""Where a localnet has our multisig program with the interface of Squads v4; its key nobody has."""
MULTISIG_V3 = Pubkey.from_string("7qD43F33HuWVjygPvwFh2XghFQAJ5bHov4VqfhN48aAZ")
"""The same with the interface of Squads v3."""
_MULTISIGS = {MULTISIG: _BUILT / "multisig.so", MULTISIG_V3: _BUILT / "multisig_v3.so"}
_PROGRAM_CONFIG = "program_config.json"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
ROLES = ("admin", "oracle", "treasury", "guardian")


@dataclass(frozen=True)
class LocalnetKeys:
    """The authorities' keys of one localnet; for play money only."""

    admin: KeypairSigner
    oracle: KeypairSigner
    treasury: KeypairSigner
    guardian: KeypairSigner
    randomness: SecretKey


@dataclass(frozen=True)
class RunningLocalnet:
    """A localnet that answers at `url`, with its authorities' keys."""

    url: str
    keys: LocalnetKeys
    process_id: int


def read_keys(directory: Path) -> LocalnetKeys:
    """Read the key files; raises OperatorError when one is missing, SignerError when one cannot be used."""
    for role in (*ROLES, "randomness"):
        if not (path := directory / f"{role}.json").exists():
            raise OperatorError(
                f"{path} is missing: name the folder LEDGER/keys of the localnet, or start it with --reset."
            )
    signers = {role: signer_from_file(directory / f"{role}.json") for role in ROLES}
    return LocalnetKeys(**signers, randomness=randomness_key_from_file(directory / "randomness.json"))


def make_keys(directory: Path) -> LocalnetKeys:
    """Make the key files that are missing, mode 0600, and read them all; raises OperatorError or SignerError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for role in (*ROLES, "randomness"):
            make_key(directory / f"{role}.json")
    except OSError as error:
        raise OperatorError(f"Keys cannot be written to {directory} ({error.strerror}): name another folder.") from None
    return read_keys(directory)


def make_key(path: Path) -> None:
    """Write a new keypair unless there is one; whole or not at all, and never readable by others."""
    if path.exists():
        return
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(Keypair().to_json())
    draft.rename(path)


def prepare(program: Pubkey, ledger: Path, *, reset: bool) -> LocalnetKeys:
    """Make a new ledger's keys, or read those of one that is there, and hold it to the program it was made with.

    Raises OperatorError when the ledger is of another program or lacks a key, SignerError when a key cannot be used.
    """
    node_parts()
    note, described = ledger / "program", f"{program} {_hash_of_programs()}\n"
    if not note.exists() or reset:
        keys = make_keys(ledger / "keys")
        (ledger / _PROGRAM_CONFIG).write_text(json.dumps(_program_config(keys)))
        note.write_text(described)
        return keys
    if note.read_text() != described:
        raise OperatorError(
            f"{ledger} was made with another program than {program} of {PROGRAM_FILE}: start it anew with --reset."
        )
    return read_keys(ledger / "keys")


def _program_config(keys: LocalnetKeys) -> dict[str, object]:
    """The v4 program's configuration, as `solana account --output json` writes an account: a multisig costs nothing."""
    config = ProgramConfig(keys.admin.public_key, 0, keys.treasury.public_key, bytes(64))
    account = {
        "lamports": 10_000_000,
        "data": [b64encode(config.to_account()).decode(), "base64"],
        "owner": str(MULTISIG),
        "executable": False,
        "rentEpoch": 2**64 - 1,
    }
    return {"pubkey": str(program_config(MULTISIG)), "account": account}


def _hash_of_programs() -> str:
    digest = hashlib.sha256()
    for file in (PROGRAM_FILE, *_MULTISIGS.values()):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def node_parts() -> None:
    """Raise OperatorError when the node's environment or the built program is missing."""
    if not NODE_PYTHON.exists():
        raise OperatorError(f"{NODE_PYTHON} is missing: run 'make setup' in {ROOT}.")
    for file in (PROGRAM_FILE, *_MULTISIGS.values()):
        if not file.exists():
            raise OperatorError(f"{file} is missing: restore it from git or run 'make programs'.")


def check_ports(rpc_port: int) -> None:
    """Raise OperatorError unless the RPC's port and the WebSocket's, the next one, are free on loopback."""
    for port in (rpc_port, rpc_port + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise OperatorError(f"Port {port} on 127.0.0.1 is in use: give another --rpc-port.") from None


def node_command(program: Pubkey, upgrade_authority: Pubkey, ledger: Path, rpc_port: int, slot_ms: int) -> list[str]:
    """Return what starts the node with the program at genesis, and the multisig programs beside it."""
    command = [
        str(NODE_PYTHON), "-P", "-m", "opinion_localnet",
        "--ledger", str(ledger), "--rpc-port", str(rpc_port), "--slot-ms", str(slot_ms),
    ]  # fmt: skip
    for address, file in {program: PROGRAM_FILE, **_MULTISIGS}.items():
        command += ["--upgradeable-program", str(address), str(file), str(upgrade_authority)]
    return [*command, "--account", "-", str(ledger / _PROGRAM_CONFIG)]


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
    keys = prepare(program, ledger, reset=False)
    port = free_port_pair()
    log = ledger / "node.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *_dying_with_us(),
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


def _dying_with_us() -> list[str]:
    """Return what makes the kernel end the node when we are killed outright; nothing where there is no setpriv."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


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
