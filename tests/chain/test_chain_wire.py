"""The codec: what fits is written, what does not is refused by name."""

from dataclasses import dataclass

import chain_idl as idl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain.constants import MarketState
from chain.errors import MalformedData
from chain.units import UnixTime
from chain.wire import U8, U32, U64, Bytes16, codec_of, discriminator, encode_string, exactly


@dataclass(frozen=True)
class Sample:
    """A string in the middle, another at the end."""

    a: U8
    key: Pubkey
    text: str
    flag: bool
    state: MarketState
    when: UnixTime
    raw: Bytes16
    amounts: U64
    last: str


@dataclass(frozen=True)
class Single:
    """One field."""

    a: U32


SAMPLE = Sample(1, Pubkey.default(), "é", True, MarketState.SETTLED, UnixTime(-1), bytes(16), 2**64 - 1, "")
CODEC = codec_of(Sample)


@given(idl.values_of(Sample))
def test_what_is_written_is_read(value: Sample) -> None:
    data = CODEC.encode(value)
    assert CODEC.decode(data) == (value, len(data))
    assert CODEC.decode(b"x" + data + b"y", 1) == (value, len(data) + 1)
    assert hash(CODEC.decode(data)[0]) == hash(value)


def test_decoded_values_are_frozen() -> None:
    value, _ = CODEC.decode(CODEC.encode(SAMPLE))
    with pytest.raises(AttributeError):
        value.a = 2  # type: ignore[misc]


@given(cut=st.integers(0, 90))
def test_short_data_is_refused(cut: int) -> None:
    data = CODEC.encode(SAMPLE)
    with pytest.raises(MalformedData, match="are no Sample"):
        CODEC.decode(data[: min(cut, len(data) - 1)])


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(noise: bytes) -> None:
    try:
        value, end = CODEC.decode(noise)
    except MalformedData:
        return
    assert CODEC.encode(value) == noise[:end]


@pytest.mark.parametrize("value", [-1, 2**32])
def test_numbers_outside_their_type_are_refused(value: int) -> None:
    with pytest.raises(MalformedData, match="Single cannot be written"):
        codec_of(Single).encode(Single(value))
    assert codec_of(Single).decode(codec_of(Single).encode(Single(7))) == (Single(7), 4)


def test_bytes_of_another_length_are_refused_by_name() -> None:
    bent = Sample(**{**SAMPLE.__dict__, "raw": bytes(15)})
    with pytest.raises(MalformedData, match="raw has 15 bytes instead of 16"):
        CODEC.encode(bent)
    with pytest.raises(MalformedData, match="the hash has 0 bytes instead of 2"):
        exactly(b"", 2, "the hash")


def test_strings_that_lie_about_their_length_or_encoding_are_refused() -> None:
    good = CODEC.encode(SAMPLE)
    with pytest.raises(MalformedData, match="text claims 4294967295 bytes"):
        CODEC.decode(good[:33] + b"\xff" * 4 + good[37:])
    with pytest.raises(MalformedData, match="utf-8"):
        CODEC.decode(good[:37] + b"\xff\xff" + good[39:])


def test_names_and_strings() -> None:
    assert discriminator("account", "Market").hex() == "dbbed53700e3c69a"
    assert encode_string("é") == b"\2\0\0\0\xc3\xa9"
