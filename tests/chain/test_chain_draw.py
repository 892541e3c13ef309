"""The arithmetic against definitions in unbounded integers."""

from hashlib import sha256

import chain_idl as idl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain import draw
from chain.constants import PROGRAM_ID
from chain.errors import MalformedData
from chain.units import BasisPoints, UsdcUnits

amounts = st.integers(0, 2**63).map(UsdcUnits)
shares = st.integers(0, 100_000).map(BasisPoints)


@given(amount=amounts, bps=shares)
def test_a_share_is_the_floor(amount: UsdcUnits, bps: BasisPoints) -> None:
    assert draw.share(amount, bps) == amount * bps // 10_000


@given(total=amounts)
def test_fee_and_prize_are_the_pool(total: UsdcUnits) -> None:
    assert draw.fee(total) == total * 1_000 // 10_000
    assert draw.fee(total) + draw.prize(total) == total


@given(stakes=st.lists(st.integers(500_000, 10_000_000), min_size=1, max_size=30), bps=shares)
def test_bond_shares_tile_the_bond(stakes: list[int], bps: BasisPoints) -> None:
    start, paid = UsdcUnits(0), 0
    for stake in stakes:
        paid += draw.bond_share(start, UsdcUnits(stake), bps)
        start = UsdcUnits(start + stake)
    assert paid == draw.share(start, bps)


def reference_draw(output: bytes, total: int) -> int:
    """The protocol's words, word for word."""
    word = 0
    for at in range(8):
        word = int.from_bytes(output[8 * at : 8 * at + 8], "little")
        if word < 2**64 - 2**64 % total:
            break
    return word % total


@given(
    output=st.binary(min_size=64, max_size=64), total=st.one_of(st.integers(1, 10**9), st.integers(2**63, 2**64 - 1))
)
def test_r_is_the_first_fair_word(output: bytes, total: int) -> None:
    r = draw.draw(output, UsdcUnits(total))
    assert r == reference_draw(output, total)
    assert 0 <= r < total


def test_unfair_words_are_refused_and_the_last_one_counts() -> None:
    high = (2**64 - 1).to_bytes(8, "little")
    total = UsdcUnits(10_000_000)
    assert draw.draw(high * 3 + (42).to_bytes(8, "little") + bytes(32), total) == 42
    assert draw.draw(high * 8, total) == (2**64 - 1) % total


def test_every_r_is_equally_likely_in_a_small_word_space() -> None:
    """With words of which 2^64 mod total are refused, the accepted ones are a multiple of the total."""
    for total in (3, 7, 1_000_003):
        assert (2**64 - 2**64 % total) % total == 0


@given(
    market=idl.pubkeys,
    total=st.integers(0, 2**64 - 1),
    count=st.integers(0, 2**32 - 1),
    slot_hash=st.binary(min_size=32, max_size=32),
)
def test_alpha_is_the_protocols_hash(market: Pubkey, total: int, count: int, slot_hash: bytes) -> None:
    parts = [
        b"opinion-market/vrf-alpha/v1",
        bytes(PROGRAM_ID),
        bytes(market),
        total.to_bytes(8, "little"),
        count.to_bytes(4, "little"),
    ]
    made = draw.alpha(market=market, total_stake=UsdcUnits(total), staker_count=count, slot_hash=slot_hash)
    assert made == sha256(b"".join(parts) + slot_hash).digest()


def test_bad_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="empty pool"):
        draw.draw(bytes(64), UsdcUnits(0))
    with pytest.raises(MalformedData):
        draw.draw(bytes(63), UsdcUnits(1))
    with pytest.raises(MalformedData):
        draw.alpha(market=Pubkey.default(), total_stake=UsdcUnits(1), staker_count=1, slot_hash=b"")
