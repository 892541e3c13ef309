"""CIDs are what every IPFS node computes for the same bytes, and a stranger's is read strictly or not at all."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID, multibase

from chain.constants import MAX_CID_BYTES
from store.cid import MAX_CID_CHARACTERS, Cid, CidUnreadable, Codec, cid_of, parse_cid, text_hash

HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
digests = st.binary(min_size=32, max_size=32)
cids = st.builds(Cid, st.sampled_from(Codec), digests)


def _bytes(cid: Cid) -> bytes:
    return bytes([1, cid.codec.value, 0x12, 32]) + cid.digest


def test_the_cid_of_a_known_text_is_the_one_that_ipfs_gives() -> None:
    # `printf 'hello world' | ipfs add --cid-version 1 --raw-leaves --only-hash`
    assert cid_of("hello world") == HELLO


@given(st.text())
def test_a_cid_fits_the_chain_and_holds_the_texts_hash(text: str) -> None:
    cid = cid_of(text)

    assert len(cid) <= MAX_CID_BYTES == MAX_CID_CHARACTERS
    assert cid.isascii()
    assert cid.isalnum()
    assert CID.decode(cid).raw_digest == text_hash(text)
    assert parse_cid(cid) == Cid(Codec.RAW, text_hash(text))


@given(cids, st.sampled_from(["base32", "base36", "base58btc"]))
def test_every_common_spelling_of_a_cid_is_read(cid: Cid, base: str) -> None:
    written = multibase.encode(_bytes(cid), base)

    assert parse_cid(written) == cid
    assert str(cid) == str(CID.decode(written).set(base="base32"))


@given(digests)
def test_a_version_0_cid_is_a_dag_pb_file(digest: bytes) -> None:
    written = multibase.encode(bytes([0x12, 32]) + digest, "base58btc")[1:]

    assert written.startswith("Qm")
    assert parse_cid(written) == Cid(Codec.DAG_PB, digest)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "not 1 to 64"),
        ("a" * 65, "not 1 to 64"),
        ("../../../etc/passwd", "not 1 to 64"),
        ("bafkrei\u0661", "not 1 to 64"),
        (HELLO + "\n", "not 1 to 64"),
        ("hello", "no CID in base32"),
        ("b", "not spelled"),
        (HELLO.upper(), "no CID in base32"),
        (HELLO[0] + HELLO[1:].upper(), "not spelled"),
        (HELLO[:-1] + "f", "not written in its base"),  # the last character's unused bits are set
        ("b0189", "not written in its base"),
        ("Qm" + "0" * 44, "not written in its base"),
        ("Qm" + "z" * 44, "not a whole SHA-256"),
        (multibase.encode(b"\x02\x55\x12\x20" + bytes(32), "base32"), "version 0 or 1"),
        (multibase.encode(b"\x01\x71\x12\x20" + bytes(32), "base32"), "neither raw bytes"),
        (multibase.encode(b"\x01\x55\x00\x05hello", "base32"), "not a whole SHA-256"),
        (multibase.encode(b"\x01\x55\x12\x10" + bytes(16), "base32"), "not a whole SHA-256"),
        (multibase.encode(b"\x01\x55\x12\x20" + bytes(33), "base32"), "not a whole SHA-256"),
        (multibase.encode(b"\x01\x55\x1b\x20" + bytes(32), "base32"), "not a whole SHA-256"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(written: str, why: str) -> None:
    with pytest.raises(CidUnreadable, match=why) as refusal:
        parse_cid(written)

    assert str(refusal.value).endswith(".")
    assert len(str(refusal.value)) < 160


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=1, max_size=64))
def test_what_a_stranger_may_write_on_the_chain_is_read_or_refused(written: str) -> None:
    try:
        cid = parse_cid(written)
    except CidUnreadable:
        return
    assert parse_cid(str(cid)) == cid


@given(cids, st.integers(0, 63), st.sampled_from("0Ab2zZ"))
def test_a_cid_with_one_character_changed_never_names_the_same_block(cid: Cid, place: int, letter: str) -> None:
    written = str(cid)
    changed = written[:place] + letter + written[place + 1 :]
    with suppress(CidUnreadable):
        assert (parse_cid(changed) == cid) == (changed == written)


def test_a_digest_of_another_length_is_no_cid() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Cid(Codec.RAW, hashlib.sha1(b"").digest())  # noqa: S324 - a digest that is too short
