"""What transactions cost."""

from __future__ import annotations

from solders.transaction import VersionedTransaction

from opinion_localnet.bank.fees import total_fee
from opinion_localnet.bank.records import Commitment, TransactionRejectedError
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import commitment_of, with_context
from opinion_localnet.rpc.params import Params, as_pubkey
from opinion_localnet.rpc.registry import MethodTable
from opinion_localnet.rpc.wire import decode_message

TABLE = MethodTable()
_MAX_WRITE_LOCKS = 128


@TABLE.method("getFeeForMessage", required=1, most=2)
async def get_fee_for_message(node: Node, params: Params) -> object:
    """The lamports that a message would cost, or null if its blockhash is unknown or expired."""
    message = decode_message(params.text(0))
    commitment = commitment_of(node, params.config(1))
    try:
        loaded = node.bank.load(VersionedTransaction.populate(message, []))
        node.bank.check_age(loaded)
    except TransactionRejectedError:
        return with_context(node, commitment, None)
    return with_context(node, commitment, total_fee(loaded))


@TABLE.method("getRecentPrioritizationFees", most=1)
async def get_recent_prioritization_fees(node: Node, params: Params) -> object:
    """For each recent slot, the least that a transaction writing the given accounts paid for priority."""
    texts = params.texts(0, _MAX_WRITE_LOCKS) if params.get(0) is not None else []
    accounts = [as_pubkey(text) for text in texts]
    lowest = node.bank.recent_fees.lowest(accounts, node.bank.slot_at(Commitment.CONFIRMED))
    return [{"prioritizationFee": price, "slot": slot} for slot, price in lowest]
