"""A solana-test-validator of our own for one test module, and as much JSON-RPC as its tests need."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from solders.account import Account
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from tests.ports import free_ports
from tests.programs import idl

HOST = "127.0.0.1"
STARTS_WITHIN, LANDS_WITHIN = 60.0, 45.0
PORTS = 48
"""RPC and WebSocket, faucet, gossip, then the validator's dynamic ones."""


class RpcError(Exception):
    """The node answered with an error; `data` holds a failed simulation."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message"), error.get("data"))
        self.data: Mapping[str, Any] = error.get("data") or {}

    @property
    def name(self) -> str | None:
        """The program's error by name, when it is one."""
        failed = self.data.get("err")
        inner = failed["InstructionError"][1] if isinstance(failed, dict) else None
        return idl.load().errors.get(inner["Custom"]) if isinstance(inner, dict) else None


def eventually(what: str, within: float, ask: Callable[[], Any]) -> Any:
    """The first answer that is not None. Raises TimeoutError."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {within:g} s")


class Node:
    """A running validator."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{HOST}:{port}"

    def call(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call's result. Raises RpcError, or OSError while nobody listens."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            parsed = json.load(answer)
        if "error" in parsed:
            raise RpcError(parsed["error"])
        return parsed["result"]

    def is_up(self) -> bool | None:
        """True once it is healthy and has made a block."""
        try:
            return True if self.call("getHealth") == "ok" and self.call("getSlot") > 0 else None
        except (OSError, RpcError):
            return None

    def account(self, address: Pubkey) -> Account | None:
        """An account, or None."""
        value = self.call("getAccountInfo", str(address), {"encoding": "base64", "commitment": "confirmed"})["value"]
        if value is None:
            return None
        data = base64.b64decode(value["data"][0])
        return Account(value["lamports"], data, Pubkey.from_string(value["owner"]), value["executable"])

    def slot(self) -> int:
        """The newest confirmed slot."""
        return self.call("getSlot", {"commitment": "confirmed"})

    def send(self, instructions: Sequence[Instruction], signers: Sequence[Keypair]) -> Mapping[str, Any]:
        """Signs, sends, waits until it is confirmed. Returns its status; raises RpcError when it is refused."""
        latest = self.call("getLatestBlockhash", {"commitment": "confirmed"})["value"]["blockhash"]
        blockhash = Hash.from_string(latest)
        message = Message.new_with_blockhash(instructions, signers[0].pubkey(), blockhash)
        raw = base64.b64encode(bytes(Transaction(signers, message, blockhash))).decode()
        signature = self.call("sendTransaction", raw, {"encoding": "base64", "preflightCommitment": "confirmed"})

        def confirmed() -> Mapping[str, Any] | None:
            [status] = self.call("getSignatureStatuses", [signature])["value"]
            landed = status is not None and status["confirmationStatus"] in ("confirmed", "finalized")
            return status if landed else None

        status = eventually(f"transaction {signature}", LANDS_WITHIN, confirmed)
        if status["err"] is not None:
            raise RpcError({"message": "landed and failed", "data": {"err": status["err"]}})
        return status


def dump(accounts: Mapping[Pubkey, Account], folder: Path) -> Path:
    """Writes accounts as the validator's `--account-dir` reads them."""
    folder.mkdir()
    for address, account in accounts.items():
        fields = {
            "lamports": account.lamports, "data": [base64.b64encode(account.data).decode(), "base64"],
            "owner": str(account.owner),
            "executable": False, "rentEpoch": 0, "space": len(account.data),
        }  # fmt: skip
        (folder / f"{address}.json").write_text(json.dumps({"pubkey": str(address), "account": fields}))
    return folder


@contextmanager
def running(binary: str, folder: Path, mint: Pubkey, *options: str) -> Iterator[Node]:
    """A validator whose ledger is in the folder and whose genesis lamports are the mint's."""
    port = free_ports(PORTS)
    command = [
        binary, "--ledger", str(folder / "ledger"), "--rpc-port", str(port), "--faucet-port", str(port + 2),
        "--gossip-port", str(port + 3),
        "--dynamic-port-range", f"{port + 4}-{port + PORTS - 1}", "--bind-address", HOST, "--mint", str(mint),
        "--quiet", *options,
    ]  # fmt: skip
    with (folder / "validator.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            node = Node(port)
            eventually("the validator", STARTS_WITHIN, node.is_up)
            yield node
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)
