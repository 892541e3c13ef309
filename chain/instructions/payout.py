"""Instructions that pay out, refund and clear away; anyone cranks them, to the owner's associated account only.

With `..._signs` the owner signs too and may name any token account of the mint.
"""

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses
from chain.constants import PROGRAM_ID, SLOT_HASHES_ID, TOKEN_PROGRAM_ID
from chain.instructions._build import build, readonly, writable


def claim_prize(
    *,
    market: Pubkey,
    winner: Pubkey,
    destination: Pubkey,
    winner_signs: bool = False,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Pays the prize into the token account `destination`."""
    accounts = [
        writable(market),
        writable(addresses.escrow(market, program)),
        writable(destination),
        readonly(winner, signs=winner_signs),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "claim_prize", accounts)


def recover_stake(
    *,
    market: Pubkey,
    staker: Pubkey,
    destination: Pubkey,
    staker_signs: bool = False,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Refunds a stake, and its share of an unanswered request's bond, into the token account `destination`."""
    accounts = [
        writable(market),
        writable(addresses.escrow(market, program)),
        writable(addresses.opinion(market, staker, program)),
        writable(destination),
        readonly(staker, signs=staker_signs),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "recover_stake", accounts)


def collect_fee(
    *,
    market: Pubkey,
    treasury: Pubkey,
    destination: Pubkey,
    treasury_signs: bool = False,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Pays the fee into the token account `destination`."""
    accounts = [
        readonly(addresses.config(program)),
        writable(market),
        writable(addresses.escrow(market, program)),
        writable(destination),
        readonly(treasury, signs=treasury_signs),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "collect_fee", accounts)


def expire_market(*, market: Pubkey, randomness_key: bytes, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Enters Refunding when the market can no longer settle. `randomness_key` is the pinned one (32 bytes)."""
    accounts = [
        writable(addresses.config(program)),
        writable(market),
        readonly(addresses.vrf_request(market, program)),
        writable(addresses.bond_vault(program)),
        writable(addresses.escrow(market, program)),
        readonly(addresses.revoked_key(randomness_key, program)),
        readonly(SLOT_HASHES_ID),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "expire_market", accounts)


def close_opinion(*, market: Pubkey, staker: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Returns the rent of an Opinion that nothing depends on any more."""
    accounts = [writable(market), writable(addresses.opinion(market, staker, program)), writable(staker)]
    return build(program, "close_opinion", accounts)


def finish_market(
    *, market: Pubkey, creator: Pubkey, vrf_payer: Pubkey | None = None, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """Closes what is left and shrinks the Market to its receipt.

    `vrf_payer` is who paid the request's rent; None when there was no request, where the program does not look at it.
    """
    accounts = [
        readonly(addresses.config(program)),
        writable(market),
        writable(addresses.escrow(market, program)),
        writable(addresses.vrf_request(market, program)),
        writable(addresses.bond_vault(program)),
        writable(creator),
        writable(vrf_payer or creator),
        readonly(TOKEN_PROGRAM_ID),
    ]
    return build(program, "finish_market", accounts)
