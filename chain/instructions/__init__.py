"""One builder for each instruction of the program, in the IDL's words; accounts in the IDL's order and with its flags.

Addresses that follow from others are derived, so a builder cannot be handed a wrong escrow. Nothing is sent here.
"""

from chain.instructions.bond import deposit_bond, withdraw_bond
from chain.instructions.config import (
    accept_authority,
    initialize,
    propose_authority,
    revoke_randomness_key,
    set_paused,
    set_randomness,
)
from chain.instructions.market import close_market, create_market, record_sentiment, stake_opinion
from chain.instructions.payout import (
    claim_prize,
    close_opinion,
    collect_fee,
    expire_market,
    finish_market,
    recover_stake,
)
from chain.instructions.randomness import (
    capture_slot_hash,
    fulfill_vrf_external,
    fulfill_vrf_randomness,
    rearm_slot_hash,
    request_vrf_randomness,
    run_lottery_with_vrf,
)

__all__ = [
    "accept_authority",
    "capture_slot_hash",
    "claim_prize",
    "close_market",
    "close_opinion",
    "collect_fee",
    "create_market",
    "deposit_bond",
    "expire_market",
    "finish_market",
    "fulfill_vrf_external",
    "fulfill_vrf_randomness",
    "initialize",
    "propose_authority",
    "rearm_slot_hash",
    "record_sentiment",
    "recover_stake",
    "request_vrf_randomness",
    "revoke_randomness_key",
    "run_lottery_with_vrf",
    "set_paused",
    "set_randomness",
    "stake_opinion",
    "withdraw_bond",
]
