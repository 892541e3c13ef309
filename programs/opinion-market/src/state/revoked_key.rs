use super::integer::I64;
use crate::{
    accounts::found,
    address::{find, REVOKED},
    errors::Outcome,
    keys::is_owned_by,
};
use pinocchio::{AccountView, Address};

super::account! {
    /// A randomness key that was revoked.
    RevokedKey = b"\xaa\x4f\x34\x5d\xff\x86\xee\x35", 50 {
        bump: u8,
        key: [u8; 32],
        revoked_at: I64,
    }
}

impl RevokedKey {
    /// The bump of the key's address, where a revoked one has its account.
    #[inline(never)]
    pub fn find(view: &AccountView, key: &[u8; 32], program: &Address) -> Outcome<u8> {
        found("revoked_key", find(view.address(), &[REVOKED, key], program))
    }

    /// Whether the key of this address was revoked: the account exists once it was, and is never closed.
    #[inline(always)]
    pub fn is_revoked(view: &AccountView, program: &Address) -> bool {
        is_owned_by(view, program)
    }
}
