"""What RQ runs: one job for one market, in a process of its own."""

import asyncio
import os
import secrets
import signal
import socket
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from oracle.parts import opened
from oracle.queues import JobQueues
from oracle.settlement.engine import Engine
from settings import Settings, read_settings
from store.settlements import Queue

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
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with JobQueues(settings.redis_url) as queues:

        async def put(queue: Queue, ready: str) -> None:
            # The reconciler does it where Redis is away.
            with suppress(RedisError):
                await asyncio.to_thread(queues.put, queue, ready)

        async with opened(settings) as parts:
            await Engine(parts, holder, put).settle(market)
