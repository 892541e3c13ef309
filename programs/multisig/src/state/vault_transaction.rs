use super::{
    message::{Form, Message},
    Origin, ORIGIN,
};
use crate::{
    address::{MULTISIG, TRANSACTION},
    errors::Error,
};
use interface::{
    address::is_derived,
    arguments::Arguments,
    data::{begin, open},
    errors::{at_fault, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\xa8\xfa\xa2\x64\x51\x0e\xa2\xcf";
/// The vault's number and its bump.
const VAULT: usize = 2;

/// The message, and the bumps of the keys that sign within this transaction alone.
#[derive(Clone, Copy)]
pub struct Payload<'a> {
    pub ephemeral_bumps: &'a [u8],
    pub message: Message<'a>,
}

impl<'a> Payload<'a> {
    /// Bytes that it takes in an account.
    pub fn length(&self) -> usize {
        4 + self.ephemeral_bumps.len() + self.message.stored_length()
    }

    pub fn store(&self, out: &mut [u8]) {
        let count = self.ephemeral_bumps.len();
        out[..4].copy_from_slice(&(count as u32).to_le_bytes());
        out[4..4 + count].copy_from_slice(self.ephemeral_bumps);
        self.message.store(&mut out[4 + count..]);
    }

    /// What an account has.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Anchor> {
        let mut arguments = Arguments::new(bytes);
        let ephemeral_bumps = arguments.bytes().map_err(|_| Anchor::AccountDidNotDeserialize)?;
        let message = Message::read(arguments.rest(), Form::Account);
        Ok(Self { ephemeral_bumps, message: message.map_err(|_| Anchor::AccountDidNotDeserialize)? })
    }

    /// What an instruction is given, held to what a vault can do.
    pub fn given(bytes: &'a [u8], ephemeral_bumps: &'a [u8]) -> Result<Self, Error> {
        let message = Message::read(bytes, Form::Argument)?;
        message.check()?;
        Ok(Self { ephemeral_bumps, message })
    }
}

/// What a vault does once it is approved.
pub struct VaultTransaction<'a> {
    pub origin: &'a Origin,
    pub vault_index: u8,
    pub vault_bump: u8,
    pub payload: Payload<'a>,
}

impl<'a> VaultTransaction<'a> {
    /// Bytes of an account with this payload.
    pub fn length(payload: &Payload) -> usize {
        8 + ORIGIN + VAULT + payload.length()
    }

    /// Writes it into an account of zeros.
    #[inline(never)]
    pub fn write(&self, view: &AccountView) -> Outcome {
        let data = begin(view, &DISCRIMINATOR)?;
        let (origin, rest) =
            data.split_first_chunk_mut::<ORIGIN>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Origin` is as long, has alignment 1 and no padding.
        unsafe { *origin.as_mut_ptr().cast::<Origin>() = *self.origin };
        rest[..VAULT].copy_from_slice(&[self.vault_index, self.vault_bump]);
        self.payload.store(&mut rest[VAULT..]);
        Ok(())
    }

    /// The transaction of an account, checked to be at the address that it says.
    #[inline(never)]
    pub fn load(view: &'a AccountView, multisig: &AccountView, program: &Address) -> Outcome<Self> {
        let data: &'a [u8] = open("transaction", view, &DISCRIMINATOR, program)?;
        let transaction = Self::split(data).map_err(|error| at_fault("transaction", error))?;
        let origin = transaction.origin;
        let seeds = [MULTISIG, multisig.address().as_array(), TRANSACTION, &origin.index];
        let derived = is_derived(view.address(), &seeds, origin.bump, program);
        require_of("transaction", derived, Anchor::ConstraintSeeds)?;
        Ok(transaction)
    }

    fn split(data: &'a [u8]) -> Result<Self, Anchor> {
        let (origin, rest) = data.split_first_chunk::<ORIGIN>().ok_or(Anchor::AccountDidNotDeserialize)?;
        let ([vault_index, vault_bump], rest) =
            rest.split_first_chunk::<VAULT>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Origin` is as long, has alignment 1 and no padding, and any bytes are one.
        let origin = unsafe { &*origin.as_ptr().cast::<Origin>() };
        let payload = Payload::read(rest)?;
        Ok(Self { origin, vault_index: *vault_index, vault_bump: *vault_bump, payload })
    }
}
