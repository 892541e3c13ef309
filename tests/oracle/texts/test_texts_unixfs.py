"""A small file as `ipfs add` keeps it is read; everything else that a stranger can put in a block is refused."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.texts.unixfs import NotOneFile, file_bytes
from store.cid import parse_cid


def _bytes_field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _number_field(number: int, value: int) -> bytes:
    return bytes([number << 3]) + _varint(value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _block(content: bytes) -> bytes:
    data = _number_field(1, 2) + _bytes_field(2, content) + _number_field(3, len(content))
    return _bytes_field(1, data)


@pytest.mark.parametrize(
    ("content", "cid"),
    [
        # What `ipfs add` has printed for these since IPFS began.
        (b"hello world", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"),
        (b"hello world\n", "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"),
    ],
)
def test_the_block_of_a_known_file_has_the_cid_that_ipfs_gives(content: bytes, cid: str) -> None:
    block = _block(content)

    assert hashlib.sha256(block).digest() == parse_cid(cid).digest
    assert file_bytes(block) == content


def test_an_empty_file_is_empty() -> None:
    # The block behind QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH leaves its content out.
    block = _bytes_field(1, _number_field(1, 2) + _number_field(3, 0))

    assert hashlib.sha256(block).digest() == parse_cid("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH").digest
    assert file_bytes(block) == b""


def test_a_mode_and_a_time_are_no_hindrance() -> None:
    data = _number_field(1, 2) + _bytes_field(2, b"hi") + _number_field(3, 2)
    modified = b"\x08\x01\x15\x00\x00\x00\x00"  # seconds, and nanoseconds as four bytes

    assert file_bytes(_bytes_field(1, data + _number_field(7, 0o644) + _bytes_field(8, modified))) == b"hi"


@given(st.binary(max_size=20_000))
def test_any_content_comes_back(content: bytes) -> None:
    assert file_bytes(_block(content)) == content


_FILE = _number_field(1, 2) + _bytes_field(2, b"hi")


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (b"", "no dag-pb block"),
        (_bytes_field(2, b"") + _bytes_field(1, _FILE), "several blocks"),
        (_bytes_field(1, _FILE) * 2, "no dag-pb block"),
        (_number_field(1, 5), "no dag-pb block"),
        (_bytes_field(1, _FILE) + _number_field(9, 1), "no dag-pb block"),
        (_bytes_field(1, b""), "no UnixFS file"),
        (_bytes_field(1, _number_field(1, 1)), "no UnixFS file"),  # a folder
        (_bytes_field(1, _number_field(1, 4) + _bytes_field(2, b"/etc/passwd")), "no UnixFS file"),  # a symlink
        (_bytes_field(1, _FILE + _number_field(4, 2)), "no UnixFS file"),
        (_bytes_field(1, _FILE + _bytes_field(2, b"ho")), "no UnixFS file"),
        (_bytes_field(1, _number_field(1, 2) + _number_field(2, 2)), "no UnixFS file"),
        (_bytes_field(1, _bytes_field(1, b"\x02") + _bytes_field(2, b"hi")), "no UnixFS file"),
        (_bytes_field(1, _FILE + _number_field(3, 3)), "size is not"),
        (_block(b"hello")[:-1], "no whole"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "no whole"),
        (b"\x0b\x00", "no whole"),
    ],
)
def test_what_is_no_whole_file_in_one_block_is_named(block: bytes, why: str) -> None:
    with pytest.raises(NotOneFile, match=why):
        file_bytes(block)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: _bytes_field(1, data)))
def test_no_bytes_do_worse_than_being_refused(block: bytes) -> None:
    with suppress(NotOneFile):
        assert len(file_bytes(block)) <= len(block)
