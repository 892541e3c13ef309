"""A localnet in a process of its own, as a user runs it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.ports import free_port_pair

START_SECONDS = 30


class RpcFailureError(Exception):
    """An error answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Localnet:
    """One node; `start` it, ask it, `kill` it, start it again on the same ledger."""

    def __init__(self, ledger: Path, *flags: str, slot_ms: int = 20) -> None:
        self.ledger = ledger
        self.port = free_port_pair()
        self._flags = flags
        self._slot_ms = slot_ms
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port + 1}"

    def command(self, *flags: str) -> list[str]:
        base = [sys.executable, "-m", "opinion_localnet", "--rpc-port", str(self.port)]
        return [*base, "--ledger", str(self.ledger), "--slot-ms", str(self._slot_ms), *self._flags, *flags]

    def start(self, *flags: str, most_bytes: int | None = None) -> "Localnet":
        """Start, and wait for the first answer; no file may grow beyond `most_bytes`."""
        command = self.command(*flags)
        if most_bytes is not None:
            command = ["prlimit", f"--fsize={most_bytes}", *command]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the localnet ended: {self.output()}")
            try:
                if self.call("getHealth") == "ok":
                    return self
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        raise AssertionError("the localnet did not answer")

    def output(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.read()

    def wait_for_end(self, seconds: float = 30) -> tuple[int, str]:
        """(the exit code, everything that was printed) of a node that ends by itself."""
        assert self._process is not None
        code = self._process.wait(seconds)
        output = self.output()
        self._end(0)
        return code, output

    def kill(self) -> None:
        """As a power cut would: nothing is flushed, nobody says goodbye."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As a service manager would; returns the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            os.kill(self._process.pid, number)
        code = self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return code

    def post(self, body: bytes, content_type: str = "application/json") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/", body, {"Content-Type": content_type})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answer(self, method: str, *params: Any) -> dict[str, Any]:
        """The whole answer, an error too."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return json.loads(self.post(json.dumps(body).encode())[1])

    def call(self, method: str, *params: Any) -> Any:
        """The result; raises RpcFailureError."""
        content = self.answer(method, *params)
        if "error" in content:
            raise RpcFailureError(content["error"])
        return content["result"]

    def wait(self, signatures: Sequence[str], commitment: str = "confirmed", seconds: float = 20) -> None:
        """Return once every signature has at least `commitment`."""
        enough = {"processed": 0, "confirmed": 1, "finalized": 2}
        deadline = time.monotonic() + seconds
        missing = list(signatures)
        while missing:
            assert time.monotonic() < deadline, f"{len(missing)} signatures are not {commitment}"
            statuses = self.call("getSignatureStatuses", missing[:256])["value"]
            reached = {
                signature
                for signature, status in zip(missing, statuses, strict=False)
                if status and enough[status["confirmationStatus"]] >= enough[commitment]
            }
            missing = [signature for signature in missing if signature not in reached]
            time.sleep(0.005)
