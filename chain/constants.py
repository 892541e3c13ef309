"""The protocol's numbers and names; docs/protocol.md, "Constants", is their source."""

from enum import IntEnum

from solders.pubkey import Pubkey

from chain.units import BasisPoints, Seconds, Stake, UsdcUnits

PROGRAM_ID = Pubkey.from_string("2NaUpg4jEZVGDBmmuKYLdsAfSGKwHxjghhfgVpQvZJYu")
ORAO_PROGRAM_ID = Pubkey.from_string("VRFzZoJdhFWL8rkvu87LpKM3RbcVezpMEc6X5GVDr7y")
TOKEN_PROGRAM_ID = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
ASSOCIATED_TOKEN_PROGRAM_ID = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
SYSTEM_PROGRAM_ID = Pubkey.from_string("11111111111111111111111111111111")
UPGRADEABLE_LOADER_ID = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
COMPUTE_BUDGET_PROGRAM_ID = Pubkey.from_string("ComputeBudget111111111111111111111111111111")
SLOT_HASHES_ID = Pubkey.from_string("SysvarS1otHashes111111111111111111111111111")
RENT_ID = Pubkey.from_string("SysvarRent111111111111111111111111111111111")

ACCOUNT_VERSION = 1
CREATE_FEE = UsdcUnits(5_000_000)
MIN_STAKE, MAX_STAKE = Stake.MINIMUM, Stake.MAXIMUM
FEE_BPS = BasisPoints(1_000)
BPS_DENOMINATOR = 10_000
MAX_STATEMENT_BYTES = 280
MAX_CID_BYTES = 64
REQUEST_DEADLINE = Seconds(1_209_600)
RANDOMNESS_DEADLINE = Seconds(86_400)
REARM_DELAY = Seconds(3_600)
TARGET_SLOT_DELAY = 8
MIN_BOND_SHARE, MAX_BOND_SHARE = BasisPoints(10_000), BasisPoints(100_000)
ALPHA_TAG = b"opinion-market/vrf-alpha/v1"
ORAO_DISCRIMINATOR = bytes((139, 239, 184, 215, 227, 86, 191, 226))
ZERO_KEY = bytes(32)


class MarketDuration(IntEnum):
    """How long a market may stay open, in seconds."""

    DAY = 86_400
    THREE_DAYS = 259_200
    WEEK = 604_800
    TWO_WEEKS = 1_209_600


class MarketState(IntEnum):
    """Where a market stands; Settled and Refunding are final."""

    ACTIVE = 0
    CLOSED = 1
    SCORED = 2
    AWAITING_RANDOMNESS = 3
    SETTLED = 4
    REFUNDING = 5


class RandomnessProvider(IntEnum):
    """Who answers: the pinned key's ECVRF proof, or ORAO's network."""

    ECVRF = 0
    ORAO = 1


class RequestStatus(IntEnum):
    """How far a randomness request has come."""

    REQUESTED = 0
    CAPTURED = 1
    FULFILLED = 2


class Role(IntEnum):
    """The authorities that rotate by propose and accept."""

    ADMIN = 0
    ORACLE = 1
    TREASURY = 2
    RANDOMNESS_KEY = 3
    GUARDIAN = 4


class RefundReason(IntEnum):
    """Why a market refunds; NONE while it does not."""

    NONE = 0
    NO_STAKE = 1
    ONE_STAKER = 2
    NOT_REQUESTED = 3
    UNANSWERED = 4
    HASH_LAPSED = 5
    KEY_REVOKED = 6
