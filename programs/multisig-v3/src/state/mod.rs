//! The accounts, one file each: their layouts are the interface's, byte for byte.

mod instruction;
mod multisig;
mod transaction;
mod votes;

pub use instruction::Instruction;
pub use multisig::{Multisig, MOST_MEMBERS};
pub use transaction::{Opening, Status, Transaction};
pub use votes::{List, Votes};

use crate::errors::{at_fault, require_of, Error, Outcome};
use core::slice::from_raw_parts_mut;
use pinocchio::{AccountView, Address};

type Discriminator = [u8; 8];

/// An account's data after its discriminator, which is checked, and the owner before it.
///
/// Each account is opened once in an instruction, under one name; as the kinds differ by their discriminators, no two names
/// can reach the same memory.
#[allow(clippy::mut_from_ref)]
fn open<'a>(
    name: &str,
    view: &'a AccountView,
    discriminator: &Discriminator,
    program: &Address,
) -> Outcome<&'a mut [u8]> {
    require_of(name, view.owned_by(program), Error::AccountOwnedByWrongProgram)?;
    let Some((found, rest)) = bytes(view).split_first_chunk_mut() else {
        return Err(at_fault(name, Error::AccountDiscriminatorNotFound));
    };
    require_of(name, found == discriminator, Error::AccountDiscriminatorMismatch)?;
    Ok(rest)
}

/// The data of an account that was just created, after writing its discriminator.
#[allow(clippy::mut_from_ref)]
fn begin<'a>(view: &'a AccountView, discriminator: &Discriminator) -> Result<&'a mut [u8], Error> {
    let (place, rest) = bytes(view).split_first_chunk_mut().ok_or(Error::AccountDiscriminatorNotFound)?;
    *place = *discriminator;
    Ok(rest)
}

#[allow(clippy::mut_from_ref)]
fn bytes(view: &AccountView) -> &mut [u8] {
    // SAFETY: the runtime's memory for the account; see `open` for aliasing.
    unsafe { from_raw_parts_mut(view.data_ptr().cast_mut(), view.data_len()) }
}
