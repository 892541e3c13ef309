"""The protocol's arithmetic as pure functions; docs/protocol.md, "Arithmetic"."""

from hashlib import sha256

from solders.pubkey import Pubkey

from chain.constants import ALPHA_TAG, BPS_DENOMINATOR, FEE_BPS, PROGRAM_ID
from chain.units import BasisPoints, UsdcUnits
from chain.wire import exactly

_WORDS = 8
_WORD_RANGE = 1 << 64


def alpha(
    *, market: Pubkey, total_stake: UsdcUnits, staker_count: int, slot_hash: bytes, program: Pubkey = PROGRAM_ID
) -> bytes:
    """The VRF's input, 32 bytes: nothing in it is the oracle's choice."""
    return sha256(
        ALPHA_TAG
        + bytes(program)
        + bytes(market)
        + total_stake.to_bytes(8, "little")
        + staker_count.to_bytes(4, "little")
        + exactly(slot_hash, 32, "the slot hash")
    ).digest()


def draw(output: bytes, total_stake: UsdcUnits) -> UsdcUnits:
    """r in [0, total_stake), without bias, out of the VRF's 64 bytes.

    A word that would favour small values is refused and the next one taken; after eight refusals (below 2^-60 for any
    pool) the last word counts, so that no market is stuck. Raises ValueError for an empty pool.
    """
    if total_stake <= 0:
        raise ValueError("nothing can be drawn from an empty pool")
    exactly(output, 8 * _WORDS, "the VRF's output")
    limit = _WORD_RANGE - _WORD_RANGE % total_stake
    words = [int.from_bytes(output[at : at + 8], "little") for at in range(0, 8 * _WORDS, 8)]
    word = next((word for word in words if word < limit), words[-1])
    return UsdcUnits(word % total_stake)


def share(amount: UsdcUnits, bps: BasisPoints) -> UsdcUnits:
    """floor(amount x bps / 10000), in the two terms that the program computes in 64 bits."""
    whole, rest = divmod(amount, BPS_DENOMINATOR)
    return UsdcUnits(whole * bps + rest * bps // BPS_DENOMINATOR)


def fee(total_stake: UsdcUnits) -> UsdcUnits:
    """What the treasury gets of a settled pool."""
    return share(total_stake, FEE_BPS)


def prize(total_stake: UsdcUnits) -> UsdcUnits:
    """What the winner gets of a settled pool: all but the fee."""
    return UsdcUnits(total_stake - fee(total_stake))


def bond_share(start: UsdcUnits, stake: UsdcUnits, bps: BasisPoints) -> UsdcUnits:
    """An Opinion's part of an unanswered request's bond; the parts of all opinions add up to the bond exactly."""
    return UsdcUnits(share(UsdcUnits(start + stake), bps) - share(start, bps))
