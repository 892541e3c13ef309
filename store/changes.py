"""Tells whoever watches that markets changed, over Redis' publish and subscribe.

Only a hint to look again: nothing is lost for good when Redis is away, since every listener also looks by itself now
and then, and hears "everything" whenever it may have missed something.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Collection
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CHANNEL = "opinion:market-changed"

Changed: TypeAlias = frozenset[str] | None
"""Markets (base58), or None: any may have changed."""

_MOST = 10_000
"""More than this many at once are told as everything."""
_PER_MESSAGE = 500
_TIMEOUT = 5.0
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 15.0
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Changes:
    """The channel, opened by `async with`. `trouble` says why Redis does not take what is published, or is None."""

    def __init__(self, redis_url: str) -> None:
        # Redis' own annotations leave out what its methods take.
        self._redis: Any = cast("Any", Redis).from_url(
            redis_url,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=_TIMEOUT,
            socket_timeout=_TIMEOUT,
            socket_keepalive=True,
            health_check_interval=10,
        )
        self._pending: set[str] = set()
        self._everything = False
        self._news = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    async def __aenter__(self) -> Self:
        self._sender = asyncio.create_task(self._send(), name="changes")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sender is not None:
            self._sender.cancel()
            with suppress(asyncio.CancelledError):
                await self._sender
        await self._redis.aclose()

    def publish(self, markets: Collection[str]) -> None:
        """Tell that these changed, as soon as Redis takes it; returns at once, whatever Redis does."""
        self._pending.update(markets)
        if len(self._pending) > _MOST:
            self._pending.clear()
            self._everything = True
        if self._pending or self._everything:
            self._news.set()

    async def subscribe(self) -> AsyncGenerator[Changed]:
        """Yield what changed, for ever; None first, and after every time that Redis was away."""
        wait = _FIRST_WAIT
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    wait = _FIRST_WAIT
                    yield None
                    while True:
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=_TIMEOUT)
                        if message is not None:
                            yield _read(message)
            except (RedisError, OSError) as error:
                _log.warning("Redis does not tell which markets changed", reason=str(error))
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _send(self) -> None:
        wait = _FIRST_WAIT
        while True:
            await self._news.wait()
            self._news.clear()
            markets, everything = sorted(self._pending), self._everything
            self._pending, self._everything = set(), False
            try:
                async with asyncio.timeout(_TIMEOUT):
                    for message in _messages(markets, everything):
                        await self._redis.publish(CHANNEL, message)
            except (RedisError, OSError, TimeoutError) as error:
                # One newly changed may have come meanwhile; what was told already is told again.
                self._everything |= everything
                self.publish(markets)
                if self.trouble is None:
                    _log.warning("Redis does not take which markets changed", reason=str(error))
                self.trouble = str(error) or type(error).__name__
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            else:
                if self.trouble is not None:
                    _log.info("Redis takes which markets changed again")
                self.trouble, wait = None, _FIRST_WAIT


def _messages(markets: list[str], everything: bool) -> list[str]:
    if everything:
        return ["null"]
    return [json.dumps(markets[at : at + _PER_MESSAGE]) for at in range(0, len(markets), _PER_MESSAGE)]


def _read(message: dict[str, Any]) -> Changed:
    """What is not of our shape, since anybody may publish, is taken for everything."""
    try:
        told = json.loads(message["data"])
    except (ValueError, TypeError):
        return None
    if not isinstance(told, list) or not all(isinstance(one, str) for one in cast("list[object]", told)):
        return None
    return frozenset(cast("list[str]", told))
