"""Settings of a test's own: a SQLite database with its tables, and a Redis database in the shared Valkey."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from settings import Settings
from store.database import Database
from store.migrations import migrate
from tests.ops.queue_parts import connected
from tests.servers import Server


@pytest.fixture
def queue_settings(tmp_path: Path, valkey_server: Server) -> Settings:
    """Nothing is in its queues."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/oracle.db",
        redis_url=valkey_server.url.removesuffix("/0") + "/9",
        solana_rpc_url=("http://127.0.0.1:1",),
    )
    with connected(settings) as redis:
        redis.flushdb()
    return settings


@pytest.fixture
async def queue_db(queue_settings: Settings) -> AsyncIterator[Database]:
    """Its database."""
    async with Database(queue_settings.database_url) as db:
        await migrate(db)
        yield db
