"""The RPC nodes: which cluster they are of, how far behind, and what time it is there."""

import time

from chain.answers import Commitment
from chain.clock import chain_time
from chain.endpoint import Endpoint
from chain.rpc import Rpc
from chain.units import Slot
from ops.cluster import check_network
from ops.doctor.finding import MOST_SKEW_S, Finding, Findings, note, ok, tried, wrong
from ops.errors import OperatorError
from settings import Network, Settings

MOST_LAG = 150
"""Slots, about a minute."""


async def look_at_nodes(settings: Settings, rpc: Rpc, kept: str | None) -> Findings:
    """Each endpoint by itself, then the time. `kept` is the genesis hash that the database belongs to, if any."""
    heights: dict[str, Slot] = {}
    for endpoint, view in zip(rpc.endpoints, rpc.each(), strict=True):
        part, remedy = f"rpc {endpoint.name}", "use another node, or correct SOLANA_RPC_URL"
        genesis = await tried(part, view.genesis_hash(), remedy)
        slot = await tried(part, view.slot(Commitment.CONFIRMED), remedy)
        if isinstance(genesis, Finding):
            yield genesis
        elif isinstance(slot, Finding):
            yield slot
        elif (problem := _other_network(settings.network, genesis)) is not None:
            yield wrong(part, problem, "correct NETWORK or SOLANA_RPC_URL")
        elif kept not in (None, genesis):
            words = f"it is of the cluster with genesis {genesis}, and the database belongs to {kept}"
            yield wrong(part, words, "correct SOLANA_RPC_URL or DATABASE_URL")
        else:
            heights[endpoint.name] = slot
            yield await _health(part, endpoint, genesis, slot)
    for name, slot in heights.items():
        if (lag := max(heights.values()) - slot) > MOST_LAG:
            yield wrong(
                f"rpc {name}", f"it is {lag} slots behind the others", "use another node until it has caught up"
            )
    if heights:
        yield await _time(settings.network, rpc)


def _other_network(network: Network, genesis: str) -> str | None:
    try:
        check_network(network, genesis)
    except OperatorError as error:
        return str(error)
    return None


async def _health(part: str, endpoint: Endpoint, genesis: str, slot: Slot) -> Finding:
    health = await tried(part, endpoint.ask_raw("getHealth", [], str), "use another node until it is well")
    return health if isinstance(health, Finding) else ok(part, f"at slot {slot}, genesis {genesis}")


async def _time(network: Network, rpc: Rpc) -> Finding:
    now = await tried("clock", chain_time(rpc), "use another RPC node")
    if isinstance(now, Finding):
        return now
    skew = round(time.time() - now)
    words = f"this host is {abs(skew)} s {'ahead of' if skew >= 0 else 'behind'} the chain"
    if abs(skew) <= MOST_SKEW_S:
        return ok("clock", words)
    if network is Network.LOCALNET:
        return note("clock", f"{words}, as a localnet may be whose time was let pass")
    return wrong("clock", words, "see that the host's time is kept (timedatectl), and the node has caught up")
