//! The first checks of every instruction: enough accounts, signers, writables, and no account twice where two must differ.

#[cfg(test)]
extern crate alloc;
use crate::{
    constants::{SYSTEM_PROGRAM, TOKEN_PROGRAM},
    errors::{at_fault, require, require_of, Error, Outcome, Refusal},
    keys::{is_at, is_owned_by, is_zero},
};
use core::mem::offset_of;
use pinocchio::{account::RuntimeAccount, AccountView, Address};

/// What an instruction asks of one of its accounts.
pub struct Role {
    name: &'static str,
    flags: u16,
}

/// The two flags as they lie in the runtime's account, so that one load reads both.
const SIGNER: u16 = u16::from_le_bytes([1, 0]);
const WRITABLE: u16 = u16::from_le_bytes([0, 1]);
const FLAGS_AT: usize = offset_of!(RuntimeAccount, is_signer);
const _: () = assert!(offset_of!(RuntimeAccount, is_writable) == FLAGS_AT + 1);

/// An account that is only read.
pub const fn read(name: &'static str) -> Role {
    Role { name, flags: 0 }
}

impl Role {
    /// It must sign.
    pub const fn signs(mut self) -> Self {
        self.flags |= SIGNER;
        self
    }

    /// It must be writable.
    pub const fn writable(mut self) -> Self {
        self.flags |= WRITABLE;
        self
    }

    #[cfg(test)]
    pub fn described(&self) -> (alloc::string::String, bool, bool) {
        let flag = |flag| self.flags & flag != 0;
        (self.name.into(), flag(SIGNER), flag(WRITABLE))
    }

    /// What the account lacks.
    #[inline(always)]
    fn lacking(&self, account: &AccountView) -> u16 {
        // SAFETY: both flags lie in the account that the runtime handed over, and are 0 or 1.
        let flags =
            unsafe { account.account_ptr().cast::<u8>().add(FLAGS_AT).cast::<u16>().read_unaligned() };
        self.flags & !flags
    }
}

/// The instruction's accounts in order; whatever comes after them is left alone.
#[inline(always)]
pub fn take<const N: usize>(
    accounts: &[AccountView],
    roles: &'static [Role; N],
) -> Outcome<[AccountView; N]> {
    let taken = accounts.first_chunk::<N>().ok_or(Error::NotEnoughAccounts)?;
    let mut lacking = 0;
    let mut i = 0;
    while i < N {
        lacking |= roles[i].lacking(&taken[i]);
        i += 1;
    }
    if lacking != 0 {
        return Err(refuse_flags(taken, roles));
    }
    Ok(*taken)
}

/// Names the first account without its signature, or else the first that is read-only.
#[cold]
#[inline(never)]
fn refuse_flags(accounts: &[AccountView], roles: &[Role]) -> Refusal {
    for (flag, error) in [(SIGNER, Error::MissingSignature), (WRITABLE, Error::NotWritable)] {
        for (account, role) in accounts.iter().zip(roles) {
            if role.lacking(account) & flag != 0 {
                return at_fault(role.name, error);
            }
        }
    }
    Error::NotWritable.into()
}

/// Refuses one account in two places. The runtime hands a repeated account out as the same memory.
#[inline(always)]
pub fn differ(name: &str, one: &AccountView, other: &AccountView) -> Outcome {
    require_of(name, one.account_ptr() != other.account_ptr(), Error::DuplicateAccount)
}

#[inline(always)]
fn program(name: &str, account: &AccountView, id: &Address) -> Outcome {
    require_of(name, is_at(account, id), Error::WrongProgram)
}

/// Refuses anything but the SPL Token program.
#[inline(always)]
pub fn token_program(account: &AccountView) -> Outcome {
    program("token_program", account, &TOKEN_PROGRAM)
}

/// Refuses anything but the system program.
#[inline(always)]
pub fn system_program(account: &AccountView) -> Outcome {
    program("system_program", account, &SYSTEM_PROGRAM)
}

/// Refuses an account that `owner` does not own.
#[inline(always)]
pub fn owned_by(name: &str, account: &AccountView, owner: &Address) -> Outcome {
    require_of(name, is_owned_by(account, owner), Error::WrongAccountOwner)
}

/// Refuses an account that is not at its derived address, given what `address::find` found; returns the bump.
#[inline(always)]
pub fn found(name: &str, bump: Option<u8>) -> Outcome<u8> {
    match bump {
        Some(bump) => Ok(bump),
        None => Err(at_fault(name, Error::WrongAddress)),
    }
}

/// Refuses the zero key.
#[inline(always)]
pub fn not_zero(key: &[u8; 32], error: Error) -> Result<(), Error> {
    require(!is_zero(key), error)
}

/// Refuses an amount of nothing.
#[inline(always)]
pub fn not_zero_amount(amount: u64) -> Result<(), Error> {
    require(amount > 0, Error::AmountZero)
}
