"""Databases to test with: SQLite, and a PostgreSQL for the session with a database for each test."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from store.database import Database
from store.migrations import migrate
from tests.servers import Server, postgresql

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    server = postgresql()
    yield server
    server.remove()


def new_postgresql(server: Server) -> str:
    """The URL of an empty database."""
    import psycopg

    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.url}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return new_postgresql(request.getfixturevalue("postgresql_server"))


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind."""
    async with Database(empty_url, connections=20) as database:
        await migrate(database)
        yield database


@pytest.fixture
async def postgres(postgresql_server: Server) -> AsyncIterator[Database]:
    """A migrated PostgreSQL."""
    async with Database(new_postgresql(postgresql_server), connections=40) as database:
        await migrate(database)
        yield database
