"""A process acts on the network that is set, on the chain that its database is of, and on no other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oracle.cluster import WrongNetwork, pin
from settings import GENESIS, Network, Settings
from store.database import Database
from store.errors import OtherCluster
from store.migrations import migrate

OURS = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi"


class Node:
    """Tells its genesis hash, and nothing else is asked of it."""

    def __init__(self, genesis: str) -> None:
        self._genesis = genesis

    async def genesis_hash(self) -> str:
        return self._genesis


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path / 'oracle.db'}") as database:
        await migrate(database)
        yield database


@pytest.mark.parametrize("network", [Network.DEVNET, Network.TESTNET, Network.MAINNET])
async def test_a_public_node_is_no_localnet(db: Database, network: Network) -> None:
    with pytest.raises(WrongNetwork, match=f"NETWORK is localnet, but the RPC node is of {network}"):
        await pin(Settings(), db, Node(GENESIS[network]))  # type: ignore[arg-type]


async def test_a_localnet_is_no_public_network(db: Database) -> None:
    with pytest.raises(WrongNetwork, match="NETWORK is devnet, but the RPC node is of localnet"):
        await pin(Settings(network=Network.DEVNET), db, Node(OURS))  # type: ignore[arg-type]


async def test_a_database_is_of_one_chain(db: Database) -> None:
    assert await pin(Settings(), db, Node(OURS)) == OURS  # type: ignore[arg-type]
    with pytest.raises(OtherCluster):
        await pin(Settings(), db, Node(OURS[::-1]))  # type: ignore[arg-type]
