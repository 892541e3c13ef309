use super::{
    integer::{U32, U64},
    Layout,
};
use crate::{
    address::{is_derived, BOND, CONFIG},
    constants::{MAX_BOND_SHARE_BPS, MIN_BOND_SHARE_BPS},
    errors::{require, require_of, Error, Outcome},
    keys::is_at,
    token::{token_account, Authority, TokenAccount},
};
use core::slice::from_ref;
use pinocchio::{AccountView, Address};

super::account! {
    /// The one account of settings, authorities and the bond's total.
    ProgramConfig = b"\xc4\xd2\x5a\xe7\x90\x95\x8c\x3f", 377 {
        bump: u8,
        bond_bump: u8,
        paused: u8,
        admin: Address,
        oracle: Address,
        treasury: Address,
        guardian: Address,
        randomness_key: [u8; 32],
        pending_admin: Address,
        pending_oracle: Address,
        pending_treasury: Address,
        pending_guardian: Address,
        pending_randomness_key: [u8; 32],
        usdc_mint: Address,
        randomness_provider: u8,
        bond_share_bps: U32,
        bond_locked: U64,
    }
}

/// Randomness providers.
pub mod provider {
    pub const ECVRF: u8 = 0;
    pub const ORAO: u8 = 1;
}

/// Roles, as `propose_authority` and `accept_authority` number them.
pub mod role {
    pub const ADMIN: u8 = 0;
    pub const ORACLE: u8 = 1;
    pub const TREASURY: u8 = 2;
    pub const RANDOMNESS_KEY: u8 = 3;
    pub const GUARDIAN: u8 = 4;
}

impl ProgramConfig {
    /// The config, checked to be the one.
    #[inline(never)]
    pub fn load<'a>(view: &'a AccountView, program: &Address) -> Outcome<&'a mut Self> {
        let config = Self::open("config", view, program)?;
        let derived = is_derived(view.address(), &[CONFIG], config.bump, program);
        require_of("config", derived, Error::WrongAddress)?;
        Ok(config)
    }

    /// The bond vault, checked to be the one.
    #[inline(never)]
    pub fn bond_vault<'a>(&self, view: &'a AccountView, program: &Address) -> Outcome<TokenAccount<'a>> {
        let vault = token_account("bond_vault", view)?;
        let derived = is_derived(view.address(), &[BOND], self.bond_bump, program);
        require_of("bond_vault", derived, Error::WrongAddress)?;
        Ok(vault)
    }

    /// Refuses anybody but the admin.
    #[inline(always)]
    pub fn only_admin(&self, signer: &AccountView) -> Outcome {
        require_of("admin", is_at(signer, &self.admin), Error::NotAdmin)
    }

    /// The part of the vault that no request has locked.
    #[inline(always)]
    pub fn free_bond(&self, vault: &TokenAccount) -> Result<u64, Error> {
        vault.amount().checked_sub(self.bond_locked.get()).ok_or(Error::BrokenInvariant)
    }

    /// Locks a request's bond.
    #[inline(always)]
    pub fn lock_bond(&mut self, bond: u64) -> Result<(), Error> {
        let locked = self.bond_locked.get().checked_add(bond);
        self.bond_locked = locked.ok_or(Error::BrokenInvariant)?.into();
        Ok(())
    }

    /// Frees a request's bond.
    #[inline(always)]
    pub fn unlock_bond(&mut self, bond: u64) -> Result<(), Error> {
        let locked = self.bond_locked.get().checked_sub(bond);
        self.bond_locked = locked.ok_or(Error::BrokenInvariant)?.into();
        Ok(())
    }

    /// Sends from the vault, and refuses to leave less than what is locked.
    #[inline(always)]
    pub fn pay_from_vault(
        &self,
        view: &AccountView,
        vault: &TokenAccount,
        to: &TokenAccount,
        amount: u64,
    ) -> Outcome {
        let seeds = [CONFIG.into(), from_ref(&self.bump).into()];
        vault.transfer(to, &Authority::derived(view, &seeds), amount)?;
        require(vault.amount() >= self.bond_locked.get(), Error::BrokenInvariant)?;
        Ok(())
    }
}

/// Refuses an unknown provider, and a bond share that would be too small or absurd.
#[inline(never)]
pub fn check_randomness(randomness_provider: u8, bond_share_bps: u32) -> Result<(), Error> {
    let known = matches!(randomness_provider, provider::ECVRF | provider::ORAO);
    require(known, Error::UnknownRandomnessProvider)?;
    let in_range = (MIN_BOND_SHARE_BPS..=MAX_BOND_SHARE_BPS).contains(&bond_share_bps);
    require(in_range, Error::BondShareOutOfRange)
}
