"""A console over nothing at all: every room says so, fills in as parts come up, and keeps what it had when they go."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.screens import ROOMS
from settings import Settings
from store.database import Database
from store.migrations import migrate
from tests.console.pilots import seated
from tests.servers import Server, new_database, postgresql, redis_server

GONE = "http://127.0.0.1:1"
SAYS = {
    "overview": "The database cannot be asked",
    "markets": "Not known: the database",
    "queue": "Not known: Redis at",
    "alerts": "cannot be reached",
    "signers": "Not known: http://127.0.0.1:1 cannot be reached",
    "deploys": "Not known: http://127.0.0.1:1 cannot be reached",
    "runbooks": "unknown",
    "audit": "Not known: the database",
}
"""What each room says of what it lacks, within words that a screen may fold."""


@pytest.fixture
async def parts() -> AsyncIterator[tuple[Server, Server]]:
    """A PostgreSQL and a Redis of the test's own, which it may end."""
    database, redis = await asyncio.to_thread(postgresql), await asyncio.to_thread(redis_server)
    yield database, redis
    await asyncio.to_thread(database.remove)
    await asyncio.to_thread(redis.remove)


def settings_of(database: str, redis: str) -> Settings:
    return Settings(
        database_url=database,
        redis_url=redis,
        solana_rpc_url=(GONE,),
        prometheus_urls=(GONE,),
        alertmanager_urls=(GONE,),
    )


def words(text: str) -> str:
    """Without the folds."""
    return " ".join(text.split())


def test_every_room_has_words_for_it() -> None:
    assert set(SAYS) == set(ROOMS)


async def test_every_room_says_what_it_cannot_reach(tmp_path: Path) -> None:
    settings = settings_of("postgresql://console:the-secret@127.0.0.1:1/opinion", "redis://127.0.0.1:1/0")
    async with seated(settings, "overview", size=(120, 40)) as seat:
        for number, room in enumerate(ROOMS, 1):
            await seat.press(str(number))
            text = await seat.shows(lambda text, room=room: SAYS[room] in words(text), f"{room}: {SAYS[room]}")
            assert room.capitalize() in text.splitlines()[0]
            for wrong in ("No market is known", "No job", "No worker", "Nothing was done"):
                assert wrong not in text, "what is not known is not said to be nothing"
            assert "the-secret" not in text


async def test_what_comes_up_fills_in_and_what_goes_leaves_its_last_values(parts: tuple[Server, Server]) -> None:
    database, redis = parts
    url = await asyncio.to_thread(new_database, database)
    async with Database(url) as db:
        await migrate(db)
    await asyncio.to_thread(database.end)
    await asyncio.to_thread(redis.end)
    async with seated(settings_of(url, redis.url), "overview", size=(120, 40)) as seat:
        await seat.until("The database cannot be asked")
        await seat.until("The queues cannot be seen")

        await asyncio.to_thread(database.start)
        await seat.press("ctrl+r")
        await seat.until("No watcher is active")
        assert "$0.00 held in escrow" in await seat.until("database step")
        await asyncio.to_thread(redis.start)
        await seat.press("ctrl+r")
        await seat.until("0 workers; jobs: empty")

        await seat.press("2")
        await seat.until("Markets  0")
        await asyncio.to_thread(database.end)
        await seat.press("ctrl+r")
        text = words(await seat.until("! markets as of"))
        assert "cannot be used" in text, "the reason"
        assert "Markets 0" in text, "what was known stays"
        assert ", again" in text, "and when it is tried again"
        await seat.press("1")
        await seat.until("The database cannot be asked")
        text = words(await seat.until("in grey is as of"))
        assert "$0.00 held in escrow" in text, "what was known stays here too"
        await asyncio.to_thread(database.start)
        await seat.press("ctrl+r")
        await seat.until("No watcher is active")
