//! Program-derived addresses, cheaper than by the syscalls: a SHA-256 (about 200 CU) where they take 1,500 per bump.

use crate::constants::{ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM};
use crate::keys::same;
use pinocchio::Address;
use runtime::{curve::is_point, sha256};

const MARKER: &[u8] = b"ProgramDerivedAddress";
const MOST_SEEDS: usize = 3;

pub const CONFIG: &[u8] = b"config";
pub const BOND: &[u8] = b"bond";
pub const MARKET: &[u8] = b"market";
pub const ESCROW: &[u8] = b"escrow";
pub const OPINION: &[u8] = b"opinion";
pub const VRF_REQUEST: &[u8] = b"vrf_request";
pub const REVOKED: &[u8] = b"revoked";
pub const ORAO_REQUEST: &[u8] = b"orao-vrf-randomness-request";

/// Every bump as its own slice, the canonical one first: the highest that works.
static BUMPS: [[u8; 1]; 256] = {
    let mut bumps = [[0]; 256];
    let mut i = 0;
    while i < bumps.len() {
        bumps[i] = [u8::MAX - i as u8];
        i += 1;
    }
    bumps
};

/// What is hashed: the seeds, the bump, the program, the marker, and a rest that is not.
type Parts<'a> = [&'a [u8]; MOST_SEEDS + 3];

#[inline(always)]
fn parts<'a, const N: usize>(seeds: &[&'a [u8]; N], bump: &'a [u8; 1], program: &'a Address) -> Parts<'a> {
    const { assert!(N <= MOST_SEEDS) };
    let mut parts: Parts = [&[]; MOST_SEEDS + 3];
    parts[..N].copy_from_slice(seeds);
    parts[N] = bump;
    parts[N + 1] = program.as_array();
    parts[N + 2] = MARKER;
    parts
}

/// Whether the address is derived from the seeds with this bump. The bump was found by `find` when it was stored, which
/// proves that the hash is off the curve.
#[inline(never)]
pub fn is_derived<const N: usize>(
    address: &Address,
    seeds: &[&[u8]; N],
    bump: u8,
    program: &Address,
) -> bool {
    same(&sha256(&parts(seeds, &[bump], program)[..N + 3]), address.as_array())
}

/// The canonical bump, the highest that gives an address off the curve, if that address is `address`.
///
/// A hash on the curve is passed over even where it is the address asked for: it is no derived address.
#[inline(never)]
pub fn find<const N: usize>(address: &Address, seeds: &[&[u8]; N], program: &Address) -> Option<u8> {
    let mut parts = parts(seeds, &BUMPS[0], program);
    for bump in &BUMPS {
        parts[N] = bump;
        let hash = sha256(&parts[..N + 3]);
        if !is_point(&hash) {
            return same(&hash, address.as_array()).then_some(bump[0]);
        }
    }
    None
}

/// Whether this is the owner's associated token account for the mint.
#[inline(never)]
pub fn is_associated(address: &Address, owner: &Address, mint: &Address) -> bool {
    let seeds: [&[u8]; 3] = [owner.as_array(), TOKEN_PROGRAM.as_array(), mint.as_array()];
    find(address, &seeds, &ASSOCIATED_TOKEN_PROGRAM).is_some()
}
