"""One process of the tree: what starts it, and how its end is told."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, eq=False)
class Child:
    """What runs under the supervisor.

    `layer` orders the end: higher ones stop first. `ready` is asked until it is true where others wait for this one.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    layer: int
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    ready: Callable[[], Awaitable[bool]] | None = None

    async def spawn(self) -> asyncio.subprocess.Process:
        """Start it in a session of its own, so that a Ctrl-C reaches it only through us."""
        with self.log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *dying_with_us(), *self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"


def dying_with_us() -> tuple[str, ...]:
    """Return what makes the kernel kill a child when we are killed outright; nothing where there is no setpriv."""
    return ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


def how_it_ended(code: int) -> str:
    """Return a return code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
