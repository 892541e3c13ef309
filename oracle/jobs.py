"""What RQ runs: a job for one market, in a process of its own, which for a while also takes what waits beside it.

A fork, its connections and its first statements cost as much processor time as a step of a market, and most of a step
is waiting for the chain: so one process settles a few markets at once, one after the other. RQ hears nothing of the
jobs that are taken so, and need not: it only carries.
"""

import asyncio
import os
import secrets
import signal
import socket
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from oracle.parts import opened
from oracle.queues import SERVED, WORKER, JobQueues
from oracle.settlement.engine import Engine
from settings import Settings, read_settings
from store.settlements import Queue

ON_S = 60.0
"""How long a process takes more markets: then another begins afresh."""
AT_ONCE = 4
"""Markets in one process; but one analysis, which has a slot and a memory of its own."""
LOOK_S = 0.2
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def settle(market: str) -> None:
    """Take the market as far as it goes now. SIGTERM hands its phase back and ends the job well."""
    asyncio.run(_settle(market, read_settings()))


async def _settle(market: str, settings: Settings) -> None:
    work = asyncio.ensure_future(_work(market, settings))
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        work.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        await work
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise


async def _work(market: str, settings: Settings) -> None:
    holder = f"{WORKER.get() or socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with JobQueues(settings.redis_url) as queues:

        async def put(queue: Queue, ready: str) -> None:
            # The reconciler does it where Redis is away.
            with suppress(RedisError):
                await asyncio.to_thread(queues.put, queue, ready)

        async with opened(settings, SERVED.get() or tuple(Queue)) as parts:
            await _settle_several(Engine(parts, holder, put), market, queues)


async def _settle_several(engine: Engine, first: str, queues: JobQueues) -> None:
    """Settle the market, and what waits meanwhile."""
    clock = asyncio.get_running_loop().time
    until = clock() + ON_S
    at_once = 1 if Queue.ANALYSE in SERVED.get() else AT_ONCE
    under_way: set[asyncio.Task[None]] = set()
    wanted: str | None = first
    try:
        async with asyncio.TaskGroup() as group:
            while wanted is not None or under_way:
                if wanted is not None:
                    under_way.add(group.create_task(engine.settle(wanted)))
                if len(under_way) == at_once or wanted is None:
                    _, under_way = await asyncio.wait(under_way, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                free = len(under_way) < at_once and clock() < until
                wanted = await asyncio.to_thread(_next, queues) if free else None
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


def _next(queues: JobQueues) -> str | None:
    with suppress(RedisError):
        return None if queues.is_drained(WORKER.get()) else queues.take(SERVED.get())
    return None
