"""Keeps children running, and ends them in order."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ops.errors import OperatorError
from ops.up.child import Child, how_it_ended

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 20.0
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
LOOK_S = 0.05

Say = Callable[[str, str], None]
"""Tells one line about one child: its name, and what happened."""


class Supervisor:
    """Starts children, brings back those that die, and ends all of them; use `stop` whatever happened before."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._keepers: dict[Child, asyncio.Task[None]] = {}
        self._running: dict[Child, asyncio.subprocess.Process] = {}
        # asyncio may hang for ever when it is cancelled while it starts a process, so that is never done.
        self._spawning = asyncio.Lock()
        self._stopping = False

    @property
    def running(self) -> int:
        """How many children run now."""
        return len(self._running)

    @property
    def wanted(self) -> int:
        """How many children should run."""
        return len(self._keepers)

    async def start(self, child: Child) -> None:
        """Keep the child from now on, and wait until it is ready; raises OperatorError when it cannot be."""
        self._keepers[child] = asyncio.create_task(self._keep(child))
        if child.ready is None:
            return
        ends = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not await child.ready():
                    if child in self._running:
                        ends = 0
                    elif (ends := ends + 1) > FIRST_WAIT_S / LOOK_S:
                        raise OperatorError(f"{child.name} ended at its start: {child.last_words()}")
                    await asyncio.sleep(LOOK_S)
                self._say(child.name, "ready")
                return
        raise OperatorError(f"{child.name} did not answer within {READY_TIMEOUT_S:.0f} s: read {child.log}.")

    async def stop(self) -> None:
        """End every child: ask, wait, kill what is left. When cancelled meanwhile, kills at once."""
        self._stopping = True
        try:
            async with self._spawning:
                for keeper in self._keepers.values():
                    keeper.cancel()
            await asyncio.gather(*self._keepers.values(), return_exceptions=True)
            for layer in sorted({child.layer for child in self._running}, reverse=True):
                await self._stop_layer(layer)
        finally:
            for process in self._running.values():
                with suppress(ProcessLookupError):
                    process.kill()

    async def _stop_layer(self, layer: int) -> None:
        ending = {child: process for child, process in self._running.items() if child.layer == layer}
        for process in ending.values():
            with suppress(ProcessLookupError):
                process.terminate()
        waits = [asyncio.create_task(process.wait()) for process in ending.values()]
        _, late = await asyncio.wait(waits, timeout=STOP_TIMEOUT_S)
        for child, process in ending.items():
            if process.returncode is None:
                self._say(child.name, f"does not stop within {STOP_TIMEOUT_S:.0f} s and is killed")
                process.kill()
        if late:
            await asyncio.wait(late)
        for child in ending:
            del self._running[child]

    async def _keep(self, child: Child) -> None:
        clock = asyncio.get_running_loop().time
        wait = FIRST_WAIT_S
        while True:
            began = clock()
            async with self._spawning:
                if self._stopping:
                    return
                process = self._running[child] = await child.spawn()
            self._say(child.name, f"started, process {process.pid}")
            code = await process.wait()
            del self._running[child]
            wait = FIRST_WAIT_S if clock() - began > STEADY_S else min(wait * 2, LONGEST_WAIT_S)
            self._say(child.name, f"ended ({how_it_ended(code)}), starts again in {wait:.1f} s; its log: {child.log}")
            await asyncio.sleep(wait)
