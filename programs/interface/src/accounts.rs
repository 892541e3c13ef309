//! The first checks of every instruction: enough accounts, signers, writables, and the system program.

use crate::errors::{at_fault, require_of, Anchor, Outcome};
use pinocchio::{sysvars::rent::RENT_ID, AccountView, Address};

/// What an instruction asks of one of its accounts.
pub struct Role {
    name: &'static str,
    signs: bool,
    writable: bool,
}

/// An account that is only read.
pub const fn read(name: &'static str) -> Role {
    Role { name, signs: false, writable: false }
}

impl Role {
    /// It must sign.
    pub const fn signs(mut self) -> Self {
        self.signs = true;
        self
    }

    /// It must be writable.
    pub const fn writable(mut self) -> Self {
        self.writable = true;
        self
    }
}

/// The instruction's accounts in order, and the rest.
#[inline(always)]
pub fn take<'a, const N: usize>(
    accounts: &'a [AccountView],
    roles: &'static [Role; N],
) -> Outcome<(&'a [AccountView; N], &'a [AccountView])> {
    let (taken, rest) = accounts.split_first_chunk::<N>().ok_or(Anchor::AccountNotEnoughKeys)?;
    check_flags(taken, roles)?;
    Ok((taken, rest))
}

#[inline(never)]
fn check_flags(accounts: &[AccountView], roles: &[Role]) -> Outcome {
    for (account, role) in accounts.iter().zip(roles) {
        require_of(role.name, account.is_signer() || !role.signs, Anchor::AccountNotSigner)?;
    }
    for (account, role) in accounts.iter().zip(roles) {
        require_of(role.name, account.is_writable() || !role.writable, Anchor::ConstraintMut)?;
    }
    Ok(())
}

/// Refuses anything but the system program.
pub fn system_program(account: &AccountView) -> Outcome {
    require_of("system_program", *account.address() == pinocchio_system::ID, Anchor::InvalidProgramId)
}

/// Refuses anything but the Rent sysvar.
pub fn rent_sysvar(account: &AccountView) -> Outcome {
    require_of("rent", *account.address() == RENT_ID, Anchor::InvalidProgramId)
}

/// Refuses an account that is not at the address that `address::find` found; returns the bump.
pub fn found(name: &str, account: &AccountView, at: Option<(Address, u8)>) -> Outcome<u8> {
    match at {
        Some((address, bump)) if address == *account.address() => Ok(bump),
        _ => Err(at_fault(name, Anchor::ConstraintSeeds)),
    }
}
