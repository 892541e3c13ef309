"""Reading parameters: each accessor returns a checked value or raises -32602 in Agave's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from opinion_localnet.bank.records import Commitment
from opinion_localnet.rpc.errors import RpcError, invalid_params

# The old names are still sent by old clients.
_COMMITMENTS = {
    "processed": Commitment.PROCESSED,
    "recent": Commitment.PROCESSED,
    "confirmed": Commitment.CONFIRMED,
    "single": Commitment.CONFIRMED,
    "singleGossip": Commitment.CONFIRMED,
}
_MAX_U64 = 2**64 - 1
ENCODINGS = ("binary", "base58", "base64", "jsonParsed", "base64+zstd")


def type_name(value: object) -> str:
    """`value` as serde names it in an error."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return f'string "{value}"'
        case list():
            return "sequence"
        case _:
            return "map"


def wrong_type(value: object, expected: str) -> RpcError:
    """The error for a value of another type than `expected`."""
    return invalid_params(f"Invalid params: invalid type: {type_name(value)}, expected {expected}.")


class Config:
    """An options object; members that are absent or null have defaults."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def get(self, name: str) -> object:
        """The member as it came, or None."""
        return self._members.get(name)

    def flag(self, name: str) -> bool:
        """A boolean that is false by default."""
        value = self._members.get(name)
        if value is not None and not isinstance(value, bool):
            raise wrong_type(value, "a boolean")
        return bool(value)

    def flag_or(self, name: str, default: bool) -> bool:
        """A boolean."""
        return default if self._members.get(name) is None else self.flag(name)

    def uint(self, name: str) -> int | None:
        """A non-negative integer, or None."""
        value = self._members.get(name)
        return None if value is None else as_uint(value, "u64")

    def text(self, name: str) -> str | None:
        """A string, or None."""
        value = self._members.get(name)
        if value is not None and not isinstance(value, str):
            raise wrong_type(value, "a string")
        return value

    def mapping(self, name: str) -> Config | None:
        """A nested object, or None."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise wrong_type(value, "a map")
        return Config(cast("dict[str, object]", value))

    def encoding(self, default: str) -> str:
        """How account data is to be written."""
        value = self.text("encoding")
        if value is None:
            return default
        if value not in ENCODINGS:
            raise unknown_variant(value, ENCODINGS)
        return value

    def commitment(self, name: str = "commitment") -> Commitment:
        """The commitment; what is absent or unknown means finalized, as in Agave."""
        return _COMMITMENTS.get(self.text(name) or "", Commitment.FINALIZED)

    def data_slice(self) -> tuple[int, int] | None:
        """(offset, length) of the part of the data to answer."""
        wanted = self.mapping("dataSlice")
        if wanted is None:
            return None
        offset, length = wanted.uint("offset"), wanted.uint("length")
        if offset is None or length is None:
            missing = "offset" if offset is None else "length"
            raise invalid_params(f"Invalid params: missing field `{missing}`.")
        return offset, length


def unknown_variant(value: str, known: Sequence[str]) -> RpcError:
    """The error for a word that is none of `known`."""
    names = ", ".join(f"`{name}`" for name in known)
    return invalid_params(f"Invalid params: unknown variant `{value}`, expected one of {names}.")


class Params:
    """The positional parameters of one call."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def get(self, index: int) -> object:
        """The parameter as it came, or None if there is none."""
        return self._values[index] if index < len(self._values) else None

    def uint(self, index: int, kind: str = "u64") -> int:
        """A required non-negative integer."""
        return as_uint(self.get(index), kind)

    def optional_uint(self, index: int) -> int | None:
        """A non-negative integer, or None."""
        value = self.get(index)
        return None if value is None else as_uint(value, "u64")

    def text(self, index: int) -> str:
        """A required string."""
        value = self.get(index)
        if not isinstance(value, str):
            raise wrong_type(value, "a string")
        return value

    def texts(self, index: int, most: int) -> list[str]:
        """A required list of at most `most` strings."""
        value = self.get(index)
        if not isinstance(value, list):
            raise wrong_type(value, "a sequence")
        items = cast("list[object]", value)
        for item in items:
            if not isinstance(item, str):
                raise wrong_type(item, "a string")
        if len(items) > most:
            raise invalid_params(f"Too many inputs provided; max {most}")
        return cast("list[str]", items)

    def pubkey(self, index: int) -> Pubkey:
        """A required address."""
        return as_pubkey(self.text(index))

    def signature(self, index: int) -> str:
        """A required signature."""
        return as_signature(self.text(index))

    def config(self, index: int) -> Config:
        """The options object, empty if absent."""
        value = self.get(index)
        if value is None:
            return Config({})
        if not isinstance(value, dict):
            raise wrong_type(value, "a map")
        return Config(cast("dict[str, object]", value))


def as_uint(value: object, kind: str) -> int:
    """`value` if it is an integer of 0 to 2^64-1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(value, kind)
    if not 0 <= value <= _MAX_U64:
        raise invalid_params(f"Invalid params: invalid value: integer `{value}`, expected {kind}.")
    return value


def as_pubkey(text: str) -> Pubkey:
    """The address that `text` names."""
    try:
        return Pubkey.from_string(text)
    except ValueError as error:
        raise invalid_params(f"Invalid param: {_base58_fault(text, 32)}") from error


def as_hash(text: str) -> Hash:
    """The hash that `text` names."""
    try:
        # A hash and an address are both 32 bytes; solders reports a bad address as a ValueError.
        return Hash(bytes(Pubkey.from_string(text)))
    except ValueError as error:
        raise invalid_params(_base58_fault(text, 32)) from error


def as_signature(text: str) -> str:
    """`text`, if it is a signature."""
    try:
        return str(Signature.from_string(text))
    except ValueError as error:
        raise invalid_params(f"Invalid param: {_base58_fault(text, 64)}") from error


def _base58_fault(text: str, length: int) -> str:
    # A text that is too long for its kind is not even decoded.
    if len(text) <= length * 11 // 8 and any(c not in _BASE58 for c in text):
        return "Invalid"
    return "WrongSize"


_BASE58 = frozenset("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
