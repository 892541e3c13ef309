"""A Solana to run clients against: the localnet, or Agave's test validator."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port_pair, free_ports

from . import parts

START_SECONDS = 60
# As many ports as a validator binds, and some more.
_PORTS = 40


class RpcFailureError(Exception):
    """An error answer, whole."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error


@dataclass(frozen=True)
class Cluster:
    """Where a running Solana listens."""

    name: str
    rpc_port: int
    client: httpx.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.rpc_port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.rpc_port + 1}"

    def answer(self, method: str, *params: Any) -> dict[str, Any]:
        """The `result` or `error` member of the answer, under its name."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method} | ({"params": list(params)} if params else {})
        content = self.client.post(self.url, json=body).json()
        return {key: content[key] for key in ("result", "error") if key in content}

    def call(self, method: str, *params: Any) -> Any:
        """The result; raises RpcFailureError."""
        answer = self.answer(method, *params)
        if "error" in answer:
            raise RpcFailureError(answer["error"])
        return answer["result"]

    def post(self, body: bytes, content_type: str = "application/json") -> httpx.Response:
        """Send a body as it is."""
        return self.client.post(self.url, content=body, headers={"Content-Type": content_type})

    def wait(self, signature: str, seconds: float = 30) -> dict[str, Any]:
        """The status of a transaction once it is confirmed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.call("getSignatureStatuses", [signature])["value"][0]
            if status and status["confirmationStatus"] != "processed":
                return status
            time.sleep(0.02)
        raise AssertionError(f"{self.name} did not confirm {signature}")


@dataclass
class ServerProcess:
    """A process of ours, stopped by its own id."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_localnet(folder: Path) -> tuple[Cluster, ServerProcess]:
    """A localnet on free ports."""
    port = free_port_pair()
    command = [parts.localnet_python(), "-m", "opinion_localnet", "--ledger", str(folder / "ledger")]
    return _start("localnet", [*command, "--rpc-port", str(port), "--slot-ms", "100"], port, folder)


def start_validator(folder: Path) -> tuple[Cluster, ServerProcess]:
    """Agave's test validator on free ports."""
    program = parts.on_path("solana-test-validator", "put Agave's tools on PATH")
    port = free_port_pair()
    command = [program, "--ledger", str(folder / "ledger"), "--bind-address", "127.0.0.1", "--quiet"]
    # By default every validator of a machine wants the same gossip ports.
    first = free_ports(_PORTS + 2)
    command += ["--gossip-port", str(first), "--dynamic-port-range", f"{first + 1}-{first + _PORTS}"]
    command += ["--rpc-port", str(port), "--faucet-port", str(first + _PORTS + 1)]
    return _start("validator", command, port, folder)


def _start(name: str, command: Sequence[str], port: int, folder: Path) -> tuple[Cluster, ServerProcess]:
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    server = ServerProcess(process, log)
    cluster = Cluster(name, port, httpx.Client(timeout=30))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _is_up(cluster):
            return cluster, server
        time.sleep(0.1)
    server.stop()
    raise AssertionError(f"{name} did not start: {log.read_text(errors='replace')[-2000:]}")


def _is_up(cluster: Cluster) -> bool:
    try:
        # The first blocks are special on a validator: it has no leader's rewards and no votes yet.
        return cluster.call("getHealth") == "ok" and cluster.call("getSlot", {"commitment": "confirmed"}) > 2
    except (httpx.TransportError, RpcFailureError, json.JSONDecodeError):
        return False
