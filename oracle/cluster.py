"""Holds a process to one chain: the network that is set, and the one that its database is of."""

from chain.rpc import Rpc
from oracle.errors import OracleError
from settings import GENESIS, Network, Settings
from store import cluster
from store.database import Database


class WrongNetwork(OracleError):  # noqa: N818 - named for what is so
    """The RPC nodes are of another network than NETWORK says."""


async def pin(settings: Settings, db: Database, rpc: Rpc) -> str:
    """Return the genesis hash of the chain that both the settings and the database mean.

    Not only of a public network that is set: with NETWORK left out, a node of mainnet would be taken for a localnet,
    where one key decides. Raises WrongNetwork, OtherCluster, StoreUnavailable and RpcError.
    """
    genesis_hash = await rpc.genesis_hash()
    public = {genesis: network for network, genesis in GENESIS.items()}
    found = public.get(genesis_hash, Network.LOCALNET)
    if found is not settings.network:
        raise WrongNetwork(
            f"NETWORK is {settings.network}, but the RPC node is of {found} (genesis {genesis_hash}): correct one of "
            "the two"
        )
    await cluster.pin(db, genesis_hash, settings.program_id)
    return genesis_hash
