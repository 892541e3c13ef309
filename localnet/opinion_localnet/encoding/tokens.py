"""SPL token accounts and mints, read from their bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from decimal import Decimal

from solders.account import Account
from solders.pubkey import Pubkey

from opinion_localnet import addresses

TOKEN_ACCOUNT_SPACE = 165
MINT_SPACE = 82
# Token-2022 puts the account's type behind the longest classic layout.
_TYPE_AT = 165
_TYPE_MINT = 1
_TYPE_ACCOUNT = 2
_STATES = {1: "initialized", 2: "frozen"}


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """What a holder has of one mint; amounts are in base units."""

    mint: Pubkey
    owner: Pubkey
    amount: int
    delegate: Pubkey | None
    state: str
    # Lamports kept for rent if the account wraps SOL, else None.
    native_reserve: int | None
    delegated_amount: int
    close_authority: Pubkey | None


@dataclass(frozen=True, slots=True)
class Mint:
    """A token's definition."""

    mint_authority: Pubkey | None
    supply: int
    decimals: int
    freeze_authority: Pubkey | None


def _option(data: bytes, at: int) -> Pubkey | None:
    (present,) = struct.unpack_from("<I", data, at)
    return Pubkey.from_bytes(data[at + 4 : at + 36]) if present else None


def _has_type(data: bytes, classic: int, kind: int) -> bool:
    return len(data) == classic or (len(data) > _TYPE_AT and data[_TYPE_AT] == kind)


def token_account(account: Account) -> TokenAccount | None:
    """The token account in `account`, or None if it is not an initialized one."""
    if account.owner not in addresses.TOKEN_PROGRAMS:
        return None
    data = account.data
    if len(data) < TOKEN_ACCOUNT_SPACE or not _has_type(data, TOKEN_ACCOUNT_SPACE, _TYPE_ACCOUNT):
        return None
    state = _STATES.get(data[108])
    if state is None:
        return None
    (amount,) = struct.unpack_from("<Q", data, 64)
    is_native, reserve, delegated = struct.unpack_from("<IQQ", data, 109)
    return TokenAccount(
        mint=Pubkey.from_bytes(data[0:32]),
        owner=Pubkey.from_bytes(data[32:64]),
        amount=amount,
        delegate=_option(data, 72),
        state=state,
        native_reserve=reserve if is_native else None,
        delegated_amount=delegated,
        close_authority=_option(data, 129),
    )


def mint(account: Account) -> Mint | None:
    """The mint in `account`, or None if it is not an initialized one."""
    if account.owner not in addresses.TOKEN_PROGRAMS:
        return None
    data = account.data
    if len(data) < MINT_SPACE or not _has_type(data, MINT_SPACE, _TYPE_MINT) or not data[45]:
        return None
    supply, decimals = struct.unpack_from("<QB", data, 36)
    return Mint(_option(data, 0), supply, decimals, _option(data, 46))


def ui_amount(amount: int, decimals: int) -> dict[str, object]:
    """A token amount as every answer shows it."""
    value = Decimal(amount).scaleb(-decimals)
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return {
        "amount": str(amount),
        "decimals": decimals,
        "uiAmount": float(value),
        "uiAmountString": text,
    }
