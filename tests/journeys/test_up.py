"""`opinion up`: brings back what dies, and leaves nothing behind, however it ends."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.journeys.conftest import OPINION, environment, one_sentence, opinion
from tests.ports import free_port_pair

PATIENCE_S = 90.0
CHILDREN = ("localnet", "valkey", "watcher", "chain-1", "analysis-1")


def until(what: Callable[[], object], why: Callable[[], str]) -> None:
    """Wait until it is so; a test that waits in vain says for what."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


class Up:
    """An `opinion up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.state, self.output, self.port = folder / "state", folder / "output", free_port_pair()
        with self.output.open("wb") as output:
            quick = ["--slot-ms", "50", "--workers", "1"]
            self.process = subprocess.Popen(
                [OPINION, "up", "--state", self.state, "--rpc-port", str(self.port), *quick],
                env=environment(METRICS_PORT="0"), cwd=folder, stdout=output, stderr=output,
            )  # fmt: skip

    def said(self) -> str:
        return self.output.read_text()

    def started(self, name: str) -> list[int]:
        """The process ids that a child has had, in order."""
        return [int(found) for found in re.findall(rf"{name} +started, process (\d+)", self.said())]

    def works(self, name: str, times: int = 1) -> bool:
        """Whether the worker has been ready so often."""
        log = self.state / "logs" / f"{name}.log"
        return log.exists() and log.read_text().count("worker ready") >= times

    def processes(self) -> list[psutil.Process]:
        """Every living process that has the folder on its command line or in its environment."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), *process.environ().values()]
                if process.status() != psutil.STATUS_ZOMBIE and any(str(self.state) in word for word in words):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def nothing_left(self) -> bool:
        return not self.processes()

    def why(self) -> str:
        logs = (f"== {path.name}\n{path.read_text()[-1500:]}" for path in (self.state / "logs").glob("*.log"))
        return "\n".join([self.said(), *logs])


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    started = Up(tmp_path)
    until(lambda: started.works("chain-1") and started.works("analysis-1"), started.why)
    yield started
    started.process.kill()
    started.process.wait()


def test_what_dies_comes_back_and_ctrl_c_leaves_nothing(up: Up, tmp_path: Path) -> None:
    assert all(up.started(name) for name in CHILDREN), up.said()
    for name in ("chain-1", "valkey"):
        first = up.started(name)[0]
        os.kill(first, signal.SIGKILL)
        until(lambda name=name: len(up.started(name)) > 1, up.why)
        assert "killed by SIGKILL" in up.said()
    until(lambda: up.works("chain-1", 2), up.why)

    second = opinion("up", "--state", up.state, "--rpc-port", str(free_port_pair()))
    busy = opinion("up", "--state", tmp_path / "other", "--rpc-port", str(up.port))
    assert second.returncode == busy.returncode == 1
    assert one_sentence(second.stderr), second.stderr
    assert one_sentence(busy.stderr), busy.stderr
    assert "Another 'opinion up' runs" in second.stderr
    assert str(up.port) in busy.stderr

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE_S) == 130, up.why()
    assert up.nothing_left(), up.processes()
    assert "nothing is left running" in up.said()
    assert not (up.state / "env").exists()


def test_a_canary_is_settled_though_a_worker_dies_and_its_record_verifies(up: Up, tmp_path: Path) -> None:
    kept = (up.state / "env").read_text().splitlines()
    settings = {name: shlex.split(value)[0] for name, _, value in (line.partition("=") for line in kept)}
    assert settings["DATABASE_URL"] == f"sqlite:///{up.state}/oracle.db"
    assert (up.state / "env").stat().st_mode & 0o777 == 0o600
    canary = [OPINION, "canary", "--state", up.state, "--json"]
    with subprocess.Popen(canary, env=environment(**settings), stdout=subprocess.PIPE, text=True) as flying:
        assert flying.stdout is not None
        steps: list[dict[str, object]] = []
        for line in flying.stdout:
            steps.append(json.loads(line))
            if steps[-1].get("state") == "closed":
                os.kill(up.started("chain-1")[-1], signal.SIGKILL)
    assert flying.returncode == 0, up.why()
    assert steps[-1]["ok"] is True, steps[-1]
    assert len(up.started("chain-1")) > 1, up.said()

    market = str(steps[-1]["market"])
    record = tmp_path / "record.json"
    record.write_bytes(subprocess.run([OPINION, "record", market], env=environment(**settings), stdout=-1).stdout)
    verified = opinion("verify", market, "--record", record, **settings)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    until(lambda: "done since" in opinion("explain", market, **settings).stdout, up.why)
    other = opinion("record", "1" * 32, **settings)
    assert other.returncode == 1
    assert one_sentence(other.stderr), other.stderr


def test_a_killed_up_leaves_nothing(up: Up) -> None:
    assert len(up.processes()) >= len(CHILDREN)
    up.process.kill()
    up.process.wait()

    until(up.nothing_left, lambda: str(up.processes()))


@pytest.mark.parametrize(
    ("arguments", "settings", "told"),
    [
        ((), {"NETWORK": "mainnet"}, "oracle units"),
        ((), {"NETWORK": "devnet"}, "--rpc"),
        (("--keys", "keys"), {}, "--rpc"),
        (("--rpc", "http://127.0.0.1:9"), {}, "ORACLE_KEYPAIR_PATH"),
    ],
)
def test_what_cannot_be_brought_up_is_told(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], told: str
) -> None:
    done = opinion("up", "--state", "state", *arguments, cwd=tmp_path, **settings)

    assert done.returncode in {1, 2}
    assert one_sentence(done.stderr), done.stderr
    assert told in done.stderr
