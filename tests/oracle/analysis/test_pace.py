"""The account's limits hold over all processes, by one Redis; alone a process keeps to a tenth."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from oracle.analysis.pace import OwnPace, Pace, Rates, SharedPace, take
from tests.servers import Server

MODEL = "claude-haiku-5-5"
SLOW = Rates(requests=60, tokens=60_000)
"""One request and a thousand tokens a second; ten of each at once."""
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def url(valkey_server: Server) -> Iterator[str]:
    """A Redis database of this test's own."""
    address = valkey_server.url.removesuffix("/0") + "/12"
    with Redis.from_url(address) as redis:
        redis.flushdb()
        yield address
        redis.flushdb()


async def _at_once(pace: Pace, tokens: int, most: int = 100) -> int:
    """How many requests may go out before the first wait."""
    for count in range(most):
        if await pace.try_take(MODEL, tokens) > 0:
            return count
    return most


async def test_requests_and_tokens_are_limited_and_come_back(url: str) -> None:
    async with SharedPace(url, SLOW) as pace:
        began = time.monotonic()
        taken = await _at_once(pace, 1)
        assert 10 <= taken <= 10 + time.monotonic() - began + 1
        wait = await pace.try_take(MODEL, 1)
        assert 0 < wait <= 1
        assert await take(pace, MODEL, 1, asyncio.get_running_loop().time() + 30)
        assert not await take(pace, MODEL, 1, asyncio.get_running_loop().time() + 0.01)
        assert await pace.try_take("another-model", 5_000) == 0
        assert await pace.try_take("another-model", 6_000) > 0, "tokens are counted too"


async def test_what_is_larger_than_the_bucket_goes_when_it_is_full_and_leaves_a_debt(url: str) -> None:
    async with SharedPace(url, SLOW) as shared:
        for pace in (OwnPace(SLOW), shared):
            assert await pace.try_take(MODEL, 30_000) == 0
            assert await pace.try_take(MODEL, 1) > 15


async def test_one_refusal_that_names_a_time_holds_all_back(url: str) -> None:
    async with SharedPace(url, SLOW) as one, SharedPace(url, SLOW) as other:
        await one.close(MODEL, 20)
        assert 15 < await other.try_take(MODEL, 1) <= 20
        assert await other.try_take("another-model", 1) == 0


async def test_without_redis_a_process_keeps_to_a_tenth_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    async with SharedPace(NOWHERE, SLOW) as pace:
        assert await _at_once(pace, 1) == 1
        await pace.close(MODEL, 20)
        assert await pace.try_take(MODEL, 1) > 15
    assert capsys.readouterr().out.count("a tenth of the limits") == 1


def _take_all(url: str, seconds: float) -> int:
    async def until_over() -> int:
        until, count = asyncio.get_running_loop().time() + seconds, 0
        async with SharedPace(url, Rates(requests=600, tokens=10**9)) as pace:
            while await take(pace, MODEL, 1, until):
                count += 1
        return count

    return asyncio.run(until_over())


def test_processes_together_take_no_more_than_the_limit(url: str) -> None:
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        taken = sum(pool.starmap(_take_all, [(url, 2.0)] * 3))
    passed = time.monotonic() - began
    assert 100 <= taken <= 100 + 10 * passed
