"""The bytes of a small file as `ipfs add` keeps it: one dag-pb block that holds UnixFS data and links to nothing.

https://ipld.io/specs/codecs/dag-pb/spec/ and https://specs.ipfs.tech/unixfs/. Whoever chose the block is a stranger:
every length is checked, and what is not expected is refused, not skipped.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

_MAX_VARINT_BYTES: Final = 10


class _Wire(IntEnum):
    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


class _Node(IntEnum):
    DATA = 1
    LINKS = 2


class _File(IntEnum):
    KIND = 1
    CONTENT = 2
    SIZE = 3
    MODE = 7
    MODIFIED = 8


class _Kind(IntEnum):
    RAW = 0
    FILE = 2


class NotOneFile(ValueError):  # noqa: N818 - named after what happened
    """The block is not a whole UnixFS file; the words say what it is instead."""


def file_bytes(block: bytes) -> bytes:
    """Return the content of the file that is this dag-pb block alone; raises NotOneFile."""
    fields = list(_fields(block))
    if any(number == _Node.LINKS for number, _ in fields):
        raise NotOneFile("a file in several blocks, or a folder")
    match fields:
        case [(_Node.DATA, bytes(data))]:
            return _content(data)
        case _:
            raise NotOneFile("no dag-pb block that holds a file")


def _content(data: bytes) -> bytes:
    fields = list(_fields(data))
    known = dict(fields)
    if len(known) < len(fields) or not known.keys() <= set(_File):
        raise NotOneFile("no UnixFS file of one block")
    content = known.get(_File.CONTENT, b"")
    if known.get(_File.KIND) not in set(_Kind) or isinstance(content, int):
        raise NotOneFile("no UnixFS file of one block")
    if known.get(_File.SIZE, len(content)) != len(content):
        raise NotOneFile("a UnixFS file whose size is not that of its content")
    return content


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """A protobuf message's fields in order: varints as numbers, all else as bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        value, place = _varint(message, place) if wire in (_Wire.VARINT, _Wire.BYTES) else (0, place)
        if wire == _Wire.VARINT:
            yield number, value
            continue
        length = {int(_Wire.BYTES): value, int(_Wire.FIXED64): 8, int(_Wire.FIXED32): 4}.get(wire)
        if length is None or length > len(message) - place:
            raise NotOneFile("no whole protobuf message")
        yield number, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """The number at `place`, and where it ends."""
    value = 0
    for index, byte in enumerate(message[place : place + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise NotOneFile("no whole protobuf message")
