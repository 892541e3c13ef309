"""Sending and simulating transactions, and airdrops."""

from __future__ import annotations

from typing import cast

from solders.hash import Hash
from solders.message import Message, MessageHeader, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from opinion_localnet import faucet
from opinion_localnet.bank.blockhashes import MAX_PROCESSING_AGE
from opinion_localnet.bank.execution import Simulation
from opinion_localnet.bank.messages import LoadedTransaction, message_of
from opinion_localnet.bank.records import Commitment, ErrorJson, TransactionRejected
from opinion_localnet.encoding.accounts import encode_account
from opinion_localnet.node import Node
from opinion_localnet.rpc.accounts import reader
from opinion_localnet.rpc.context import commitment_of, with_context
from opinion_localnet.rpc.errors import invalid_params, min_context_slot_not_reached, preflight_failure
from opinion_localnet.rpc.params import Config, Params, as_hash, as_pubkey
from opinion_localnet.rpc.registry import MethodTable
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
        try:
            node.submit(node.bank.load(transaction), wire)
        except TransactionRejected:
            # Its status stays unknown until the blockhash expires: what a sender sees on a cluster.
            pass
    return str(transaction.signatures[0])


def _preflight(node: Node, transaction: VersionedTransaction, config: Config, signed: bool) -> None:
    commitment = config.commitment("preflightCommitment")
    least = config.uint("minContextSlot")
    if least is not None and node.bank.slot_at(commitment) < least:
        raise min_context_slot_not_reached(node.bank.slot_at(commitment))
    if not signed:
        raise preflight_failure("SignatureFailure", _failed("SignatureFailure"))
    try:
        loaded = node.bank.load(transaction)
        _check_age(node, loaded, commitment)
    except TransactionRejected as rejected:
        raise preflight_failure(rejected.err, _failed(rejected.err)) from rejected
    simulation = node.bank.simulate(loaded, commitment)
    if simulation.err is not None:
        raise preflight_failure(simulation.err, _outcome(simulation))


def _check_age(node: Node, loaded: LoadedTransaction, commitment: Commitment) -> None:
    """The bank's own check, and that the blockhash is known yet at `commitment`."""
    node.bank.check(loaded)
    height = node.bank.recent_blocks.height_of(str(loaded.message.recent_blockhash))
    if height is not None and height > node.bank.height_at(commitment):
        raise TransactionRejected("BlockhashNotFound")


def _failed(err: ErrorJson) -> dict[str, object]:
    """The result of a simulation that never ran."""
    return {
        "accounts": None,
        "err": err,
        "fee": None,
        "innerInstructions": None,
        "loadedAccountsDataSize": 0,
        "loadedAddresses": None,
        "logs": [],
        "postBalances": None,
        "postTokenBalances": None,
        "preBalances": None,
        "preTokenBalances": None,
        "replacementBlockhash": None,
        "returnData": None,
        "unitsConsumed": 0,
    }


def _outcome(simulation: Simulation) -> dict[str, object]:
    """The result of a simulation, as far as a preflight failure shows it."""
    return _failed(simulation.err or "") | {
        "err": simulation.err,
        "fee": simulation.fee,
        "loadedAccountsDataSize": simulation.loaded_bytes,
        "logs": simulation.logs,
        "returnData": simulation.return_data,
        "unitsConsumed": simulation.units,
    }


@TABLE.method("simulateTransaction", required=1, most=2)
async def simulate_transaction(node: Node, params: Params) -> object:
    """What a transaction would do now."""
    config = params.config(1)
    transaction, _ = decode_transaction(params.text(0), transaction_encoding(config))
    verify, replace = config.flag("sigVerify"), config.flag("replaceRecentBlockhash")
    if verify and replace:
        raise invalid_params("sigVerify may not be used with replaceRecentBlockhash")
    commitment = commitment_of(node, config)
    replacement: dict[str, object] | None = None
    if replace:
        block = node.bank.block_at(commitment)
        transaction = _with_blockhash(transaction, block.blockhash)
        replacement = {
            "blockhash": str(block.blockhash),
            "lastValidBlockHeight": block.height + MAX_PROCESSING_AGE,
        }
    wanted = _wanted_accounts(config, transaction)
    if verify and not all(transaction.verify_with_results()):
        refused = _failed("SignatureFailure") | {"loadedAddresses": {"readonly": [], "writable": []}}
        return with_context(node, commitment, refused)
    value = _simulate(node, transaction, commitment, replace, wanted, config)
    return with_context(node, commitment, value | {"replacementBlockhash": replacement})


