use super::{Actions, Origin, ORIGIN};
use crate::address::{MULTISIG, TRANSACTION};
use interface::{
    address::is_derived,
    arguments::Arguments,
    data::{begin, open},
    errors::{at_fault, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\x5e\x08\x04\x23\x71\x8b\x8b\x70";

/// A change of the multisig once it is approved.
pub struct ConfigTransaction<'a> {
    pub origin: &'a Origin,
    pub actions: Actions<'a>,
}

impl<'a> ConfigTransaction<'a> {
    /// Bytes of an account with these changes.
    pub fn length(actions: &Actions) -> usize {
        8 + ORIGIN + actions.length()
    }

    /// Writes it into an account of zeros.
    pub fn write(&self, view: &AccountView) -> Outcome {
        let data = begin(view, &DISCRIMINATOR)?;
        let (origin, rest) =
            data.split_first_chunk_mut::<ORIGIN>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Origin` is as long, has alignment 1 and no padding.
        unsafe { *origin.as_mut_ptr().cast::<Origin>() = *self.origin };
        self.actions.store(rest);
        Ok(())
    }

    /// The transaction of an account, checked to be at the address that it says.
    #[inline(never)]
    pub fn load(view: &'a AccountView, multisig: &AccountView, program: &Address) -> Outcome<Self> {
        let data: &'a [u8] = open("transaction", view, &DISCRIMINATOR, program)?;
        let found = data.split_first_chunk::<ORIGIN>();
        let (origin, rest) =
            found.ok_or_else(|| at_fault("transaction", Anchor::AccountDidNotDeserialize))?;
        // SAFETY: `Origin` is as long, has alignment 1 and no padding, and any bytes are one.
        let origin = unsafe { &*origin.as_ptr().cast::<Origin>() };
        let seeds = [MULTISIG, multisig.address().as_array(), TRANSACTION, &origin.index];
        let derived = is_derived(view.address(), &seeds, origin.bump, program);
        require_of("transaction", derived, Anchor::ConstraintSeeds)?;
        Ok(Self { origin, actions: Actions::read(&mut Arguments::new(rest))? })
    }
}
