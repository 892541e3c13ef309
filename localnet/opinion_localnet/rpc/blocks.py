"""Blocks and transactions of the past."""

from __future__ import annotations

from typing import cast

from opinion_localnet.bank.records import Commitment
from opinion_localnet.encoding.transactions import (
    VersionNotSupportedError,
    encode_accounts,
    encode_transaction,
)
from opinion_localnet.ledger.history import StoredTransaction
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import settled_commitment
from opinion_localnet.rpc.errors import (
    UNSUPPORTED_TRANSACTION_VERSION,
    RpcError,
    block_not_available,
    invalid_params,
    slot_skipped,
)
from opinion_localnet.rpc.params import Config, Params, unknown_variant
from opinion_localnet.rpc.registry import MethodTable

TABLE = MethodTable()
_ENCODINGS = ("binary", "base64", "base58", "json", "jsonParsed")
_DETAILS = ("full", "signatures", "none", "accounts")
_MAX_RANGE = 500_000


def _config(params: Params, index: int) -> Config:
    """The options, which old clients send as a bare encoding."""
    value = params.get(index)
    return Config({"encoding": value}) if isinstance(value, str) else params.config(index)


def _encoding(config: Config) -> str:
    encoding = config.text("encoding") or "json"
    if encoding not in _ENCODINGS:
        raise unknown_variant(encoding, _ENCODINGS)
    return encoding


def _max_version(config: Config) -> int | None:
    return config.uint("maxSupportedTransactionVersion")


def _encode(stored: StoredTransaction, encoding: str, max_version: int | None) -> dict[str, object]:
    try:
        return encode_transaction(stored, encoding, max_version)
    except VersionNotSupportedError as error:
        raise _unsupported(error.version) from error


def _unsupported(version: int) -> RpcError:
    return RpcError(
        UNSUPPORTED_TRANSACTION_VERSION,
        f"Transaction version ({version}) is not supported by the requesting client. Please try the request "
        f'again with the following configuration parameter: "maxSupportedTransactionVersion": {version}',
    )


@TABLE.method("getTransaction", required=1, most=2)
async def get_transaction(node: Node, params: Params) -> object:
    """A confirmed transaction, or null."""
    signature, config = params.signature(0), _config(params, 1)
    encoding = _encoding(config)
    newest = node.bank.slot_at(settled_commitment(config))
    stored = await node.past(lambda past: past.transaction(signature, newest))
    if stored is None:
        return None
    place = {"blockTime": stored.unix_time, "slot": stored.slot, "transactionIndex": stored.index}
    return _encode(stored, encoding, _max_version(config)) | place


@TABLE.method("getBlock", required=1, most=2)
async def get_block(node: Node, params: Params) -> object:
    """A confirmed block, with as much of its transactions as asked for."""
    slot, config = params.uint(0), _config(params, 1)
    encoding, max_version = _encoding(config), _max_version(config)
    details = config.text("transactionDetails") or "full"
    if details not in _DETAILS:
        raise unknown_variant(details, _DETAILS)
    if slot > node.bank.slot_at(settled_commitment(config)):
        raise block_not_available(slot)
    block = await node.past(lambda past: past.block(slot))
    if block is None:
        raise slot_skipped(slot)
    answer: dict[str, object] = {
        "blockHeight": block.height,
        "blockTime": block.unix_time,
        "blockhash": block.blockhash,
        "parentSlot": block.parent,
        "previousBlockhash": block.previous_blockhash,
    }
    rewards = config.flag_or("rewards", True)
    if rewards:
        answer["rewards"] = []
    if details == "none":
        return answer
    stored = await node.past(lambda past: past.block_transactions(slot))
    if details == "signatures":
        answer["signatures"] = [transaction.signature for transaction in stored]
    elif details == "full":
        found = [_encode(transaction, encoding, max_version) for transaction in stored]
        answer["transactions"] = found if rewards else [_without_rewards(one) for one in found]
    else:
        answer["transactions"] = [_accounts(transaction, max_version, rewards) for transaction in stored]
    return answer


def _without_rewards(encoded: dict[str, object]) -> dict[str, object]:
    return encoded | {"meta": cast("dict[str, object]", encoded["meta"]) | {"rewards": None}}


def _accounts(stored: StoredTransaction, max_version: int | None, rewards: bool) -> dict[str, object]:
    try:
        return encode_accounts(stored, max_version, rewards)
    except VersionNotSupportedError as error:
        raise _unsupported(error.version) from error


@TABLE.method("getBlockTime", required=1, most=1)
async def get_block_time(node: Node, params: Params) -> object:
    """When a block was made."""
    slot = params.uint(0)
    if slot > node.bank.slot_at(Commitment.CONFIRMED):
        raise block_not_available(slot)
    block = await node.past(lambda past: past.block(slot))
    if block is None:
        raise slot_skipped(slot)
    return block.unix_time


@TABLE.method("getBlocks", required=1, most=3)
async def get_blocks(node: Node, params: Params) -> object:
    """The slots of a range that have blocks."""
    first = params.uint(0)
    second = params.get(1)
    has_end = second is not None and not isinstance(second, dict)
    config = params.config(2 if has_end or len(params) > 2 else 1)
    newest = node.bank.slot_at(settled_commitment(config))
    last = min(params.uint(1), newest) if has_end else newest
    if last < first:
        return []
    if last - first > _MAX_RANGE:
        raise invalid_params(f"Slot range too large; max {_MAX_RANGE}")
    return await node.past(lambda past: past.block_slots(first, last, _MAX_RANGE))


@TABLE.method("getBlocksWithLimit", required=2, most=3)
async def get_blocks_with_limit(node: Node, params: Params) -> object:
    """The first so many slots from one on that have blocks."""
    first, limit = params.uint(0), params.uint(1)
    if limit > _MAX_RANGE:
        raise invalid_params(f"Limit too large; max {_MAX_RANGE}")
    newest = node.bank.slot_at(settled_commitment(params.config(2)))
    return await node.past(lambda past: past.block_slots(first, newest, limit))


@TABLE.method("getFirstAvailableBlock")
async def get_first_available_block(node: Node, params: Params) -> object:
    """The oldest block: the genesis, since nothing is ever purged."""
    return 0


@TABLE.method("minimumLedgerSlot")
async def minimum_ledger_slot(node: Node, params: Params) -> object:
    """The oldest slot in the ledger."""
    return 0


@TABLE.method("getBlockCommitment", required=1, most=1)
async def get_block_commitment(node: Node, params: Params) -> object:
    """The stake that voted for a block; there is no stake, so only its shape matters."""
    slot = params.uint(0)
    known = slot <= node.bank.slot_at(Commitment.CONFIRMED)
    return {"commitment": [0] * 32 if known else None, "totalStake": 10**15}


@TABLE.method("getRecentPerformanceSamples", most=1)
async def get_recent_performance_samples(node: Node, params: Params) -> object:
    """One sample of the last minute."""
    limit = params.optional_uint(0)
    if limit == 0:
        return []
    slots = max(1, round(60 / node.slot_seconds))
    counts = await node.past(lambda past: past.transactions_per_slot(slots))
    if len(counts) < slots:
        return []
    (newest, now), (_, before) = counts[0], counts[-1]
    return [
        {
            "numNonVoteTransactions": now - before,
            "numSlots": len(counts),
            "numTransactions": now - before,
            "samplePeriodSecs": 60,
            "slot": newest,
        }
    ]
