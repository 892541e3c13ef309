"""Instructions of a market's open life: from creation to its score."""

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain import addresses
from chain.constants import PROGRAM_ID, SYSTEM_PROGRAM_ID, TOKEN_PROGRAM_ID, MarketDuration
from chain.instructions._build import build, payer, readonly, signer, u8, u64, writable
from chain.units import Stake
from chain.wire import encode_string, exactly


def create_market(
    *,
    creator: Pubkey,
    uuid: bytes,
    statement: str,
    duration: MarketDuration,
    usdc_mint: Pubkey,
    creator_usdc: Pubkey,
    treasury_usdc: Pubkey,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Opens a market for the creation fee.

    `uuid` has 16 bytes and `statement` at most 280 in UTF-8; the token accounts are the creator's and the treasury's
    associated one.
    """
    market = addresses.market(uuid, program)
    accounts = [
        payer(creator),
        readonly(addresses.config(program)),
        writable(market),
        writable(addresses.escrow(market, program)),
        writable(creator_usdc),
        writable(treasury_usdc),
        readonly(usdc_mint),
        readonly(TOKEN_PROGRAM_ID),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    uuid = exactly(uuid, 16, "the uuid")
    return build(program, "create_market", accounts, encode_string(statement), u64(duration), uuid)


def stake_opinion(
    *,
    staker: Pubkey,
    market: Pubkey,
    stake: Stake,
    text_hash: bytes,
    cid: str,
    statement_hash: bytes,
    staker_usdc: Pubkey,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Stakes once on a market.

    `text_hash` and `statement_hash` are SHA-256 of the opinion's text and of the statement that the staker saw;
    `cid` has 1 to 64 letters and digits.
    """
    accounts = [
        payer(staker),
        readonly(addresses.config(program)),
        writable(market),
        writable(addresses.escrow(market, program)),
        writable(addresses.opinion(market, staker, program)),
        writable(staker_usdc),
        readonly(TOKEN_PROGRAM_ID),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    text_hash = exactly(text_hash, 32, "the text's hash")
    statement_hash = exactly(statement_hash, 32, "the statement's hash")
    return build(program, "stake_opinion", accounts, u64(stake.units), text_hash, encode_string(cid), statement_hash)


def close_market(*, market: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Closes a market whose time is up; anyone may."""
    return build(program, "close_market", [writable(market)])


def record_sentiment(
    *,
    oracle: Pubkey,
    market: Pubkey,
    score: int,
    confidence: int,
    summary_hash: bytes,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """The oracle records the crowd's sentiment: `score` 0 to 100, `confidence` 0 to 2."""
    accounts = [signer(oracle), readonly(addresses.config(program)), writable(market)]
    summary_hash = exactly(summary_hash, 32, "the summary's hash")
    return build(program, "record_sentiment", accounts, u8(score), u8(confidence), summary_hash)
