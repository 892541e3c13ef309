//! Program-derived addresses.

use pinocchio::Address;
use runtime::{curve::is_point, sha256};

const MARKER: &[u8] = b"ProgramDerivedAddress";
const MOST_SEEDS: usize = 6;

fn hash<const N: usize>(seeds: &[&[u8]; N], bump: u8, program: &Address) -> [u8; 32] {
    const { assert!(N <= MOST_SEEDS) };
    let bump = [bump];
    let mut parts: [&[u8]; MOST_SEEDS + 3] = [&[]; MOST_SEEDS + 3];
    parts[..N].copy_from_slice(seeds);
    parts[N] = &bump;
    parts[N + 1] = program.as_array();
    parts[N + 2] = MARKER;
    sha256(&parts[..N + 3])
}

/// The canonical address of the seeds and its bump: the highest that gives an address off the curve.
#[inline(never)]
pub fn find<const N: usize>(seeds: &[&[u8]; N], program: &Address) -> Option<(Address, u8)> {
    (0..=u8::MAX).rev().find_map(|bump| {
        let hash = hash(seeds, bump, program);
        (!is_point(&hash)).then(|| (Address::from(hash), bump))
    })
}

/// Whether the address is derived from the seeds with this bump, which `find` found when it was stored.
#[inline(never)]
pub fn is_derived<const N: usize>(
    address: &Address,
    seeds: &[&[u8]; N],
    bump: u8,
    program: &Address,
) -> bool {
    hash(seeds, bump, program) == *address.as_array()
}
