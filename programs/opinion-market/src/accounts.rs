//! The first checks of every instruction: enough accounts, signers, writables, and no account twice where two must differ.

use crate::{
    constants::{SYSTEM_PROGRAM, TOKEN_PROGRAM},
    errors::{at_fault, require, require_of, Error},
};
use pinocchio::{error::ProgramError, AccountView, Address};

/// What an instruction asks of one of its accounts.
pub struct Role {
    name: &'static str,
    signer: bool,
    writable: bool,
}

/// An account that is only read.
pub const fn read(name: &'static str) -> Role {
    Role {
        name,
        signer: false,
        writable: false,
    }
}

impl Role {
    /// It must sign.
    pub const fn signs(mut self) -> Self {
        self.signer = true;
        self
    }

    /// It must be writable.
    pub const fn writable(mut self) -> Self {
        self.writable = true;
        self
    }
}

/// The instruction's accounts in order; whatever comes after them is left alone.
#[inline(always)]
pub fn take<const N: usize>(
    accounts: &[AccountView],
    roles: &[Role; N],
) -> Result<[AccountView; N], ProgramError> {
    let taken = *accounts.first_chunk::<N>().ok_or(Error::NotEnoughAccounts)?;
    for (account, role) in taken.iter().zip(roles) {
        require_of(role.name, !role.signer || account.is_signer(), Error::MissingSignature)?;
    }
    for (account, role) in taken.iter().zip(roles) {
        require_of(role.name, !role.writable || account.is_writable(), Error::NotWritable)?;
    }
    Ok(taken)
}

/// Refuses one account in two places. The runtime hands a repeated account out as the same memory.
#[inline(always)]
pub fn differ(name: &str, one: &AccountView, other: &AccountView) -> Result<(), ProgramError> {
    require_of(name, one.account_ptr() != other.account_ptr(), Error::DuplicateAccount)
}

#[inline(always)]
fn program(name: &str, account: &AccountView, id: &Address) -> Result<(), ProgramError> {
    require_of(name, account.address() == id, Error::WrongProgram)
}

/// Refuses anything but the SPL Token program.
#[inline(always)]
pub fn token_program(account: &AccountView) -> Result<(), ProgramError> {
    program("token_program", account, &TOKEN_PROGRAM)
}

/// Refuses anything but the system program.
#[inline(always)]
pub fn system_program(account: &AccountView) -> Result<(), ProgramError> {
    program("system_program", account, &SYSTEM_PROGRAM)
}

/// Refuses an account that `owner` does not own.
#[inline(always)]
pub fn owned_by(name: &str, account: &AccountView, owner: &Address) -> Result<(), ProgramError> {
    require_of(name, account.owned_by(owner), Error::WrongAccountOwner)
}

/// Refuses an account that is not at its derived address, given what `address::find` found; returns the bump.
#[inline(always)]
pub fn found(name: &str, bump: Option<u8>) -> Result<u8, ProgramError> {
    match bump {
        Some(bump) => Ok(bump),
        None => Err(at_fault(name, Error::WrongAddress)),
    }
}

/// Refuses the zero key.
#[inline(always)]
pub fn not_zero(key: &[u8; 32], error: Error) -> Result<(), Error> {
    require(*key != [0; 32], error)
}

/// Refuses an amount of nothing.
#[inline(always)]
pub fn not_zero_amount(amount: u64) -> Result<(), Error> {
    require(amount > 0, Error::AmountZero)
}
