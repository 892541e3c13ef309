//! Program-derived addresses, cheaper than by the syscalls: a SHA-256 (about 200 CU) where they take 1,500 per bump.

use crate::constants::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM};
use pinocchio::Address;
use runtime::{curve::is_point, sha256};

const MARKER: &[u8] = b"ProgramDerivedAddress";
const MOST_SEEDS: usize = 4;

pub const CONFIG: &[u8] = b"config";
pub const BOND: &[u8] = b"bond";
pub const MARKET: &[u8] = b"market";
pub const ESCROW: &[u8] = b"escrow";
pub const OPINION: &[u8] = b"opinion";
pub const VRF_REQUEST: &[u8] = b"vrf_request";
pub const REVOKED: &[u8] = b"revoked";
pub const ORAO_REQUEST: &[u8] = b"orao-vrf-randomness-request";

#[inline(always)]
fn hash<const N: usize>(seeds: &[&[u8]; N], bump: &[u8; 1], program: &Address) -> [u8; 32] {
    const { assert!(N <= MOST_SEEDS) };
    let mut parts: [&[u8]; MOST_SEEDS + 3] = [&[]; MOST_SEEDS + 3];
    parts[..N].copy_from_slice(seeds);
    parts[N] = bump;
    parts[N + 1] = program.as_array();
    parts[N + 2] = MARKER;
    sha256(&parts[..N + 3])
}

/// Whether the address is derived from the seeds with this bump. The bump was found by `find` when it was stored, which
/// proves that the hash is off the curve.
#[inline(always)]
pub fn is_derived<const N: usize>(
    address: &Address,
    seeds: &[&[u8]; N],
    bump: u8,
    program: &Address,
) -> bool {
    hash(seeds, &[bump], program) == *address.as_array()
}

/// The canonical bump, the highest that gives an address off the curve, if that address is `address`.
#[inline(always)]
pub fn find<const N: usize>(
    address: &Address,
    seeds: &[&[u8]; N],
    program: &Address,
) -> Option<u8> {
    for bump in (0..=u8::MAX).rev() {
        let hash = hash(seeds, &[bump], program);
        if !is_point(&hash) {
            return (hash == *address.as_array()).then_some(bump);
        }
    }
    None
}

/// Whether this is the owner's associated token account for the mint.
#[inline(always)]
pub fn is_associated(address: &Address, owner: &Address, mint: &Address) -> bool {
    let seeds: [&[u8]; 3] = [owner.as_array(), TOKEN_PROGRAM.as_array(), mint.as_array()];
    find(address, &seeds, &ASSOCIATED_TOKEN_PROGRAM).is_some()
}
