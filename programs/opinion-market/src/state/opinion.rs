use super::{
    integer::{I64, U32, U64},
    Layout,
};
use crate::{
    address::{is_derived, OPINION},
    errors::{require_of, Error, Outcome},
    keys::is_at,
};
use pinocchio::{AccountView, Address};

super::account! {
    /// A stake, before its CID.
    Opinion = b"\x04\x85\x4e\x72\x0a\x0b\x38\xdc", 135 {
        bump: u8,
        paid: u8,
        market: Address,
        staker: Address,
        start: U64,
        stake: U64,
        created_at: I64,
        text_hash: [u8; 32],
        cid_len: U32,
    }
}

impl Opinion {
    /// An opinion on this market, checked to be at the address of its market and staker.
    #[inline(never)]
    pub fn load<'a>(view: &'a AccountView, market: &AccountView, program: &Address) -> Outcome<&'a mut Self> {
        let opinion = Self::open("opinion", view, program)?;
        let seeds = [OPINION, opinion.market.as_array(), opinion.staker.as_array()];
        let derived = is_derived(view.address(), &seeds, opinion.bump, program);
        require_of("opinion", derived, Error::WrongAddress)?;
        require_of("opinion", is_at(market, &opinion.market), Error::WrongMarket)?;
        Ok(opinion)
    }

    /// Refuses any other staker.
    #[inline(always)]
    pub fn by(&self, staker: &AccountView) -> Outcome {
        require_of("staker", is_at(staker, &self.staker), Error::WrongStaker)
    }
}
