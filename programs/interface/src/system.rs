//! Creating and lengthening accounts.

use crate::{errors::Outcome, rent::Rent};
use pinocchio::{cpi::Seed, error::ProgramError, AccountView, Address, Resize};
use pinocchio_system::instructions::{Allocate, Assign, Transfer};

/// An account to create at a derived address, whose seeds end with the bump.
pub struct New<'a> {
    pub payer: &'a AccountView,
    pub account: &'a AccountView,
    pub seeds: &'a [Seed<'a>],
}

/// Creates a rent-exempt account of zeros. Lamports that somebody sent there in advance count towards the rent; one that
/// exists is refused by the system program.
#[inline(never)]
pub fn create(new: &New, length: usize, owner: &Address) -> Outcome {
    let &New { payer, account, seeds } = new;
    pay_rent(payer, account, length)?;
    let signers = [seeds.into()];
    Allocate { account, space: length as u64 }.invoke_signed(&signers)?;
    Assign { account, owner }.invoke_signed(&signers)?;
    Ok(())
}

/// Lengthens an account of ours at the payer's cost; one that is long enough stays as it is.
#[inline(never)]
pub fn grow(payer: &AccountView, account: &AccountView, length: usize) -> Outcome {
    if account.data_len() < length {
        pay_rent(payer, account, length)?;
        let mut account = *account;
        account.resize(length)?;
    }
    Ok(())
}

fn pay_rent(payer: &AccountView, account: &AccountView, length: usize) -> Outcome {
    let lamports = Rent::get()?.minimum_balance(length).saturating_sub(account.lamports());
    if lamports > 0 {
        Transfer { from: payer, to: account, lamports }.invoke()?;
    }
    Ok(())
}

/// Closes an account of ours: its lamports go to `to`, and nothing is left of it.
#[inline(never)]
pub fn close(account: &AccountView, to: &AccountView) -> Outcome {
    let (mut account, mut to) = (*account, *to);
    let sum = to.lamports().checked_add(account.lamports()).ok_or(ProgramError::ArithmeticOverflow)?;
    to.set_lamports(sum);
    account.set_lamports(0);
    account.close()?;
    Ok(())
}
