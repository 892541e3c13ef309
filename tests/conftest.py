"""Servers that tests of any room may share; each is started for the session when the first test asks for it.

The localnet's environment loads this file too and lacks the clients of some servers: those are imported at their start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.servers import Server, postgresql, valkey

if TYPE_CHECKING:
    from tests.monitoring_stack import MonitoringStack


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL; each test makes databases of its own in it (`new_database`) and leaves it running."""
    server = postgresql()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Server]:
    """A Valkey, shared: each test uses keys of its own and leaves it running."""
    server = valkey("--save", "", "--appendonly", "no")
    yield server
    server.remove()


@pytest.fixture(scope="session")
def monitoring_servers() -> Iterator[MonitoringStack]:
    """A Prometheus and two Alertmanagers, shared: a test that uses them begins with `quiet()`."""
    from tests.monitoring_stack import monitoring_stack

    stack = monitoring_stack()
    yield stack
    stack.remove()
