"""What a creator and a staker sign on a localnet."""

import hashlib

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import instructions
from chain.constants import MarketDuration
from ops.demo.stage import Stage
from ops.demo.story import Voice
from store.cid import cid_of, text_hash


def creation(stage: Stage, creator: Pubkey, uuid: bytes, statement: str, duration: MarketDuration) -> Instruction:
    """Return what opens a market; the creator signs, and pays the fee."""
    return instructions.create_market(
        creator=creator,
        uuid=uuid,
        statement=statement,
        duration=duration,
        usdc_mint=stage.mint,
        creator_usdc=stage.usdc_account(creator),
        treasury_usdc=stage.usdc_account(stage.keys.treasury.public_key),
        program=stage.program,
    )


def staking(stage: Stage, market: Pubkey, statement: str, wallet: Pubkey, voice: Voice) -> Instruction:
    """Return what puts the voice's stake and words to the market's statement; the wallet signs."""
    return instructions.stake_opinion(
        staker=wallet,
        market=market,
        stake=voice.stake,
        text_hash=text_hash(voice.text),
        cid=cid_of(voice.text),
        statement_hash=hashlib.sha256(statement.encode()).digest(),
        staker_usdc=stage.usdc_account(wallet),
        program=stage.program,
    )
