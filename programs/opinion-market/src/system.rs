//! Creating and closing accounts.
#![deny(clippy::arithmetic_side_effects)]

use crate::{constants::TOKEN_PROGRAM, errors::Outcome, keys::same, rent::Rent};
use pinocchio::{cpi::Seed, AccountView, Address, Resize};
use pinocchio_system::instructions::{Allocate, Assign, CreateAccount, Transfer};

/// An account to create at a derived address, whose seeds end with the bump.
pub struct New<'a> {
    pub payer: &'a AccountView,
    pub account: &'a AccountView,
    pub seeds: &'a [Seed<'a>],
    pub rent: &'a Rent,
}

/// Creates a rent-exempt account of zeros.
///
/// Lamports that somebody sent there in advance block nothing: they count towards the rent.
#[inline(never)]
pub fn create(new: &New, length: usize, owner: &Address) -> Outcome {
    let &New { payer, account, seeds, rent } = new;
    let lamports = rent.minimum_balance(length);
    let signers = [seeds.into()];
    if account.lamports() == 0 {
        CreateAccount { from: payer, to: account, lamports, space: length as u64, owner }
            .invoke_signed(&signers)?;
        return Ok(());
    }
    let missing = lamports.saturating_sub(account.lamports());
    if missing > 0 {
        Transfer { from: payer, to: account, lamports: missing }.invoke()?;
    }
    let foreign = same(owner.as_array(), TOKEN_PROGRAM.as_array());
    if foreign {
        Allocate { account, space: length as u64 }.invoke_signed(&signers)?;
    }
    Assign { account, owner }.invoke_signed(&signers)?;
    if !foreign {
        // It is ours now, so that we need nobody to give it its length (1,100 CU less).
        let mut account = *account;
        account.resize(length)?;
    }
    Ok(())
}

/// Moves all lamports but `kept` to the recipient.
#[inline(always)]
pub fn release(account: &mut AccountView, kept: u64, recipient: &mut AccountView) {
    let spare = account.lamports().saturating_sub(kept);
    account.set_lamports(account.lamports().saturating_sub(spare));
    // All lamports there are fit in a u64, so their sum does.
    recipient.set_lamports(recipient.lamports().wrapping_add(spare));
}

/// Closes an account of this program: no lamports, no data, the system program's. Nothing of it can come back in the same
/// transaction, and no instruction takes it for what it was.
#[inline(always)]
pub fn close(account: &mut AccountView, recipient: &mut AccountView) -> Outcome {
    release(account, 0, recipient);
    account.close()?;
    Ok(())
}
