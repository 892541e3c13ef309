"""The cluster that the settings mean, and no other."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from chain.rpc import Rpc
from ops.errors import OperatorError
from settings import GENESIS, Network, Settings, endpoints

TIMEOUT_S = 5.0
ROUNDS = 2


@asynccontextmanager
async def connected(settings: Settings, url: str | None) -> AsyncGenerator[Rpc]:
    """Connect to `url`, or to the settings' endpoints; raises OperatorError when they are of another network."""
    async with Rpc(endpoints(settings, url), timeout=TIMEOUT_S, rounds=ROUNDS) as rpc:
        check_network(settings.network, await rpc.genesis_hash())
        yield rpc


def check_network(network: Network, genesis_hash: str) -> None:
    """Raise OperatorError unless a cluster with this genesis hash can be `network`."""
    public = {genesis: name for name, genesis in GENESIS.items()}
    found = public.get(genesis_hash, Network.LOCALNET)
    if found is not network:
        raise OperatorError(
            f"NETWORK is {network}, but the RPC node is of {found} (genesis {genesis_hash}): correct one of the two."
        )
