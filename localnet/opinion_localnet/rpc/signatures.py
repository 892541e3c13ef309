"""What became of transactions: statuses, and the history of an address."""

from __future__ import annotations

from opinion_localnet.bank.records import Commitment, ErrorJson
from opinion_localnet.ledger.history import UnknownSignatureError
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import settled_commitment, with_context
from opinion_localnet.rpc.errors import invalid_params, min_context_slot_not_reached, transaction_not_found
from opinion_localnet.rpc.params import Params, as_signature
from opinion_localnet.rpc.registry import MethodTable

TABLE = MethodTable()
_MAX_STATUSES = 256
_MAX_ADDRESS_SIGNATURES = 1000


@TABLE.method("getSignatureStatuses", required=1, most=2)
async def get_signature_statuses(node: Node, params: Params) -> object:
    """Where transactions landed and how settled that is; older ones only if asked to search."""
    signatures = [as_signature(text) for text in params.texts(0, _MAX_STATUSES)]
    search = params.config(1).flag("searchTransactionHistory")
    value: list[dict[str, object] | None] = []
    for signature in signatures:
        recent = node.bank.status(signature)
        if recent is not None:
            value.append(_status(node, recent.slot, recent.err))
            continue
        stored = await node.past(lambda past, s=signature: past.status(s)) if search else None
        value.append(None if stored is None else _status(node, *stored))
    return with_context(node, Commitment.PROCESSED, value)


def _status(node: Node, slot: int, err: ErrorJson | None) -> dict[str, object]:
    settled = node.bank.commitment_of(slot)
    root = settled is Commitment.FINALIZED
    return {
        "confirmationStatus": settled.word,
        # How many blocks are on top; null once it is finalized.
        "confirmations": None if root else max(0, node.bank.open_slot - 1 - slot),
        "err": err,
        "slot": slot,
        "status": {"Ok": None} if err is None else {"Err": err},
    }


@TABLE.method("getSignaturesForAddress", required=1, most=2)
async def get_signatures_for_address(node: Node, params: Params) -> object:
    """The confirmed transactions that name an address, newest first."""
    address, config = params.pubkey(0), params.config(1)
    before, until = config.text("before"), config.text("until")
    before = as_signature(before) if before is not None else None
    until = as_signature(until) if until is not None else None
    asked = config.uint("limit")
    limit = _MAX_ADDRESS_SIGNATURES if asked is None else asked
    if not 0 < limit <= _MAX_ADDRESS_SIGNATURES:
        raise invalid_params(f"Invalid limit; max {_MAX_ADDRESS_SIGNATURES}")
    newest = node.bank.slot_at(settled_commitment(config))
    least = config.uint("minContextSlot")
    if least is not None and newest < least:
        raise min_context_slot_not_reached(newest)
    try:
        entries = await node.past(lambda past: past.signatures(str(address), newest, before, until, limit))
    except UnknownSignatureError as unknown:
        raise transaction_not_found(unknown.signature) from unknown
    return [
        {
            "blockTime": entry.unix_time,
            "confirmationStatus": node.bank.commitment_of(entry.slot).word,
            "err": entry.err,
            "memo": entry.memo,
            "signature": entry.signature,
            "slot": entry.slot,
            "transactionIndex": entry.index,
        }
        for entry in entries
    ]
