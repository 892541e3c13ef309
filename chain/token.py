"""The classic SPL Token program, as far as we need it: addresses, two account layouts, one instruction.

Layouts from spl-token's `Account` (165 bytes) and `Mint` (82 bytes): little-endian, options as a u32 tag and a value.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.constants import ASSOCIATED_TOKEN_PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID
from chain.errors import ForeignAccount, MalformedData, UnexpectedAccount
from chain.units import Lamports

TOKEN_ACCOUNT_LENGTH = 165
MINT_LENGTH = 82

_ACCOUNT = struct.Struct("<32s32sQI32sBIQQI32s")
_MINT = struct.Struct("<I32sQBBI32s")
_CREATE_IDEMPOTENT = bytes((1,))


class TokenState(IntEnum):
    """Whether a token account can be used."""

    INITIALIZED = 1
    FROZEN = 2


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """Amounts are in base units of the mint; `rent_reserve` is set only for wrapped SOL."""

    mint: Pubkey
    owner: Pubkey
    amount: int
    delegate: Pubkey | None
    state: TokenState
    rent_reserve: Lamports | None
    delegated_amount: int
    close_authority: Pubkey | None


@dataclass(frozen=True, slots=True)
class Mint:
    """`authority` is None when the supply is fixed."""

    authority: Pubkey | None
    supply: int
    decimals: int
    freeze_authority: Pubkey | None


def associated_address(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """Where the owner's associated token account of this mint stands."""
    seeds = (bytes(owner), bytes(TOKEN_PROGRAM_ID), bytes(mint))
    return Pubkey.find_program_address(seeds, ASSOCIATED_TOKEN_PROGRAM_ID)[0]


def create_associated_account(*, payer: Pubkey, owner: Pubkey, mint: Pubkey) -> Instruction:
    """Creates the owner's associated account; does nothing when it is there already."""
    accounts = [
        AccountMeta(payer, is_signer=True, is_writable=True),
        AccountMeta(associated_address(owner, mint), is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=False, is_writable=False),
        AccountMeta(mint, is_signer=False, is_writable=False),
        AccountMeta(SYSTEM_PROGRAM_ID, is_signer=False, is_writable=False),
        AccountMeta(TOKEN_PROGRAM_ID, is_signer=False, is_writable=False),
    ]
    return Instruction(ASSOCIATED_TOKEN_PROGRAM_ID, _CREATE_IDEMPOTENT, accounts)


def decode_token_account(owner: Pubkey, data: bytes) -> TokenAccount:
    """An initialized token account. Raises ForeignAccount, UnexpectedAccount or MalformedData."""
    _check(owner, data, TOKEN_ACCOUNT_LENGTH, "token account")
    mint, holder, amount, has_delegate, delegate, state, is_native, reserve, delegated, has_close, close = (
        _ACCOUNT.unpack(data)
    )
    if state not in (TokenState.INITIALIZED, TokenState.FROZEN):
        raise MalformedData(f"the token account has state {state}: it is not initialized")
    return TokenAccount(
        mint=Pubkey(mint),
        owner=Pubkey(holder),
        amount=amount,
        delegate=_option(has_delegate, delegate),
        state=TokenState(state),
        rent_reserve=Lamports(reserve) if _flag(is_native) else None,
        delegated_amount=delegated,
        close_authority=_option(has_close, close),
    )


def decode_mint(owner: Pubkey, data: bytes) -> Mint:
    """An initialized mint. Raises ForeignAccount, UnexpectedAccount or MalformedData."""
    _check(owner, data, MINT_LENGTH, "mint")
    has_authority, authority, supply, decimals, initialized, has_freeze, freeze = _MINT.unpack(data)
    if initialized != 1:
        raise MalformedData("the mint is not initialized")
    return Mint(_option(has_authority, authority), supply, decimals, _option(has_freeze, freeze))


def _check(owner: Pubkey, data: bytes, length: int, what: str) -> None:
    if owner != TOKEN_PROGRAM_ID:
        raise ForeignAccount(f"the {what} belongs to {owner}, not to the SPL Token program")
    if len(data) != length:
        raise UnexpectedAccount(f"a {what} has {length} bytes, not {len(data)}")


def _option(tag: int, key: bytes) -> Pubkey | None:
    return Pubkey(key) if _flag(tag) else None


def _flag(tag: int) -> bool:
    if tag > 1:
        raise MalformedData(f"{tag} is neither none nor some")
    return tag == 1