def _simulate(
    node: Node,
    transaction: VersionedTransaction,
    commitment: Commitment,
    replaced: bool,
    wanted: tuple[list[Pubkey], str] | None,
    config: Config,
) -> dict[str, object]:
    try:
        loaded = node.bank.load(transaction)
    except TransactionRejected as rejected:
        return _failed(rejected.err)
    writable, readonly = loaded.loaded
    addresses = {"readonly": [str(k) for k in readonly], "writable": [str(k) for k in writable]}
    try:
        if not replaced:
            _check_age(node, loaded, commitment)
    except TransactionRejected as rejected:
        lamports = [_lamports(node, key, commitment) for key in loaded.keys]
        return _failed(rejected.err) | {
            "loadedAddresses": addresses,
            "preBalances": lamports,
            "postBalances": lamports,
            "preTokenBalances": [],
            "postTokenBalances": [],
        }
    simulation = node.bank.simulate(loaded, commitment)
    inner = simulation.inner_instructions if config.flag("innerInstructions") else None
    return _outcome(simulation) | {
        "accounts": _accounts(node, simulation, wanted, commitment),
        "innerInstructions": inner,
        "loadedAddresses": addresses,
        "preBalances": simulation.before.lamports,
        "postBalances": simulation.after.lamports,
        "preTokenBalances": simulation.before.tokens,
        "postTokenBalances": simulation.after.tokens,
    }


def _lamports(node: Node, key: Pubkey, commitment: Commitment) -> int:
    account = node.bank.account(key, commitment)
    return account.lamports if account else 0


def _wanted_accounts(
    config: Config, transaction: VersionedTransaction
) -> tuple[list[Pubkey], str] | None:
    accounts = config.mapping("accounts")
    if accounts is None:
        return None
    encoding = accounts.encoding("base64")
    if encoding in ("binary", "base58"):
        raise invalid_params("base58 encoding not supported")
    texts = Params([accounts.get("addresses")]).texts(0, 2**32)
    most = len(message_of(transaction).account_keys)
    if len(texts) > most:
        raise invalid_params(f"Too many accounts provided; max {most}")
    return [as_pubkey(text) for text in texts], encoding


def _accounts(
    node: Node, simulation: Simulation, wanted: tuple[list[Pubkey], str] | None, commitment: Commitment
) -> list[object] | None:
    if wanted is None:
        return None
    if simulation.err is not None:
        return [None for _ in wanted[0]]
    addresses, encoding = wanted
    answer: list[object] = []
    for address in addresses:
        account = simulation.accounts.get(address) or node.bank.account(address, commitment)
        encoded = account and encode_account(address, account, encoding, None, reader(node, commitment))
        answer.append(encoded)
    return answer


def _with_blockhash(transaction: VersionedTransaction, blockhash: Hash) -> VersionedTransaction:
    old = message_of(transaction)
    header: MessageHeader = old.header
    if isinstance(old, MessageV0):
        message: Message | MessageV0 = MessageV0(
            header, old.account_keys, blockhash, old.instructions, old.address_table_lookups
        )
    else:
        message = Message.new_with_compiled_instructions(
            header.num_required_signatures,
            header.num_readonly_signed_accounts,
            header.num_readonly_unsigned_accounts,
            old.account_keys,
            blockhash,
            old.instructions,
        )
    return VersionedTransaction.populate(message, transaction.signatures)


@TABLE.method("requestAirdrop", required=2, most=3)
async def request_airdrop(node: Node, params: Params) -> object:
    """SOL from the faucet."""
    to, lamports, config = params.pubkey(0), params.uint(1), params.config(2)
    commitment_of(node, config)
    recent = config.text("recentBlockhash")
    try:
        return faucet.send_sol(node, to, lamports, as_hash(recent) if recent else None)
    except TransactionRejected as rejected:
        raise preflight_failure(rejected.err, _failed(rejected.err)) from rejected


def failed_simulation(err: ErrorJson) -> dict[str, object]:
    """The `data` of an error for a transaction that was refused without being run."""
    return cast("dict[str, object]", _failed(err))
