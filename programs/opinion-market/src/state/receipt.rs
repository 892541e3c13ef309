use super::{
    integer::{I64, U32, U64},
    Layout, Market, VrfRequest,
};
use crate::{
    constants::VERSION,
    errors::{require, Error},
};
use pinocchio::{AccountView, Address};

super::account! {
    /// What stays of a finished market for ever.
    MarketReceipt = b"\x02\xe4\x00\xb5\xea\xe5\x03\x44", 467 {
        state: u8,
        bump: u8,
        refund_reason: u8,
        uuid: [u8; 16],
        creator: Address,
        created_at: I64,
        closes_at: I64,
        staker_count: U32,
        total_stake: U64,
        score: u8,
        confidence: u8,
        summary_hash: [u8; 32],
        statement_hash: [u8; 32],
        randomness_provider: u8,
        randomness_key: [u8; 32],
        bond: U64,
        fee: U64,
        prize: U64,
        winner: Address,
        winner_start: U64,
        winner_stake: U64,
        draw: U64,
        settled_at: I64,
        captured_slot: U64,
        slot_hash: [u8; 32],
        proof: [u8; 80],
        output: [u8; 64],
        finished_at: I64,
    }
}

impl MarketReceipt {
    /// The receipt of a market and its request, zero where there was none.
    #[inline(always)]
    pub fn of(market: &Market, request: Option<&VrfRequest>, finished_at: i64) -> Self {
        Self {
            discriminator: *Self::DISCRIMINATOR,
            version: VERSION,
            state: market.state,
            bump: market.bump,
            refund_reason: market.refund_reason,
            uuid: market.uuid,
            creator: market.creator,
            created_at: market.created_at,
            closes_at: market.closes_at,
            staker_count: market.staker_count,
            total_stake: market.total_stake,
            score: market.score,
            confidence: market.confidence,
            summary_hash: market.summary_hash,
            statement_hash: market.statement_hash,
            randomness_provider: market.randomness_provider,
            randomness_key: market.randomness_key,
            bond: market.bond,
            fee: market.fee,
            prize: market.prize,
            winner: market.winner,
            winner_start: market.winner_start,
            winner_stake: market.winner_stake,
            draw: market.draw,
            settled_at: market.settled_at,
            captured_slot: request.map_or(0.into(), |request| request.captured_slot),
            slot_hash: request.map_or([0; 32], |request| request.slot_hash),
            proof: request.map_or([0; 80], |request| request.proof),
            output: request.map_or([0; 64], |request| request.output),
            finished_at: finished_at.into(),
        }
    }

    /// Writes the receipt over the market that it was made of.
    #[inline(always)]
    pub fn store(self, view: &AccountView) -> Result<(), Error> {
        require(view.data_len() >= Self::LEN, Error::BrokenInvariant)?;
        // SAFETY: the account is long enough, and the market that lay there is not looked at again.
        unsafe { view.data_ptr().cast_mut().cast::<Self>().write(self) };
        Ok(())
    }
}
