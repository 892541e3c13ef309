"""SPL tokens: balances, supplies, and who holds what."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from solders.account import Account
from solders.pubkey import Pubkey

from opinion_localnet import addresses
from opinion_localnet.bank.records import Commitment
from opinion_localnet.encoding import tokens
from opinion_localnet.node import Node
from opinion_localnet.rpc.accounts import encode_keyed
from opinion_localnet.rpc.context import commitment_of, with_context
from opinion_localnet.rpc.errors import RpcError, invalid_params
from opinion_localnet.rpc.params import Params, as_pubkey, unknown_variant, wrong_type
from opinion_localnet.rpc.registry import MethodTable

TABLE = MethodTable()
_LARGEST = 20


@TABLE.method("getTokenAccountBalance", required=1, most=2)
async def get_token_account_balance(node: Node, params: Params) -> object:
    """How much a token account holds."""
    address = params.pubkey(0)
    commitment = commitment_of(node, params.config(1))
    account = _existing(node, address, commitment)
    holding = tokens.token_account(account)
    if holding is None:
        raise invalid_params("Invalid param: not a Token account")
    mint = _mint(node, holding.mint, commitment)
    return with_context(node, commitment, tokens.ui_amount(holding.amount, mint.decimals))


@TABLE.method("getTokenSupply", required=1, most=2)
async def get_token_supply(node: Node, params: Params) -> object:
    """How much of a mint exists."""
    address = params.pubkey(0)
    commitment = commitment_of(node, params.config(1))
    account = _existing(node, address, commitment)
    if account.owner not in addresses.TOKEN_PROGRAMS:
        raise invalid_params("Invalid param: not a Token mint")
    mint = tokens.mint(account)
    if mint is None:
        raise invalid_params("Invalid param: mint could not be unpacked")
    return with_context(node, commitment, tokens.ui_amount(mint.supply, mint.decimals))


def _existing(node: Node, address: Pubkey, commitment: Commitment) -> Account:
    account = node.bank.account(address, commitment)
    if account is None:
        raise invalid_params("Invalid param: could not find account")
    return account


def _mint(node: Node, address: Pubkey, commitment: Commitment) -> tokens.Mint:
    account = node.bank.account(address, commitment)
    mint = tokens.mint(account) if account is not None else None
    if mint is None:
        raise invalid_params("Invalid param: could not find mint")
    return mint


@TABLE.method("getTokenAccountsByOwner", required=2, most=3)
async def get_token_accounts_by_owner(node: Node, params: Params) -> object:
    """The token accounts of an owner, of one mint or one token program."""
    owner = params.pubkey(0)
    return await _token_accounts(node, params, lambda holding: holding.owner == owner)


@TABLE.method("getTokenAccountsByDelegate", required=2, most=3)
async def get_token_accounts_by_delegate(node: Node, params: Params) -> object:
    """The token accounts that a delegate may spend from."""
    delegate = params.pubkey(0)
    return await _token_accounts(node, params, lambda holding: holding.delegate == delegate)


async def _token_accounts(node: Node, params: Params, keep: Callable[[tokens.TokenAccount], bool]) -> dict[str, object]:
    kind, address = _token_filter(params.get(1))
    config = params.config(2)
    commitment = commitment_of(node, config)
    mint: Pubkey | None = None
    program = address
    if kind == "mint":
        _mint(node, address, commitment)
        mint, program = address, _existing(node, address, commitment).owner
    elif address not in addresses.TOKEN_PROGRAMS:
        raise invalid_params("Invalid param: unrecognized Token program id")
    context = with_context(node, commitment, None)
    found: list[tuple[Pubkey, Account]] = []
    for key, account in node.bank.program_accounts(program, commitment):
        holding = tokens.token_account(account)
        if holding is not None and keep(holding) and mint in (None, holding.mint):
            found.append((key, account))
    found.sort(key=lambda entry: bytes(entry[0]))
    return context | {"value": await encode_keyed(node, found, config, commitment, "binary")}


def _token_filter(value: object) -> tuple[str, Pubkey]:
    if not isinstance(value, dict):
        raise wrong_type(value, "enum RpcTokenAccountsFilter")
    members = cast("dict[str, object]", value)
    if len(members) != 1:
        raise RpcError(-32602, "Invalid params: invalid value: map, expected map with a single key.")
    ((kind, address),) = members.items()
    if kind not in ("mint", "programId"):
        raise unknown_variant(kind, ("mint", "programId"))
    if not isinstance(address, str):
        raise wrong_type(address, "a string")
    return kind, as_pubkey(address)


@TABLE.method("getTokenLargestAccounts", required=1, most=2)
async def get_token_largest_accounts(node: Node, params: Params) -> object:
    """The twenty largest accounts of a mint."""
    address = params.pubkey(0)
    commitment = commitment_of(node, params.config(1))
    mint = _mint(node, address, commitment)
    program = _existing(node, address, commitment).owner
    held: list[tuple[int, str]] = []
    for key, account in node.bank.program_accounts(program, commitment):
        holding = tokens.token_account(account)
        if holding is not None and holding.mint == address:
            held.append((holding.amount, str(key)))
    held.sort(reverse=True)
    value = [{"address": key} | tokens.ui_amount(amount, mint.decimals) for amount, key in held[:_LARGEST]]
    return with_context(node, commitment, value)
