//! Whom a transaction signs as: the multisig itself, or one of its vaults.

use crate::{
    address::{AUTHORITY, MULTISIG, SQUAD},
    state::{Multisig, Transaction},
};
use core::slice::from_ref;
use pinocchio::{cpi::Seed, Address};

/// The parts of the signer's address, copied out of the accounts, which a call may change.
pub struct Authority {
    index: [u8; 4],
    key: Address,
    bump: u8,
}

const ITSELF: [u8; 4] = [0; 4];

impl Authority {
    /// The one that the transaction was created for.
    pub fn of(transaction: &Transaction, multisig: &Multisig, address: &Address) -> Self {
        let (index, bump) = transaction.authority();
        let key = if index == ITSELF { *multisig.create_key() } else { *address };
        Self { index, key, bump }
    }

    /// The seeds to sign with. The multisig's own has no index, for which an empty seed stands.
    pub fn seeds(&self) -> [Seed<'_>; 5] {
        let (index, kind) =
            if self.index == ITSELF { (&[][..], MULTISIG) } else { (&self.index[..], AUTHORITY) };
        [SQUAD.into(), self.key.as_array().into(), index.into(), kind.into(), from_ref(&self.bump).into()]
    }
}
