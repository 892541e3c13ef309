"""Simulating transactions, for their own sake and before they are sent."""

from __future__ import annotations

from solders.hash import Hash
from solders.message import Message, MessageHeader, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from opinion_localnet.bank.blockhashes import MAX_PROCESSING_AGE
from opinion_localnet.bank.execution import Simulation
from opinion_localnet.bank.messages import LoadedTransaction, message_of
from opinion_localnet.bank.records import Commitment, ErrorJson, TransactionRejectedError
from opinion_localnet.encoding.accounts import encode_account
from opinion_localnet.encoding.transactions import parse_inner
from opinion_localnet.node import Node
from opinion_localnet.rpc.accounts import reader
from opinion_localnet.rpc.context import commitment_of, with_context
from opinion_localnet.rpc.errors import invalid_params
from opinion_localnet.rpc.params import Config, Params, as_pubkey
from opinion_localnet.rpc.registry import MethodTable
from opinion_localnet.rpc.wire import decode_transaction, transaction_encoding

TABLE = MethodTable()


def check_age(node: Node, loaded: LoadedTransaction, commitment: Commitment) -> None:
    """The bank's own check as of `commitment`, and that the blockhash is known yet at it."""
    node.bank.check(loaded, commitment)
    height = node.bank.recent_blocks.height_of(str(loaded.message.recent_blockhash))
    if height is not None and height > node.bank.height_at(commitment):
        raise TransactionRejectedError("BlockhashNotFound")


def failed(err: ErrorJson | None) -> dict[str, object]:
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


def outcome(simulation: Simulation) -> dict[str, object]:
    """The result of a simulation, as far as a preflight failure shows it."""
    return failed(simulation.err) | {
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
        nothing: dict[str, list[str]] = {"readonly": [], "writable": []}
        refused = failed("SignatureFailure") | {"loadedAddresses": nothing}
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
    except TransactionRejectedError as rejected:
        return failed(rejected.err)
    writable, readonly = loaded.loaded
    addresses = {"readonly": [str(k) for k in readonly], "writable": [str(k) for k in writable]}
    try:
        if not replaced:
            check_age(node, loaded, commitment)
    except TransactionRejectedError as rejected:
        lamports = [_lamports(node, key, commitment) for key in loaded.keys]
        return failed(rejected.err) | {
            "loadedAddresses": addresses,
            "preBalances": lamports,
            "postBalances": lamports,
            "preTokenBalances": [],
            "postTokenBalances": [],
        }
    simulation = node.bank.simulate(loaded, commitment)
    inner = None
    if config.flag("innerInstructions"):
        inner = parse_inner(simulation.inner_instructions, [str(key) for key in loaded.keys])
    return outcome(simulation) | {
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


def _wanted_accounts(config: Config, transaction: VersionedTransaction) -> tuple[list[Pubkey], str] | None:
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
