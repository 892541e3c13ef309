"""The oracle's own processes, brought back when they die, as systemd does it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

RESTART_S = 0.3
STOP_S = 20.0
OPINION = str(Path(sys.executable).parent / "opinion")
COMMANDS = {
    "watcher-1": ("watch",),
    "watcher-2": ("watch",),
    "chain-1": ("work", "--queues", "capture,settle,clean"),
    "chain-2": ("work", "--queues", "capture,settle,clean"),
    "analysis-1": ("work", "--queues", "analyse"),
    "analysis-2": ("work", "--queues", "analyse"),
}


@dataclass
class Processes:
    """All of them, or those that are named; each has a log of its own in the folder."""

    folder: Path
    environment: Mapping[str, str]
    names: tuple[str, ...] = tuple(COMMANDS)
    ends: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Every end that nobody asked for: the name, and the return code."""

    async def __aenter__(self) -> "Processes":
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._spawning = asyncio.Lock()
        self._keepers = [asyncio.create_task(self._keep(name)) for name in self.names]
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._spawning:
            for keeper in self._keepers:
                keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await asyncio.gather(*(process.wait() for process in self._running.values()))
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.kill()

    def pid(self, name: str) -> int | None:
        """Its process id while it runs."""
        process = self._running.get(name)
        return None if process is None else process.pid

    def pids(self) -> dict[int, str]:
        """Every process that runs, by its id."""
        return {process.pid: name for name, process in self._running.items()}

    def log(self, name: str) -> Path:
        """Where it logs."""
        return self.folder / f"{name}.log"

    async def _keep(self, name: str) -> None:
        while True:
            async with self._spawning:
                with self.log(name).open("ab") as output:
                    process = self._running[name] = await asyncio.create_subprocess_exec(
                        "setpriv", "--pdeathsig", "KILL", OPINION, "oracle", *COMMANDS[name],
                        env={**os.environ, **self.environment}, cwd=self.folder,
                        stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                    )  # fmt: skip
            code = await process.wait()
            del self._running[name]
            self.ends.append((name, code))
            await asyncio.sleep(RESTART_S)


def strike(pid: int, number: signal.Signals) -> bool:
    """Send a signal to one of ours; False where it is gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def parent_of(pid: int) -> int | None:
    """The parent's process id; None for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1])


def gone(pid: int) -> bool:
    """Whether the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until_gone(pid: int, seconds: float = 5.0) -> None:
    """A killed process is gone within moments."""
    deadline = time.monotonic() + seconds
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.002)
