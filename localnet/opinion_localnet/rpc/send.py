"""Sending transactions, and airdrops."""

from __future__ import annotations

from contextlib import suppress

from solders.transaction import VersionedTransaction

from opinion_localnet import faucet
from opinion_localnet.bank.records import TransactionRejectedError
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import commitment_of
from opinion_localnet.rpc.errors import min_context_slot_not_reached, preflight_failure
from opinion_localnet.rpc.params import Config, Params, as_hash
from opinion_localnet.rpc.registry import MethodTable
from opinion_localnet.rpc.simulate import check_age, failed, outcome
from opinion_localnet.rpc.wire import decode_transaction, transaction_encoding

TABLE = MethodTable()


@TABLE.method("sendTransaction", required=1, most=2)
async def send_transaction(node: Node, params: Params) -> object:
    """Check a transaction by simulation unless told not to, execute it, and answer its signature.

    As on a cluster, the answer does not say that it landed: one that cannot is dropped silently.
    """
    config = params.config(1)
    transaction, wire = decode_transaction(params.text(0), transaction_encoding(config))
    signed = all(transaction.verify_with_results())
    if not config.flag("skipPreflight"):
        _preflight(node, transaction, config, signed)
    if signed:
        # The status of one that is rejected stays unknown until it expires: what a sender sees on a cluster.
        with suppress(TransactionRejectedError):
            node.submit(node.bank.load(transaction), wire)
    return str(transaction.signatures[0])


def _preflight(node: Node, transaction: VersionedTransaction, config: Config, signed: bool) -> None:
    commitment = config.commitment("preflightCommitment")
    least = config.uint("minContextSlot")
    if least is not None and node.bank.slot_at(commitment) < least:
        raise min_context_slot_not_reached(node.bank.slot_at(commitment))
    if not signed:
        raise preflight_failure("SignatureFailure", failed("SignatureFailure"))
    try:
        loaded = node.bank.load(transaction)
        check_age(node, loaded, commitment)
    except TransactionRejectedError as rejected:
        raise preflight_failure(rejected.err, failed(rejected.err)) from rejected
    simulation = node.bank.simulate(loaded, commitment)
    if simulation.err is not None:
        raise preflight_failure(simulation.err, outcome(simulation))


@TABLE.method("requestAirdrop", required=2, most=3)
async def request_airdrop(node: Node, params: Params) -> object:
    """SOL from the faucet."""
    to, lamports, config = params.pubkey(0), params.uint(1), params.config(2)
    commitment_of(node, config)
    recent = config.text("recentBlockhash")
    try:
        return faucet.send_sol(node, to, lamports, as_hash(recent) if recent else None)
    except TransactionRejectedError as rejected:
        raise preflight_failure(rejected.err, failed(rejected.err)) from rejected
