"""How a command runs what is asynchronous: any signal that ends us cancels it, so that its own clean-up runs."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to its end and return what it returned; raises SystemExit(128 + n) when signal n ended it.

    SIGINT is asyncio's own affair: it cancels too, and ends in KeyboardInterrupt. An exception thrown by a signal's
    handler would not do for the others: it leaves the event loop at any line, its transports half-closed, and the
    process waits for ever.
    """
    ended: list[int] = []

    async def cancellable() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of a runner has one

        def end(number: int) -> None:
            ended.append(number)
            task.cancel()

        for ending in ENDINGS:
            asyncio.get_running_loop().add_signal_handler(ending, end, ending)
        return await main

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not ended:
            raise
        raise SystemExit(128 + ended[0]) from None
