"""Slots, heights, epochs and blockhashes."""

from __future__ import annotations

from opinion_localnet.bank.blockhashes import MAX_PROCESSING_AGE
from opinion_localnet.bank.clock import SLOTS_PER_EPOCH
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import commitment_of, with_context
from opinion_localnet.rpc.params import Params, as_hash
from opinion_localnet.rpc.registry import MethodTable

TABLE = MethodTable()


@TABLE.method("getSlot", most=1)
async def get_slot(node: Node, params: Params) -> object:
    """The newest slot at a commitment."""
    return node.bank.slot_at(commitment_of(node, params.config(0)))


@TABLE.method("getBlockHeight", most=1)
async def get_block_height(node: Node, params: Params) -> object:
    """The newest block height at a commitment."""
    return node.bank.height_at(commitment_of(node, params.config(0)))


@TABLE.method("getTransactionCount", most=1)
async def get_transaction_count(node: Node, params: Params) -> object:
    """Transactions since genesis."""
    commitment_of(node, params.config(0))
    return node.bank.transaction_count


@TABLE.method("getEpochInfo", most=1)
async def get_epoch_info(node: Node, params: Params) -> object:
    """Where in its epoch the chain is."""
    commitment = commitment_of(node, params.config(0))
    slot = node.bank.slot_at(commitment)
    return {
        "absoluteSlot": slot,
        "blockHeight": node.bank.height_at(commitment),
        "epoch": slot // SLOTS_PER_EPOCH,
        "slotIndex": slot % SLOTS_PER_EPOCH,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": node.bank.transaction_count,
    }


@TABLE.method("getEpochSchedule")
async def get_epoch_schedule(node: Node, params: Params) -> object:
    """How slots make epochs."""
    return {
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
        "leaderScheduleSlotOffset": SLOTS_PER_EPOCH,
        "slotsPerEpoch": SLOTS_PER_EPOCH,
        "warmup": False,
    }


@TABLE.method("getLatestBlockhash", most=1)
async def get_latest_blockhash(node: Node, params: Params) -> object:
    """The newest blockhash, and the last block height at which a transaction with it may land."""
    commitment = commitment_of(node, params.config(0))
    block = node.bank.block_at(commitment)
    value = {
        "blockhash": str(block.blockhash),
        "lastValidBlockHeight": block.height + MAX_PROCESSING_AGE,
    }
    return with_context(node, commitment, value)


@TABLE.method("isBlockhashValid", required=1, most=2)
async def is_blockhash_valid(node: Node, params: Params) -> object:
    """Whether a transaction with a blockhash may still land."""
    blockhash = as_hash(params.text(0))
    commitment = commitment_of(node, params.config(1))
    valid = node.bank.recent_blocks.is_valid(str(blockhash), node.bank.height_at(commitment))
    return with_context(node, commitment, valid)
