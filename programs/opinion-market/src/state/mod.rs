//! The accounts, one file each: their layouts are those of docs/protocol.md, byte for byte.
#![deny(clippy::arithmetic_side_effects)]

mod config;
pub mod integer;
mod market;
mod opinion;
mod receipt;
mod revoked_key;
mod vrf_request;

pub use config::{check_randomness, provider, role, ProgramConfig};
pub use market::{phase, refund, Market};
pub use opinion::Opinion;
pub use receipt::MarketReceipt;
pub use revoked_key::RevokedKey;
pub use vrf_request::{status, VrfRequest};

use crate::{
    accounts::owned_by,
    constants::VERSION,
    errors::{require, require_of, Error, Outcome},
};
use pinocchio::{AccountView, Address};

/// The layout of an account: discriminator, version, then fields of alignment 1 without padding.
///
/// # Safety
/// Implemented by `account!` only: any `LEN` bytes must be a valid value, and no padding may exist.
pub unsafe trait Layout: Sized {
    const DISCRIMINATOR: &'static [u8; 8];
    const LEN: usize;

    /// Reads and writes the account's data where it lies, after checking owner, discriminator and version.
    ///
    /// Each account is opened once in an instruction, under one name; as the kinds differ by their discriminators, no two
    /// names can reach the same memory.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn open<'a>(name: &str, view: &'a AccountView, program: &Address) -> Outcome<&'a mut Self> {
        owned_by(name, view, program)?;
        let data = view.data_ptr().cast_mut();
        // SAFETY: the discriminator is read after the length.
        let known =
            view.data_len() >= Self::LEN && unsafe { data.cast::<[u8; 8]>().read() } == *Self::DISCRIMINATOR;
        require_of(name, known, Error::WrongDiscriminator)?;
        // SAFETY: it is long enough, as above.
        let version = unsafe { data.add(8).read() };
        require_of(name, version == VERSION, Error::WrongAccountVersion)?;
        // SAFETY: this program owns the account, it is long enough, any bytes are valid, and see above for aliasing.
        Ok(unsafe { &mut *data.cast::<Self>() })
    }

    /// The layout over an account that was just created: zeros, but for discriminator and version.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn begin(view: &AccountView) -> Result<&mut Self, Error> {
        require(view.data_len() >= Self::LEN, Error::BrokenInvariant)?;
        let data = view.data_ptr().cast_mut();
        // SAFETY: the account is long enough, any bytes are valid, and nothing else refers to what was just created.
        unsafe {
            data.cast::<[u8; 8]>().write(*Self::DISCRIMINATOR);
            data.add(8).write(VERSION);
            Ok(&mut *data.cast::<Self>())
        }
    }

    /// Writes the string that ends an account, whose length the layout's last field tells.
    #[inline(always)]
    fn write_string(view: &AccountView, string: &[u8]) -> Result<(), Error> {
        let room = view.data_len().checked_sub(Self::LEN);
        require(room.is_some_and(|room| room >= string.len()), Error::BrokenInvariant)?;
        // SAFETY: the account has room for layout and string, and instruction data is elsewhere.
        unsafe {
            let end = view.data_ptr().cast_mut().add(Self::LEN);
            end.copy_from_nonoverlapping(string.as_ptr(), string.len());
        }
        Ok(())
    }
}

/// Declares an account's fields after its version, and holds its length against the protocol's.
macro_rules! account {
    ($(#[$doc:meta])* $name:ident = $discriminator:literal, $length:literal {
        $($field:ident: $kind:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        #[allow(missing_docs, dead_code)]
        pub struct $name {
            discriminator: [u8; 8],
            version: u8,
            $(pub $field: $kind,)*
        }

        const _: () = assert!(size_of::<$name>() == $length && align_of::<$name>() == 1);

        // SAFETY: `repr(C)` with alignment 1 has no padding, and every field takes any bytes.
        unsafe impl super::Layout for $name {
            const DISCRIMINATOR: &'static [u8; 8] = $discriminator;
            const LEN: usize = $length;
        }

        #[cfg(test)]
        impl $name {
            pub const FIELDS: &'static [(&'static str, usize)] = &[
                ("version", core::mem::offset_of!($name, version)),
                $((stringify!($field), core::mem::offset_of!($name, $field)),)*
            ];
        }
    };
}
use account;

/// An account's name, its discriminator, and its fields with their offsets.
#[cfg(test)]
pub type Described = (&'static str, &'static [u8; 8], &'static [(&'static str, usize)]);

#[cfg(test)]
pub const ALL: &[Described] = &[
    ("ProgramConfig", ProgramConfig::DISCRIMINATOR, ProgramConfig::FIELDS),
    ("Market", Market::DISCRIMINATOR, Market::FIELDS),
    ("Opinion", Opinion::DISCRIMINATOR, Opinion::FIELDS),
    ("VrfRequest", VrfRequest::DISCRIMINATOR, VrfRequest::FIELDS),
    ("MarketReceipt", MarketReceipt::DISCRIMINATOR, MarketReceipt::FIELDS),
    ("RevokedKey", RevokedKey::DISCRIMINATOR, RevokedKey::FIELDS),
];
