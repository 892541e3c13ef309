use super::{
    integer::{I64, U32, U64},
    Layout, MarketReceipt,
};
use crate::{
    address::{is_derived, ESCROW, MARKET},
    errors::{require, require_of, Error, Outcome},
    math,
    token::{token_account, Authority, TokenAccount},
};
use core::slice::from_ref;
use pinocchio::{cpi::Seed, AccountView, Address};

super::account! {
    /// A market, before its statement.
    Market = b"\xdb\xbe\xd5\x37\x00\xe3\xc6\x9a", 314 {
        state: u8,
        bump: u8,
        escrow_bump: u8,
        uuid: [u8; 16],
        creator: Address,
        created_at: I64,
        closes_at: I64,
        staker_count: U32,
        open_opinions: U32,
        total_stake: U64,
        liability: U64,
        score: u8,
        confidence: u8,
        summary_hash: [u8; 32],
        scored_at: I64,
        statement_hash: [u8; 32],
        randomness_provider: u8,
        randomness_key: [u8; 32],
        bond_share_bps: U32,
        bond: U64,
        requested_at: I64,
        fee: U64,
        prize: U64,
        winner: Address,
        winner_start: U64,
        winner_stake: U64,
        draw: U64,
        settled_at: I64,
        refund_reason: u8,
        prize_paid: u8,
        fee_collected: u8,
        statement_len: U32,
    }
}

/// The states, in the order of a market's life. A market only ever goes to a higher one.
pub mod phase {
    pub const ACTIVE: u8 = 0;
    pub const CLOSED: u8 = 1;
    pub const SCORED: u8 = 2;
    pub const AWAITING_RANDOMNESS: u8 = 3;
    pub const SETTLED: u8 = 4;
    pub const REFUNDING: u8 = 5;
}

/// Why a market went to refund.
pub mod refund {
    pub const NO_STAKE: u8 = 1;
    pub const ONE_STAKER: u8 = 2;
    pub const NOT_REQUESTED: u8 = 3;
    pub const UNANSWERED: u8 = 4;
    pub const HASH_LAPSED: u8 = 5;
    pub const KEY_REVOKED: u8 = 6;
}

impl Market {
    /// The length of a market's account: it must hold the receipt that the market becomes.
    #[inline(always)]
    pub const fn account_len(statement_len: usize) -> usize {
        let with_statement = Self::LEN.saturating_add(statement_len);
        if with_statement > MarketReceipt::LEN {
            with_statement
        } else {
            MarketReceipt::LEN
        }
    }

    /// A market, checked to be at the address of its uuid.
    #[inline(never)]
    pub fn load<'a>(view: &'a AccountView, program: &Address) -> Outcome<&'a mut Self> {
        let market = Self::open("market", view, program)?;
        let derived = is_derived(view.address(), &[MARKET, &market.uuid], market.bump, program);
        require_of("market", derived, Error::WrongAddress)?;
        Ok(market)
    }

    /// The market's escrow, checked to be the one.
    #[inline(never)]
    pub fn escrow<'a>(
        &self,
        market: &AccountView,
        view: &'a AccountView,
        program: &Address,
    ) -> Outcome<TokenAccount<'a>> {
        let escrow = token_account("escrow", view)?;
        let seeds = [ESCROW, market.address().as_array()];
        let derived = is_derived(view.address(), &seeds, self.escrow_bump, program);
        require_of("escrow", derived, Error::WrongAddress)?;
        Ok(escrow)
    }

    /// Refuses any other state.
    #[inline(always)]
    pub fn must_be(&self, phase: u8) -> Result<(), Error> {
        require(self.state == phase, Error::WrongMarketState)
    }

    /// Refuses a market that can still change its mind about who gets what.
    #[inline(always)]
    pub fn must_be_over(&self) -> Result<(), Error> {
        let over = matches!(self.state, phase::SETTLED | phase::REFUNDING);
        require(over, Error::WrongMarketState)
    }

    #[inline(always)]
    fn seeds(&self) -> [Seed<'_>; 3] {
        [MARKET.into(), (&self.uuid).into(), from_ref(&self.bump).into()]
    }

    /// Counts one more staker; returns the running total before the stake.
    #[inline(always)]
    pub fn add_stake(&mut self, stake: u64) -> Result<u64, Error> {
        let start = self.total_stake.get();
        let total_stake = start.checked_add(stake).ok_or(Error::MarketFull)?;
        let liability = self.liability.get().checked_add(stake).ok_or(Error::MarketFull)?;
        let staker_count = self.staker_count.get().checked_add(1).ok_or(Error::MarketFull)?;
        let open_opinions = self.open_opinions.get().checked_add(1).ok_or(Error::MarketFull)?;
        self.total_stake = total_stake.into();
        self.liability = liability.into();
        self.staker_count = staker_count.into();
        self.open_opinions = open_opinions.into();
        Ok(start)
    }

    /// Pays a debt out of the escrow: the liability shrinks first, and what stays must cover the rest.
    #[inline(always)]
    pub fn pay(
        &mut self,
        market: &AccountView,
        escrow: &TokenAccount,
        to: &TokenAccount,
        amount: u64,
    ) -> Outcome {
        let liability = self.liability.get().checked_sub(amount);
        self.liability = liability.ok_or(Error::BrokenInvariant)?.into();
        self.send(market, escrow, to, amount)
    }

    /// Sends what the escrow holds beyond its debts.
    #[inline(always)]
    pub fn send(
        &self,
        market: &AccountView,
        escrow: &TokenAccount,
        to: &TokenAccount,
        amount: u64,
    ) -> Outcome {
        escrow.transfer(to, &Authority::derived(market, &self.seeds()), amount)?;
        require(escrow.amount() >= self.liability.get(), Error::BrokenInvariant)?;
        Ok(())
    }

    /// Closes the empty escrow; its rent goes to the market.
    #[inline(always)]
    pub fn close_escrow(&self, market: &AccountView, escrow: &TokenAccount) -> Outcome {
        escrow.close(market, &Authority::derived(market, &self.seeds()))
    }

    /// What a refund pays on top of the stake: nothing, unless the request's bond was taken. A frozen vault leaves no bond.
    #[inline(always)]
    pub fn bond_share(&self, start: u64, stake: u64) -> u64 {
        match self.refund_reason {
            refund::UNANSWERED | refund::HASH_LAPSED if self.bond.get() > 0 => {
                math::bond_share(start, stake, self.bond_share_bps.get())
            }
            _ => 0,
        }
    }

    /// Enters Refunding, from where no way leads out.
    #[inline(always)]
    pub fn refund(&mut self, reason: u8) {
        self.state = phase::REFUNDING;
        self.refund_reason = reason;
    }
}
