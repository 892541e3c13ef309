"""Jobs that a worker under test runs; each leaves files that tell what happened."""

import asyncio
import os
import signal
import time
from pathlib import Path


def quick(folder: str) -> None:
    """Leave a file with the fork's process id."""
    _note(folder, "quick")


def patient(folder: str) -> None:
    """Wait for SIGTERM as a settlement does: cancelled from within, it hands back, which leaves a file."""

    async def wait() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        _note(folder, "patient")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            _note(folder, "handed-back")

    asyncio.run(wait())


def waiting(folder: str) -> None:
    """Wait until there is a file named go-on, then leave one named ended."""
    _note(folder, "waiting")
    while not (Path(folder) / "go-on").exists():
        time.sleep(0.02)
    _note(folder, "ended")


def deaf(folder: str) -> None:
    """Ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _note(folder, "deaf")
    time.sleep(600)


def _note(folder: str, name: str) -> None:
    draft = Path(folder) / f"{name}.new"
    draft.write_text(str(os.getpid()))
    draft.rename(Path(folder) / name)
