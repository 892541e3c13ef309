use super::{
    integer::{I64, U32, U64},
    Layout,
};
use crate::{
    address::{is_derived, OPINION},
    errors::{require_of, Error},
};
use pinocchio::{error::ProgramError, AccountView, Address};

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
    #[inline(always)]
    pub fn load<'a>(
        view: &'a AccountView,
        market: &AccountView,
        program: &Address,
    ) -> Result<&'a mut Self, ProgramError> {
        let opinion = Self::open("opinion", view, program)?;
        let seeds = [OPINION, opinion.market.as_array(), opinion.staker.as_array()];
        let derived = is_derived(view.address(), &seeds, opinion.bump, program);
        require_of("opinion", derived, Error::WrongAddress)?;
        require_of("opinion", opinion.market == *market.address(), Error::WrongMarket)?;
        Ok(opinion)
    }

    /// Refuses any other staker.
    #[inline(always)]
    pub fn by(&self, staker: &AccountView) -> Result<(), ProgramError> {
        require_of("staker", self.staker == *staker.address(), Error::WrongStaker)
    }
}
