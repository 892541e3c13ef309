"""The cluster around the node, of which it is the only member."""

from __future__ import annotations

from opinion_localnet.bank.records import Commitment
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import API_VERSION, FEATURE_SET, commitment_of, with_context
from opinion_localnet.rpc.errors import NO_SNAPSHOT, RpcError, invalid_params
from opinion_localnet.rpc.params import Params
from opinion_localnet.rpc.registry import MethodTable

TABLE = MethodTable()
_MAX_LEADERS = 5000
# A localnet has no stake and pays no inflation; a nominal stake keeps clients from dividing by zero.
_STAKE = 10**15


@TABLE.method("getHealth")
async def get_health(node: Node, params: Params) -> object:
    """Always healthy: a node that is not has stopped."""
    return "ok"


@TABLE.method("getVersion")
async def get_version(node: Node, params: Params) -> object:
    """The release whose behaviour this is."""
    return {"feature-set": FEATURE_SET, "solana-core": API_VERSION}


@TABLE.method("getGenesisHash")
async def get_genesis_hash(node: Node, params: Params) -> object:
    """The ledger's identity."""
    return str(node.genesis_hash)


@TABLE.method("getIdentity")
async def get_identity(node: Node, params: Params) -> object:
    """The node's identity."""
    return {"identity": _identity(node)}


def _identity(node: Node) -> str:
    return str(node.keys.identity.pubkey())


@TABLE.method("getClusterNodes")
async def get_cluster_nodes(node: Node, params: Params) -> object:
    """This node. It has no TPU, so clients that would send there send to the RPC instead."""
    return [
        {
            "clientId": "Agave",
            "featureSet": FEATURE_SET,
            "gossip": None,
            "pubkey": _identity(node),
            "pubsub": None,
            "rpc": None,
            "serveRepair": None,
            "shredVersion": 0,
            "tpu": None,
            "tpuForwards": None,
            "tpuForwardsQuic": None,
            "tpuQuic": None,
            "tpuVote": None,
            "tvu": None,
            "version": API_VERSION,
        }
    ]


@TABLE.method("getSlotLeader", most=1)
async def get_slot_leader(node: Node, params: Params) -> object:
    """The leader, always this node."""
    commitment_of(node, params.config(0))
    return _identity(node)


@TABLE.method("getSlotLeaders", required=2, most=2)
async def get_slot_leaders(node: Node, params: Params) -> object:
    """The leaders of some slots, always this node."""
    params.uint(0)
    count = params.uint(1)
    if count > _MAX_LEADERS:
        raise invalid_params(f"Invalid limit; max {_MAX_LEADERS}")
    return [_identity(node)] * count


@TABLE.method("getLeaderSchedule", most=2)
async def get_leader_schedule(node: Node, params: Params) -> object:
    """The leaders of an epoch: this node, in every slot that matters to a client at hand."""
    slot = node.bank.open_slot
    return {_identity(node): list(range(max(0, slot - 512), slot + 512))}


@TABLE.method("getVoteAccounts", most=1)
async def get_vote_accounts(node: Node, params: Params) -> object:
    """One validator that votes on everything."""
    commitment = commitment_of(node, params.config(0))
    slot = node.bank.slot_at(commitment)
    validator: dict[str, object] = {
        "activatedStake": _STAKE,
        "commission": 0,
        "epochCredits": [],
        "epochVoteAccount": True,
        "inflationRewardsCommissionBps": 0,
        "lastVote": slot,
        "nodePubkey": _identity(node),
        "rootSlot": node.bank.slot_at(Commitment.FINALIZED),
        "votePubkey": _identity(node),
    }
    return {"current": [validator], "delinquent": []}


@TABLE.method("getInflationGovernor", most=1)
async def get_inflation_governor(node: Node, params: Params) -> object:
    """Mainnet's schedule."""
    return {"foundation": 0.05, "foundationTerm": 7.0, "initial": 0.08, "taper": 0.15, "terminal": 0.015}


@TABLE.method("getInflationRate")
async def get_inflation_rate(node: Node, params: Params) -> object:
    """Mainnet's first rate; nothing is paid here."""
    return {"epoch": 0, "foundation": 0.004, "total": 0.08, "validator": 0.076}


@TABLE.method("getStakeMinimumDelegation", most=1)
async def get_stake_minimum_delegation(node: Node, params: Params) -> object:
    """The least that can be staked."""
    return with_context(node, commitment_of(node, params.config(0)), 10**9)


@TABLE.method("getMaxRetransmitSlot")
async def get_max_retransmit_slot(node: Node, params: Params) -> object:
    """No shred is ever sent on: there is nobody to send it to."""
    return 0


@TABLE.method("getMaxShredInsertSlot")
async def get_max_shred_insert_slot(node: Node, params: Params) -> object:
    """No shred ever comes in."""
    return 0


@TABLE.method("getHighestSnapshotSlot")
async def get_highest_snapshot_slot(node: Node, params: Params) -> object:
    """There are no snapshots: the ledger is the state."""
    raise RpcError(NO_SNAPSHOT, "No snapshot")
