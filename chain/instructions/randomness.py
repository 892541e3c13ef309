"""Instructions from the request for randomness to the draw; anyone may send them."""

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain import addresses
from chain.constants import PROGRAM_ID, SLOT_HASHES_ID, SYSTEM_PROGRAM_ID
from chain.instructions._build import build, payer, readonly, writable
from chain.wire import exactly


def request_vrf_randomness(
    *, requester: Pubkey, market: Pubkey, randomness_key: bytes, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """Fixes the slot whose hash becomes the input of the randomness, and locks the bond.

    `randomness_key` is the one that the market pins (32 bytes); `requester` pays the request's rent.
    """
    accounts = [
        payer(requester),
        writable(addresses.config(program)),
        writable(market),
        writable(addresses.vrf_request(market, program)),
        readonly(addresses.bond_vault(program)),
        readonly(addresses.revoked_key(randomness_key, program)),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    return build(program, "request_vrf_randomness", accounts)


def capture_slot_hash(*, market: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Keeps the first slot hash at or after the target."""
    return build(program, "capture_slot_hash", _slot_hash_accounts(market, program))


def rearm_slot_hash(*, market: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Sets a new target, once, when nobody captured the first in time."""
    return build(program, "rearm_slot_hash", _slot_hash_accounts(market, program))


def fulfill_vrf_randomness(*, market: Pubkey, proof: bytes, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Verifies the ECVRF proof (80 bytes) and keeps its output."""
    accounts = [readonly(market), writable(addresses.vrf_request(market, program))]
    return build(program, "fulfill_vrf_randomness", accounts, exactly(proof, 80, "the proof"))


def fulfill_vrf_external(*, market: Pubkey, alpha: bytes, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Takes the output of the fulfilled ORAO account whose seed is `alpha` (32 bytes)."""
    accounts = [
        readonly(market),
        writable(addresses.vrf_request(market, program)),
        readonly(addresses.orao_request(exactly(alpha, 32, "alpha"))),
    ]
    return build(program, "fulfill_vrf_external", accounts)


def run_lottery_with_vrf(*, market: Pubkey, winner: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Settles the market with the Opinion of `winner`, the staker whose interval covers the draw."""
    accounts = [
        writable(addresses.config(program)),
        writable(market),
        readonly(addresses.vrf_request(market, program)),
        readonly(addresses.opinion(market, winner, program)),
    ]
    return build(program, "run_lottery_with_vrf", accounts)


def _slot_hash_accounts(market: Pubkey, program: Pubkey) -> list[AccountMeta]:
    return [readonly(market), writable(addresses.vrf_request(market, program)), readonly(SLOT_HASHES_ID)]
