"""The instructions of the opinion-market program; programs/idl/opinion_market.json is their source."""

from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain.constants import RandomnessProvider, Role
from chain.decoding.model import Shape
from chain.units import BasisPoints, UsdcUnits
from chain.wire import U8, U64, Bytes16, Bytes32, Bytes80


@dataclass(frozen=True)
class Nothing:
    """No arguments."""


@dataclass(frozen=True)
class Initialize:
    """Who holds which role, and what markets will pin."""

    oracle: Pubkey
    treasury: Pubkey
    guardian: Pubkey
    randomness_key: Bytes32
    randomness_provider: RandomnessProvider
    bond_share_bps: BasisPoints


@dataclass(frozen=True)
class ProposeAuthority:
    """A role's next holder."""

    role: Role
    key: Pubkey


@dataclass(frozen=True)
class AcceptAuthority:
    """The role that is taken."""

    role: Role


@dataclass(frozen=True)
class SetPaused:
    """Whether new markets and stakes are refused."""

    paused: bool


@dataclass(frozen=True)
class SetRandomness:
    """What markets will pin."""

    randomness_provider: RandomnessProvider
    bond_share_bps: BasisPoints


@dataclass(frozen=True)
class RevokeRandomnessKey:
    """The key that is never believed again."""

    key: Bytes32


@dataclass(frozen=True)
class Bond:
    """How much of the bond moves."""

    amount: UsdcUnits


@dataclass(frozen=True)
class CreateMarket:
    """The statement, and for how many seconds people may stake on it."""

    statement: str
    duration: U64
    uuid: Bytes16


@dataclass(frozen=True)
class StakeOpinion:
    """The stake, and the opinion by its hash and CID."""

    stake: UsdcUnits
    text_hash: Bytes32
    cid: str
    statement_hash: Bytes32


@dataclass(frozen=True)
class RecordSentiment:
    """The score, from 0 to 100, its confidence, and the hash of the analysis record."""

    score: U8
    confidence: U8
    summary_hash: Bytes32


@dataclass(frozen=True)
class FulfillVrfRandomness:
    """The randomness' proof."""

    proof: Bytes80


SHAPES = {
    "initialize": Shape(
        "admin:ws config:w bond_vault:w usdc_mint program program_data token_program system_program", Initialize
    ),
    "propose_authority": Shape("admin:s config:w", ProposeAuthority),
    "accept_authority": Shape("authority:s config:w revoked_key", AcceptAuthority),
    "set_paused": Shape("authority:s config:w", SetPaused),
    "set_randomness": Shape("admin:s config:w", SetRandomness),
    "revoke_randomness_key": Shape("admin:ws config:w revoked_key:w system_program", RevokeRandomnessKey),
    "deposit_bond": Shape("depositor:s config source:w bond_vault:w token_program", Bond),
    "withdraw_bond": Shape("admin:s config bond_vault:w destination:w token_program", Bond),
    "create_market": Shape(
        "creator:ws config market:w escrow:w creator_usdc:w treasury_usdc:w usdc_mint token_program system_program",
        CreateMarket,
    ),
    "stake_opinion": Shape(
        "staker:ws config market:w escrow:w opinion:w staker_usdc:w token_program system_program", StakeOpinion
    ),
    "close_market": Shape("market:w", Nothing),
    "record_sentiment": Shape("oracle:s config market:w", RecordSentiment),
    "request_vrf_randomness": Shape(
        "payer:ws config:w market:w vrf_request:w bond_vault revoked_key system_program", Nothing
    ),
    "capture_slot_hash": Shape("market vrf_request:w slot_hashes", Nothing),
    "rearm_slot_hash": Shape("market vrf_request:w slot_hashes", Nothing),
    "fulfill_vrf_randomness": Shape("market vrf_request:w", FulfillVrfRandomness),
    "fulfill_vrf_external": Shape("market vrf_request:w randomness", Nothing),
    "run_lottery_with_vrf": Shape("config:w market:w vrf_request opinion", Nothing),
    "claim_prize": Shape("market:w escrow:w destination:w winner token_program", Nothing),
    "recover_stake": Shape("market:w escrow:w opinion:w destination:w staker token_program", Nothing),
    "collect_fee": Shape("config market:w escrow:w destination:w treasury token_program", Nothing),
    "expire_market": Shape(
        "config:w market:w vrf_request bond_vault:w escrow:w revoked_key slot_hashes token_program", Nothing
    ),
    "close_opinion": Shape("market:w opinion:w staker:w", Nothing),
    "finish_market": Shape(
        "config market:w escrow:w vrf_request:w bond_vault:w creator:w vrf_payer:w token_program", Nothing
    ),
}
