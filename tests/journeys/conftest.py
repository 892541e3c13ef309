"""The command line as people use it: a process, its words, its exit code, and what it leaves behind."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port_pair

ROOT = Path(__file__).resolve().parent.parent.parent
OPINION = ROOT / ".venv" / "bin" / "opinion"
SETTINGS = ("NETWORK", "SOLANA_RPC_URL", "PROGRAM_ID")


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with exactly these settings of ours."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {**kept, **settings}


def opinion(
    *arguments: str | Path, cwd: Path | None = None, typed: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run `opinion` to its end; what is `typed` comes from a pipe, as there is no terminal then."""
    return subprocess.run(
        [OPINION, *arguments], env=environment(**settings), cwd=cwd, capture_output=True, text=True, timeout=120,
        input=typed, start_new_session=typed is not None,
    )  # fmt: skip


@dataclass(frozen=True)
class Localnet:
    """A localnet that `opinion localnet` started."""

    url: str
    ledger: Path

    @property
    def keys(self) -> Path:
        return self.ledger / "keys"

    def ask(self, method: str, *params: object) -> object:
        answer = httpx.post(self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout=30)
        return answer.json()


@pytest.fixture(scope="session")
def localnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localnet]:
    ledger = tmp_path_factory.mktemp("localnet") / "ledger"
    port = free_port_pair()
    command = [OPINION, "localnet", "--rpc-port", str(port), "--ledger", ledger, "--slot-ms", "50"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        found = Localnet(f"http://127.0.0.1:{port}", ledger)
        try:
            wait_until_healthy(found, process)
            yield found
        finally:
            process.terminate()
            process.wait(timeout=10)


@pytest.fixture(scope="session")
def initialized(localnet: Localnet) -> Localnet:
    """The localnet after one demo: the program has its config."""
    done = opinion("demo", "--rpc", localnet.url, "--keys", localnet.keys)
    assert done.returncode == 0, done.stderr
    return localnet


def wait_until_healthy(localnet: Localnet, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "the localnet ended"
        try:
            if localnet.ask("getHealth") == {"jsonrpc": "2.0", "result": "ok", "id": 1}:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError("the localnet does not answer")


def one_sentence(text: str) -> bool:
    """Whether stderr holds one line for people and nothing of a traceback."""
    return text.startswith("opinion: ") and text.count("\n") == 1 and "Traceback" not in text
