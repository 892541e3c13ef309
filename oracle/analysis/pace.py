"""How fast a model may be asked, by all processes of the deployment together: the account's limits are one account's.

A token bucket for requests and one for input tokens, kept in Redis and changed by one script, by Redis' own clock. Each
holds ten seconds' worth, so that in any minute no more than the limit and a sixth goes out. A refusal that names a time
closes both for everybody. While Redis is away each process goes by itself, at a tenth: slow, and within the limits with
ten processes.
"""

import asyncio
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

ALONE = 10
"""The part of the limits that a process keeps to while it cannot tell what the others do: one in so many."""
_TIMEOUT_S = 2.0
_BUCKET_MS = 10_000
_KEPT_MS = 120_000
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# A request that is larger than a bucket goes when the bucket is full, and leaves a debt.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local closed = redis.call('PTTL', KEYS[2])
if closed > 0 then return closed end
local kept = redis.call('HMGET', KEYS[1], 'at', '1', '2')
local levels, wait = {}, 0
for place = 1, 2 do
  local rate, cost = tonumber(ARGV[place]) / 60000, tonumber(ARGV[place + 2])
  local room = rate * tonumber(ARGV[5])
  local level = room
  if kept[1] then level = math.min(room, tonumber(kept[place + 1]) + math.max(now - kept[1], 0) * rate) end
  local missing = math.min(cost, room) - level
  if missing > 0 then wait = math.max(wait, math.ceil(missing / rate)) end
  levels[place] = level - cost
end
if wait > 0 then return wait end
redis.call('HSET', KEYS[1], 'at', now, '1', tostring(levels[1]), '2', tostring(levels[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 0
"""


class Pace(Protocol):
    """Says when a request may go out."""

    async def try_take(self, model: str, tokens: int) -> float:
        """Take room for one request of about so many input tokens; 0, or the seconds after which to ask again."""
        ...

    async def close(self, model: str, seconds: float) -> None:
        """Let no request of the model out for so long: the API said so."""
        ...


@dataclass(frozen=True, slots=True)
class Rates:
    """What the account may do in a minute, for each model."""

    requests: int
    tokens: int


@dataclass(slots=True)
class _Bucket:
    levels: list[float]
    at: float
    closed_until: float = 0.0


@dataclass(slots=True)
class OwnPace:
    """The same for one process."""

    rates: Rates
    _buckets: dict[str, _Bucket] = field(default_factory=dict[str, _Bucket])

    async def try_take(self, model: str, tokens: int) -> float:
        """As `Pace` says."""
        now = time.monotonic()
        rates = [self.rates.requests / 60, self.rates.tokens / 60]
        rooms = [rate * _BUCKET_MS / 1000 for rate in rates]
        bucket = self._buckets.setdefault(model, _Bucket(list(rooms), now))
        if now < bucket.closed_until:
            return bucket.closed_until - now
        passed = now - bucket.at
        levels = [
            min(room, level + passed * rate) for room, level, rate in zip(rooms, bucket.levels, rates, strict=True)
        ]
        costs = [1, tokens]
        missing = [min(cost, room) - level for cost, room, level in zip(costs, rooms, levels, strict=True)]
        wait = max(short / rate for short, rate in zip(missing, rates, strict=True))
        if wait > 0:
            return wait
        bucket.levels, bucket.at = [level - cost for level, cost in zip(levels, costs, strict=True)], now
        return 0.0

    async def close(self, model: str, seconds: float) -> None:
        """As `Pace` says."""
        bucket = self._buckets.setdefault(model, _Bucket([0.0, 0.0], time.monotonic()))
        bucket.closed_until = max(bucket.closed_until, time.monotonic() + seconds)


class SharedPace:
    """All processes that name the same Redis. Opened by `async with`; connects at first use."""

    def __init__(self, redis_url: str, rates: Rates) -> None:
        # Redis' own annotations leave out what its methods take.
        self._redis: Any = cast("Any", Redis).from_url(
            redis_url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S
        )
        self._rates = rates
        self._alone = OwnPace(Rates(max(rates.requests // ALONE, 1), max(rates.tokens // ALONE, 1)))
        self._away = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    async def try_take(self, model: str, tokens: int) -> float:
        """As `Pace` says."""
        values = (self._rates.requests, self._rates.tokens, 1, tokens, _BUCKET_MS, _KEPT_MS)
        try:
            wait = await self._redis.eval(_TAKE, 2, *_keys(model), *values)
        except RedisError as error:
            self._tell(away=True, error=type(error).__name__)
            return await self._alone.try_take(model, tokens)
        self._tell(away=False)
        return int(wait) / 1000

    async def close(self, model: str, seconds: float) -> None:
        """As `Pace` says."""
        await self._alone.close(model, seconds)
        try:
            await self._redis.set(_keys(model)[1], 1, px=max(int(seconds * 1000), 1))
        except RedisError as error:
            self._tell(away=True, error=type(error).__name__)

    def _tell(self, *, away: bool, error: str | None = None) -> None:
        if away and not self._away:
            _log.warning("Redis does not answer: the model is asked at a tenth of the limits", error=error)
        self._away = away


async def take(pace: Pace, model: str, tokens: int, until: float) -> bool:
    """Wait for room until `until` (the running loop's clock, seconds); False where there is none in time."""
    clock = asyncio.get_running_loop().time
    while (wait := await pace.try_take(model, tokens)) > 0:
        if clock() + wait >= until:
            return False
        await asyncio.sleep(wait)
    return True


def _keys(model: str) -> tuple[str, str]:
    return f"opinion:pace:{model}", f"opinion:pace-closed:{model}"
