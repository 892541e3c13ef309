"""The words that signers compare over a call."""

from hashlib import sha256

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
from mnemonic import Mnemonic

from chain.multisig.fingerprint import WORDS, fingerprint


def test_the_words_are_the_same_everywhere_and_for_ever() -> None:
    assert fingerprint(sha256(b"a proposal").digest()) == "pause bike dizzy pole long online country town"


@hypothesis.settings(max_examples=10, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 255))
def test_one_bit_makes_other_words(payload_hash: bytes, bit: int) -> None:
    changed = bytearray(payload_hash)
    changed[bit // 8] ^= 1 << bit % 8
    ours, theirs = fingerprint(payload_hash).split(), fingerprint(bytes(changed)).split()
    assert len(ours) == WORDS
    assert set(ours) <= set(Mnemonic("english").wordlist)
    # By chance two of eight words may be alike, hardly more.
    assert sum(one == other for one, other in zip(ours, theirs, strict=True)) <= 2
