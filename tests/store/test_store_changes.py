"""The change channel over real servers that come and go."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Iterator

import pytest
from redis.asyncio import Redis

from store.changes import CHANNEL, Changed, Changes
from tests.ports import free_port
from tests.servers import Server, redis_server, valkey


@pytest.fixture(params=[valkey, redis_server])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    started = request.param()
    yield started
    started.remove()


async def following(listener: AsyncGenerator[Changed]) -> Changed:
    async with asyncio.timeout(30):
        return await anext(listener)


async def test_what_is_published_is_heard_after_everything(server: Server) -> None:
    async with Changes(server.url) as here, Changes(server.url) as there:
        listener = there.subscribe()
        assert await following(listener) is None
        here.publish(["b", "a"])
        assert await following(listener) == {"a", "b"}
        here.publish([])
        here.publish(["c"])
        assert await following(listener) == {"c"}
        await listener.aclose()


async def test_many_are_told_in_parts_and_very_many_as_everything(server: Server) -> None:
    async with Changes(server.url) as here, Changes(server.url) as there:
        listener = there.subscribe()
        await following(listener)
        here.publish([f"m{number}" for number in range(1200)])
        told: set[str] = set()
        while len(told) < 1200:
            part = await following(listener)
            assert part is not None
            assert len(part) <= 500
            told |= part
        here.publish([f"m{number}" for number in range(10_001)])
        assert await following(listener) is None
        await listener.aclose()


async def test_a_server_that_was_away_loses_nothing_for_good(server: Server) -> None:
    async with Changes(server.url) as here, Changes(server.url) as there:
        listener = there.subscribe()
        await following(listener)
        server.end(signal.SIGKILL)
        here.publish(["while it was away"])
        async with asyncio.timeout(30):
            while here.trouble is None:  # noqa: ASYNC110 - looks at a state
                await asyncio.sleep(0.01)
        waiting = asyncio.create_task(following(listener))
        await asyncio.to_thread(server.start)
        # Everything, once it hears again; and what was kept, unless it was told before that.
        assert await waiting is None
        here.publish(["afterwards"])
        heard: set[str] = set()
        while "afterwards" not in heard:
            heard |= await following(listener) or set()
        assert here.trouble is None
        await listener.aclose()


async def test_publishing_to_nobody_returns_at_once() -> None:
    async with Changes(f"redis://127.0.0.1:{free_port()}/0") as changes:
        for _ in range(1000):
            changes.publish(["a"])
        async with asyncio.timeout(30):
            while changes.trouble is None:  # noqa: ASYNC110 - looks at a state
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("message", ["nonsense", "{}", "[1]", b"\xff", "null"])
async def test_what_somebody_else_publishes_is_taken_for_everything(server: Server, message: str | bytes) -> None:
    async with Changes(server.url) as changes, Redis.from_url(server.url) as somebody:
        listener = changes.subscribe()
        await following(listener)
        await somebody.publish(CHANNEL, message)
        assert await following(listener) is None
        await somebody.publish(CHANNEL, json.dumps(["a"]))
        assert await following(listener) == {"a"}
        await listener.aclose()
