"""Base58 of any length, in Bitcoin's alphabet (solders has it for 32 and 64 bytes only)."""

from __future__ import annotations

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
# Ten digits at a time: one division of the long integer yields ten characters.
_DIGITS = 10
_CHUNK = 58**_DIGITS


class InvalidBase58Error(ValueError):
    """A character outside the alphabet, with its place."""

    def __init__(self, character: str, index: int) -> None:
        super().__init__(f"InvalidCharacter {{ character: {character!r}, index: {index} }}")
        self.character = character
        self.index = index


def encode(data: bytes) -> str:
    """The base58 text of `data`; each leading zero byte becomes a `1`."""
    number = int.from_bytes(data, "big")
    characters: list[str] = []
    while number:
        number, chunk = divmod(number, _CHUNK)
        for _ in range(_DIGITS):
            chunk, digit = divmod(chunk, 58)
            characters.append(_ALPHABET[digit])
            if not number and not chunk:
                break
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(characters))


def decode(text: str) -> bytes:
    """The bytes of base58 `text`; raises InvalidBase58Error."""
    number = 0
    for index, character in enumerate(text):
        value = _VALUES.get(character)
        if value is None:
            raise InvalidBase58Error(character, index)
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
