"""Databases to test with: SQLite, and a PostgreSQL for the session with a database for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.database import Database
from store.migrations import migrate
from tests.servers import Server, new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return new_database(request.getfixturevalue("postgresql_server"))


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    async with Database(empty_url, connections=20) as database:
        await migrate(database)
        yield database


@pytest.fixture
async def postgres(postgresql_server: Server) -> AsyncIterator[Database]:
    """A migrated PostgreSQL."""
    async with Database(new_database(postgresql_server), connections=40) as database:
        await migrate(database)
        yield database
