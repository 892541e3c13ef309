"""getProgramAccounts' filters, as one predicate over account data."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from solders.pubkey import Pubkey

from opinion_localnet import addresses, base58
from opinion_localnet.rpc.errors import RpcError, invalid_params
from opinion_localnet.rpc.params import Config, as_uint, type_name, unknown_variant, wrong_type

Predicate: TypeAlias = Callable[[bytes], bool]

_MAX_FILTERS = 4
_MAX_MEMCMP_BYTES = 128
# The longest base58 text of 128 bytes.
_MAX_MEMCMP_TEXT = 175
_ACCOUNT_BYTES = 165
_MINT_OFFSET, _OWNER_OFFSET = 0, 32
_KINDS = ("dataSize", "memcmp", "tokenAccountState")


def parse_filters(value: object) -> Predicate:
    """True for data that every filter of `value` lets through; raises RpcError."""
    if value is None:
        return lambda _: True
    if not isinstance(value, list):
        raise wrong_type(value, "a sequence")
    filters = cast("list[object]", value)
    if len(filters) > _MAX_FILTERS:
        raise invalid_params(f"Too many filters provided; max {_MAX_FILTERS}")
    predicates = [_filter(item) for item in filters]
    return lambda data: all(predicate(data) for predicate in predicates)


def _filter(item: object) -> Predicate:
    if item == "tokenAccountState":
        return _is_token_account
    if isinstance(item, str):
        raise unknown_variant(item, _KINDS)
    members = cast("dict[str, object]", item) if isinstance(item, dict) else {}
    if len(members) != 1:
        kind = "map" if isinstance(item, dict) else type_name(item)
        raise invalid_params(f"Invalid params: invalid value: {kind}, expected map with a single key.")
    ((kind, detail),) = members.items()
    if kind == "dataSize":
        size = as_uint(detail, "u64")
        return lambda data: len(data) == size
    if kind == "memcmp":
        return _memcmp(detail)
    raise unknown_variant(kind, _KINDS)


def _is_token_account(data: bytes) -> bool:
    # The length of an account or, with extensions, the type byte; and an initialized state.
    is_account = len(data) == 165 or (len(data) > 165 and data[165] == 2)
    return is_account and data[108] in (1, 2)


def check_token_filters(program: Pubkey, value: object) -> None:
    """Refuse, as Agave does, to look a token account up by part of an owner or a mint; raises RpcError.

    `value` was read by `parse_filters`. With a whole owner the mint is only compared, so it may be a part.
    """
    if program not in addresses.TOKEN_PROGRAMS or not isinstance(value, list):
        return
    filters = cast("list[object]", value)
    compared = [_memcmp_of(cast("dict[str, object]", item)["memcmp"]) for item in filters if _is_memcmp(item)]
    owners = [len(part) for offset, part in compared if offset == _OWNER_OFFSET]
    _refuse_parts(owners, "owner")
    accounts_only = any(item == "tokenAccountState" or item == {"dataSize": _ACCOUNT_BYTES} for item in filters)
    if not (owners and accounts_only):
        _refuse_parts([len(part) for offset, part in compared if offset == _MINT_OFFSET], "mint")


def _is_memcmp(item: object) -> bool:
    return isinstance(item, dict) and "memcmp" in item


def _refuse_parts(lengths: Sequence[int], what: str) -> None:
    for length in lengths:
        if length != Pubkey.LENGTH:
            raise invalid_params(
                f"Incorrect byte length {length} for SPL token {what} filter, expected {Pubkey.LENGTH}"
            )


def _memcmp(detail: object) -> Predicate:
    offset, expected = _memcmp_of(detail)
    end = offset + len(expected)
    return lambda data: data[offset:end] == expected


def _memcmp_of(detail: object) -> tuple[int, bytes]:
    if not isinstance(detail, dict):
        raise wrong_type(detail, "struct Memcmp")
    config = Config(cast("dict[str, object]", detail))
    offset = config.uint("offset")
    if offset is None:
        raise invalid_params("Invalid params: missing field `offset`.")
    return offset, _bytes(config)


def _bytes(config: Config) -> bytes:
    value = config.get("bytes")
    if isinstance(value, list):
        numbers = cast("list[object]", value)
        return _fits(bytes(as_uint(number, "u8") & 0xFF for number in numbers))
    if not isinstance(value, str):
        raise invalid_params("Invalid params: data did not match any variant of untagged enum DataType.")
    if config.text("encoding") == "base64":
        return _fits(_decode_base64(value))
    if len(value) > _MAX_MEMCMP_TEXT:
        raise _too_large()
    try:
        return _fits(base58.decode(value))
    except base58.InvalidBase58Error as error:
        raise invalid_params(f"Invalid param: Base58DecodeError({error})") from error


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise invalid_params(f"Invalid param: Base64DecodeError({error})") from error


def _fits(data: bytes) -> bytes:
    if len(data) > _MAX_MEMCMP_BYTES:
        raise _too_large()
    return data


def _too_large() -> RpcError:
    return invalid_params("Invalid param: DataTooLarge")
