"""The numbers and addresses of docs/protocol.md, written down again so that nothing under test supplies its own
expectation."""

from __future__ import annotations

import functools
import hashlib
from enum import IntEnum

from solders.pubkey import Pubkey

PROGRAM_ID = Pubkey.from_string("2NaUpg4jEZVGDBmmuKYLdsAfSGKwHxjghhfgVpQvZJYu")
ORAO_PROGRAM = Pubkey.from_string("VRFzZoJdhFWL8rkvu87LpKM3RbcVezpMEc6X5GVDr7y")
TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
ASSOCIATED_PROGRAM = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
SYSTEM_PROGRAM = Pubkey.default()
UPGRADEABLE_LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
SLOT_HASHES = Pubkey.from_string("SysvarS1otHashes111111111111111111111111111")
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")

CREATE_FEE = 5_000_000
MIN_STAKE, MAX_STAKE = 500_000, 10_000_000
FEE_BPS = 1_000
MAX_STATEMENT_BYTES, MAX_CID_BYTES = 280, 64
DAY = 86_400
DURATIONS = (DAY, 3 * DAY, 7 * DAY, 14 * DAY)
REQUEST_DEADLINE = 14 * DAY
RANDOMNESS_DEADLINE = DAY
REARM_DELAY = 3_600
TARGET_SLOT_DELAY = 8
MIN_BOND_SHARE, MAX_BOND_SHARE = 10_000, 100_000
ALPHA_TAG = b"opinion-market/vrf-alpha/v1"
U64 = 2**64
SLOT_HASHES_KEPT = 512


class State(IntEnum):
    """Of a market."""

    ACTIVE = 0
    CLOSED = 1
    SCORED = 2
    AWAITING = 3
    SETTLED = 4
    REFUNDING = 5


class Provider(IntEnum):
    """Of randomness."""

    ECVRF = 0
    ORAO = 1


class Request(IntEnum):
    """A VrfRequest's status."""

    REQUESTED = 0
    CAPTURED = 1
    FULFILLED = 2


class Role(IntEnum):
    """Of an authority."""

    ADMIN = 0
    ORACLE = 1
    TREASURY = 2
    RANDOMNESS_KEY = 3
    GUARDIAN = 4


class Reason(IntEnum):
    """Why a market refunds."""

    NONE = 0
    NO_STAKE = 1
    ONE_STAKER = 2
    NOT_REQUESTED = 3
    UNANSWERED = 4
    HASH_LAPSED = 5
    KEY_REVOKED = 6


@functools.lru_cache(maxsize=100_000)
def derive(*seeds: bytes, program: Pubkey = PROGRAM_ID) -> tuple[Pubkey, int]:
    """A program's address and its canonical bump."""
    return Pubkey.find_program_address(list(seeds), program)


def associated(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """The owner's associated account of the mint."""
    return derive(bytes(owner), bytes(TOKEN_PROGRAM), bytes(mint), program=ASSOCIATED_PROGRAM)[0]


def share(amount: int, bps: int) -> int:
    """share(x) of "Arithmetic", in unbounded integers."""
    return amount * bps // 10_000


def fee_and_prize(total: int) -> tuple[int, int]:
    """What the treasury and the winner get of a pool."""
    fee = total * FEE_BPS // 10_000
    return fee, total - fee


def alpha(market: Pubkey, total: int, stakers: int, slot_hash: bytes) -> bytes:
    """The randomness's input."""
    return hashlib.sha256(
        ALPHA_TAG
        + bytes(PROGRAM_ID)
        + bytes(market)
        + total.to_bytes(8, "little")
        + stakers.to_bytes(4, "little")
        + slot_hash
    ).digest()


def draw(output: bytes, total: int) -> int:
    """r by rejection over the output's eight words; the last one is taken when all were refused."""
    words = [int.from_bytes(output[at : at + 8], "little") for at in range(0, 64, 8)]
    limit = U64 - U64 % total
    return next((word for word in words if word < limit), words[-1]) % total
