"""CIDs are what every IPFS node computes for the same bytes."""

from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID

from chain.constants import MAX_CID_BYTES
from store.cid import cid_of, text_hash


def test_the_cid_of_a_known_text_is_the_one_that_ipfs_gives() -> None:
    # `printf 'hello world' | ipfs add --cid-version 1 --raw-leaves --only-hash`
    assert cid_of("hello world") == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


@given(st.text())
def test_a_cid_fits_the_chain_and_holds_the_texts_hash(text: str) -> None:
    cid = cid_of(text)

    assert len(cid) <= MAX_CID_BYTES
    assert cid.isascii()
    assert cid.isalnum()
    assert CID.decode(cid).raw_digest == text_hash(text)
