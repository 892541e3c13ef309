"""One localnet for all tests of the settlement, and an oracle with a database of its own for each."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from chain.constants import PROGRAM_ID
from chain.units import UsdcUnits
from ops.demo.authorities import establish
from ops.demo.stage import Stage, open_stage
from ops.errors import OperatorError
from ops.localnet import LocalnetKeys, node_command, node_parts, prepare
from store.database import Database
from store.migrations import migrate
from tests.oracle.settlement.house import House
from tests.parts import missing
from tests.ports import free_port_pair
from tests.servers import new_database

SLOT_MS = 20
"""A slot is final after 32 more."""

BOND = UsdcUnits(2_000_000_000)


@dataclass
class Node:
    """A localnet that can be stopped, copied and started again on the same port."""

    ledger: Path
    keys: LocalnetKeys
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it answers."""
        command = node_command(PROGRAM_ID, self.keys.admin.public_key, self.ledger, self.port, SLOT_MS)
        with (self.ledger.parent / "node.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = httpx.post(self.url, json={"jsonrpc": "2.0", "id": 1, "method": "getHealth"}, timeout=2)
                if answer.json().get("result") == "ok":
                    return
            except httpx.HTTPError:
                pass
            assert self.process.poll() is None, "the localnet ended"
            assert time.monotonic() < deadline, "the localnet does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


def started_node(folder: Path) -> Node:
    """A new localnet, or no test."""
    try:
        node_parts()
    except OperatorError as error:
        missing("the localnet", str(error))
    ledger = folder / "ledger"
    node = Node(ledger, prepare(PROGRAM_ID, ledger, reset=False), free_port_pair())
    node.start()
    return node


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """Shared: each test has markets of its own on it, and time only goes on."""
    folder = Path(tempfile.mkdtemp(prefix="opinion-"))
    node = started_node(folder)
    yield node
    node.stop()
    shutil.rmtree(folder)


@pytest.fixture
async def stage(node: Node, tmp_path: Path) -> AsyncIterator[Stage]:
    """The shared localnet, with its program initialized and bond enough."""
    async with open_stage(PROGRAM_ID, node.url, node.keys, tmp_path / "journal.db") as stage:
        await establish(stage, f"establish {tmp_path}", BOND)
        yield stage


@pytest.fixture
async def house(stage: Stage, tmp_path: Path) -> AsyncIterator[House]:
    """An oracle with a database of its own, in SQLite."""
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as db:
        await migrate(db)
        async with House.opened(stage, db, tmp_path / "texts") as house:
            yield house


@pytest.fixture
async def postgres_house(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """The same in PostgreSQL."""
    async with Database(new_database(request.getfixturevalue("postgresql_server"))) as db:
        await migrate(db)
        async with House.opened(stage, db, tmp_path / "texts") as house:
            yield house
