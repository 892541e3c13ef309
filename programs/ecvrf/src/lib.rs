//! Verifier of RFC 9381 ECVRF-EDWARDS25519-SHA512-TAI (suite 0x03) over Solana's curve25519 syscalls.
//!
//! Public data only: nothing here is constant-time, and nothing here proves.
#![no_std]

mod point;
mod sha512;
mod verify;

pub use verify::{verify, Error, KEY_LEN, OUTPUT_LEN, PROOF_LEN};

/// Whether a key may be registered: a canonical encoding of a point that is not of low order.
///
/// RFC 9381 section 5.4.5: with a low-order key the output would not depend on the secret alone.
#[inline(never)]
pub fn validate_key(key: &[u8; KEY_LEN]) -> bool {
    point::is_canonical(key) && !point::is_low_order(key) && runtime::curve::is_point(key)
}
