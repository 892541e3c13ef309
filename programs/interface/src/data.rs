//! The bytes of an account of ours.

use crate::errors::{at_fault, require_of, Anchor, Outcome};
use core::slice::from_raw_parts_mut;
use pinocchio::{AccountView, Address};

pub type Discriminator = [u8; 8];

/// An account's data after its discriminator, which is checked, and the owner before it.
///
/// Each account is opened once in an instruction, under one name; as the kinds differ by their discriminators, no two names
/// can reach the same memory.
#[allow(clippy::mut_from_ref)]
pub fn open<'a>(
    name: &str,
    view: &'a AccountView,
    discriminator: &Discriminator,
    program: &Address,
) -> Outcome<&'a mut [u8]> {
    require_of(name, view.owned_by(program), Anchor::AccountOwnedByWrongProgram)?;
    let Some((found, rest)) = bytes(view).split_first_chunk_mut() else {
        return Err(at_fault(name, Anchor::AccountDiscriminatorNotFound));
    };
    require_of(name, found == discriminator, Anchor::AccountDiscriminatorMismatch)?;
    Ok(rest)
}

/// The data of an account that was just created, after writing its discriminator.
#[allow(clippy::mut_from_ref)]
pub fn begin<'a>(view: &'a AccountView, discriminator: &Discriminator) -> Result<&'a mut [u8], Anchor> {
    let (place, rest) = bytes(view).split_first_chunk_mut().ok_or(Anchor::AccountDiscriminatorNotFound)?;
    *place = *discriminator;
    Ok(rest)
}

/// All the data of an account; see `open` for aliasing.
#[allow(clippy::mut_from_ref)]
pub fn bytes(view: &AccountView) -> &mut [u8] {
    // SAFETY: the runtime's memory for the account.
    unsafe { from_raw_parts_mut(view.data_ptr().cast_mut(), view.data_len()) }
}
