"""What only a localnet can do: travel in time, and print USDC."""

from __future__ import annotations

from opinion_localnet import addresses, faucet
from opinion_localnet.bank.clock import NOMINAL_SLOT_SECONDS
from opinion_localnet.bank.records import Commitment, TransactionRejectedError
from opinion_localnet.node import Node
from opinion_localnet.rpc.errors import invalid_params, preflight_failure
from opinion_localnet.rpc.params import Params
from opinion_localnet.rpc.registry import MethodTable
from opinion_localnet.rpc.simulate import failed

TABLE = MethodTable()
# A century: further than any market, and Clock stays far from its limits.
_MAX_SLOTS = int(100 * 365 * 86_400 / NOMINAL_SLOT_SECONDS)


@TABLE.method("localnet_warp", required=1, most=1)
async def warp(node: Node, params: Params) -> object:
    """Let `{"seconds": n}` or `{"slots": n}` pass at once, at mainnet's pace of 400 ms a slot.

    Answers when every slot before the new one is confirmed.
    """
    config = params.config(0)
    seconds, slots = config.uint("seconds"), config.uint("slots")
    if (seconds is None) == (slots is None):
        raise invalid_params('Invalid params: give either {"seconds": n} or {"slots": n}.')
    if slots is None:
        slots = max(1, round((seconds or 0) / NOMINAL_SLOT_SECONDS))
    elapsed = seconds if seconds is not None else slots * NOMINAL_SLOT_SECONDS
    if not 0 < slots <= _MAX_SLOTS:
        raise invalid_params(f"Invalid params: a warp is of 1 to {_MAX_SLOTS} slots.")
    slot = await node.warp(slots, elapsed)
    return {"slot": slot, "unixTimestamp": node.bank.unix_time}


@TABLE.method("localnet_faucetUsdc", required=2, most=2)
async def faucet_usdc(node: Node, params: Params) -> object:
    """Mint `amount` base units of USDC (6 decimals) to the associated account of `owner`."""
    owner, amount = params.pubkey(0), params.uint(1)
    try:
        return faucet.send_usdc(node, owner, amount)
    except TransactionRejectedError as rejected:
        raise preflight_failure(rejected.err, failed(rejected.err)) from rejected


@TABLE.method("localnet_info")
async def info(node: Node, params: Params) -> object:
    """What a script needs to know of this localnet."""
    return {
        "genesisHash": str(node.genesis_hash),
        "slotMs": round(node.slot_seconds * 1000),
        "slot": node.bank.slot_at(Commitment.PROCESSED),
        "unixTimestamp": node.bank.unix_time,
        "usdcMint": str(addresses.USDC_MINT),
        "usdcAuthority": str(node.keys.usdc_authority.pubkey()),
        "faucet": str(node.keys.faucet.pubkey()),
    }
