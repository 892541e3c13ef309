"""Accounts: one, many, all of a program, and what rent they need."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from solders.account import Account
from solders.pubkey import Pubkey

from opinion_localnet.bank.records import Commitment
from opinion_localnet.encoding.accounts import DataTooLongError, encode_account
from opinion_localnet.node import Node
from opinion_localnet.rpc.context import commitment_of, with_context
from opinion_localnet.rpc.errors import INVALID_REQUEST, RpcError
from opinion_localnet.rpc.filters import check_token_filters, parse_filters
from opinion_localnet.rpc.params import Config, Params, as_pubkey
from opinion_localnet.rpc.registry import MethodTable

TABLE = MethodTable()
MAX_ACCOUNTS = 100
_MAX_SPACE = 10 * 1024 * 1024
# So many accounts are encoded before other requests get a turn: less than a millisecond.
_CHUNK = 100


def reader(node: Node, commitment: Commitment) -> Callable[[Pubkey], Account | None]:
    """Reads accounts as they were at `commitment`."""
    return lambda address: node.bank.account(address, commitment)


def encode(
    node: Node, address: Pubkey, account: Account | None, config: Config, commitment: Commitment, default: str
) -> dict[str, object] | None:
    """`account` as `config` wants it; None stays None."""
    if account is None:
        return None
    encoding = config.encoding(default)
    try:
        return encode_account(address, account, encoding, config.data_slice(), reader(node, commitment))
    except DataTooLongError as error:
        raise RpcError(
            INVALID_REQUEST,
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
        ) from error


async def encode_keyed(
    node: Node,
    found: Sequence[tuple[Pubkey, Account]],
    config: Config,
    commitment: Commitment,
    default: str,
) -> list[dict[str, object]]:
    """Many accounts with their addresses, leaving the event loop to others in between."""
    answer: list[dict[str, object]] = []
    for index, (address, account) in enumerate(found):
        if index % _CHUNK == _CHUNK - 1:
            await asyncio.sleep(0)
        encoded = encode(node, address, account, config, commitment, default)
        answer.append({"account": encoded, "pubkey": str(address)})
    return answer


@TABLE.method("getBalance", required=1, most=2)
async def get_balance(node: Node, params: Params) -> object:
    """The lamports of an address."""
    address = params.pubkey(0)
    commitment = commitment_of(node, params.config(1))
    account = node.bank.account(address, commitment)
    return with_context(node, commitment, account.lamports if account else 0)


@TABLE.method("getAccountInfo", required=1, most=2)
async def get_account_info(node: Node, params: Params) -> object:
    """One account."""
    address, config = params.pubkey(0), params.config(1)
    config.encoding("binary")
    commitment = commitment_of(node, config)
    account = node.bank.account(address, commitment)
    return with_context(node, commitment, encode(node, address, account, config, commitment, "binary"))


@TABLE.method("getMultipleAccounts", required=1, most=2)
async def get_multiple_accounts(node: Node, params: Params) -> object:
    """Up to 100 accounts as of one slot."""
    wanted = [as_pubkey(text) for text in params.texts(0, MAX_ACCOUNTS)]
    config = params.config(1)
    commitment = commitment_of(node, config)
    found = [(address, node.bank.account(address, commitment)) for address in wanted]
    value = [encode(node, address, account, config, commitment, "base64") for address, account in found]
    return with_context(node, commitment, value)


@TABLE.method("getProgramAccounts", required=1, most=2)
async def get_program_accounts(node: Node, params: Params) -> object:
    """Every account of a program that passes all filters."""
    program, config = params.pubkey(0), params.config(1)
    keep = parse_filters(config.get("filters"))
    check_token_filters(program, config.get("filters"))
    commitment = commitment_of(node, config)
    everything = node.bank.program_accounts(program, commitment)
    # Now, not when all is encoded: slots pass meanwhile.
    context = with_context(node, commitment, None)
    found: list[tuple[Pubkey, Account]] = []
    for index, (address, account) in enumerate(everything):
        if index % _CHUNK == _CHUNK - 1:
            await asyncio.sleep(0)
        if keep(account.data):
            found.append((address, account))
    if config.flag_or("sortResults", True):
        found.sort(key=lambda entry: bytes(entry[0]))
    encoded = await encode_keyed(node, found, config, commitment, "binary")
    return context | {"value": encoded} if config.flag("withContext") else encoded


@TABLE.method("getMinimumBalanceForRentExemption", required=1, most=2)
async def get_minimum_balance(node: Node, params: Params) -> object:
    """The lamports that an account of some size must hold."""
    space = params.uint(0, "usize")
    if space > _MAX_SPACE:
        raise RpcError(INVALID_REQUEST, "Invalid request")
    return node.bank.rent_exempt_minimum(space)
