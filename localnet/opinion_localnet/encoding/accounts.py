"""Accounts as JSON, in each of the five encodings."""

from __future__ import annotations

import base64
from collections.abc import Callable

import zstandard
from solders.account import Account
from solders.pubkey import Pubkey

from opinion_localnet import addresses, base58
from opinion_localnet.encoding.parsed_accounts import parse_account, parse_sysvar

# Base58 is quadratic, so Agave refuses it for more than this.
MAX_BASE58_BYTES = 128
_ZSTD_LEVEL = 1
_EXEMPT = 2**64 - 1


class DataTooLongError(ValueError):
    """Data that base58 must not be used for."""


def encode_account(
    address: Pubkey,
    account: Account,
    encoding: str,
    data_slice: tuple[int, int] | None,
    get_account: Callable[[Pubkey], Account | None],
) -> dict[str, object]:
    """`account` as JSON. `get_account` finds the mint of a parsed token account; raises DataTooLongError."""
    data = account.data
    return {
        "data": _data(address, account, data, encoding, data_slice, get_account),
        "executable": account.executable,
        "lamports": account.lamports,
        "owner": str(account.owner),
        "rentEpoch": _rent_epoch(account),
        "space": len(data),
    }


def _rent_epoch(account: Account) -> int:
    # LiteSVM leaves at 0 what a cluster marks as exempt for ever; only sysvars keep their 0 there.
    exempt = account.rent_epoch == 0 and account.owner != addresses.SYSVAR_OWNER
    return _EXEMPT if exempt else account.rent_epoch


def _data(
    address: Pubkey,
    account: Account,
    data: bytes,
    encoding: str,
    data_slice: tuple[int, int] | None,
    get_account: Callable[[Pubkey], Account | None],
) -> object:
    if encoding == "jsonParsed":
        is_sysvar = account.owner == addresses.SYSVAR_OWNER
        parsed = parse_sysvar(address, account) if is_sysvar else parse_account(account, get_account)
        if parsed is not None:
            return parsed
        # What nobody has a parser for comes as base64.
        encoding = "base64"
    if data_slice is not None:
        offset, length = data_slice
        data = data[offset : offset + length]
    if encoding in ("binary", "base58"):
        if len(data) > MAX_BASE58_BYTES:
            raise DataTooLongError
        text = base58.encode(data)
        return text if encoding == "binary" else [text, "base58"]
    if encoding == "base64+zstd":
        data = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data)
    return [base64.b64encode(data).decode(), encoding]
