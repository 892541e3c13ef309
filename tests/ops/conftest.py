"""Settings of a test's own with a database and a queue; and a council of five on a localnet."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from settings import Settings
from store.database import Database
from store.migrations import migrate
from tests.ops.queue_parts import connected
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall
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


@pytest.fixture(scope="module")
def squads() -> str:
    """Which version of the multisig the council has; a module that wants another, or both, has a fixture of its own."""
    return "v4"


@pytest.fixture(scope="module")
def council_localnet(squads: str) -> Iterator[Node]:
    """A localnet on which nobody settles but a council, one for each version."""
    with council_node() as node:
        yield node


@pytest.fixture
async def hall(
    council_localnet: Node, squads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hall]:
    """A council of five with an oracle, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    async with opened_hall(council_localnet, squads, tmp_path) as hall:
        yield hall
