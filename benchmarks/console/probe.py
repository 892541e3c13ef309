"""Runs a module as `python -m` does, and notes how late its event loop is: `python -m benchmarks.console.probe LOG
MODULE [ARGUMENTS]`. A line of LOG is a time (of the monotonic clock, which all processes share) and the longest delay
since the line before, in seconds. The module itself knows nothing of it.
"""

import asyncio
import runpy
import sys
import time
from pathlib import Path

LOOK_S = 0.01
LINE_S = 0.25


class Watched(asyncio.DefaultEventLoopPolicy):
    """Makes loops that tell how late they are."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A loop with the watch in it."""
        loop = super().new_event_loop()
        loop.call_soon(self._look, loop, time.monotonic(), time.monotonic(), 0.0)
        return loop

    def _look(self, loop: asyncio.AbstractEventLoop, due: float, told: float, worst: float) -> None:
        now = time.monotonic()
        worst = max(worst, now - due)
        if now - told >= LINE_S:
            with self._log.open("a") as lines:
                lines.write(f"{now:.4f} {worst:.4f}\n")
            told, worst = now, 0.0
        loop.call_later(LOOK_S, self._look, loop, now + LOOK_S, told, worst)


def main() -> None:
    """Run the module in this process."""
    log, module, *rest = sys.argv[1:]
    asyncio.set_event_loop_policy(Watched(Path(log)))
    sys.argv = [module, *rest]
    if module == "ops.commands":
        # The console script's entry, as pyproject.toml names it; the package has no __main__.
        from ops.commands import main as opinion

        opinion()
    else:
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
