//! Arithmetic of money and chance, without 128-bit numbers, which this target does not have.

use crate::constants::{FEE_BPS, MAX_BOND_SHARE_BPS, MAX_STAKE};

const BASIS: u64 = 10_000;

/// The largest total stake: each of 2^32 − 1 stakers at the limit. What follows cannot overflow below it.
pub const MAX_POOL: u64 = MAX_STAKE * u32::MAX as u64;

const _: () =
    assert!((MAX_POOL / BASIS) < u64::MAX / (MAX_BOND_SHARE_BPS as u64) - MAX_BOND_SHARE_BPS as u64);

/// floor(amount × bps / 10000), for an amount up to `MAX_POOL` and up to 100,000 bps.
pub const fn share(amount: u64, bps: u32) -> u64 {
    let bps = bps as u64;
    (amount / BASIS) * bps + (amount % BASIS) * bps / BASIS
}

/// The part of the bond that falls to the stake at [start, start + stake): the parts tile the bond to the last unit.
pub const fn bond_share(start: u64, stake: u64, bps: u32) -> u64 {
    share(start + stake, bps) - share(start, bps)
}

/// Fee and prize; together the total stake.
pub const fn split(total: u64) -> (u64, u64) {
    let fee = share(total, FEE_BPS);
    (fee, total - fee)
}

/// The draw in [0, total) from the randomness' eight words, by rejection, so that no unit is likelier than another.
///
/// `total` is not zero. A word is refused with a chance below total / 2^64; the last resort keeps a market from being stuck.
pub fn draw(output: &[u8; 64], total: u64) -> u64 {
    let excess = total.wrapping_neg() % total;
    let mut last = 0;
    for chunk in output.chunks_exact(8) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        last = u64::from_le_bytes(word);
        if excess == 0 || last < excess.wrapping_neg() {
            break;
        }
    }
    last % total
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers spread over all magnitudes, the same every run.
    fn samples(limit: u64) -> impl Iterator<Item = u64> {
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        (0..20_000).map(move |i| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> (i % 60)) % (limit + 1)
        })
    }

    #[test]
    fn share_is_the_exact_floor() {
        for amount in samples(MAX_POOL).chain([0, 1, 9_999, 10_000, MAX_POOL]) {
            for bps in [0, 1, 1_000, 10_000, 33_333, MAX_BOND_SHARE_BPS] {
                let exact = u128::from(amount) * u128::from(bps) / 10_000;
                assert_eq!(u128::from(share(amount, bps)), exact);
            }
        }
    }

    #[test]
    fn bond_shares_tile_the_bond() {
        let (mut total, mut paid) = (0, 0);
        let stakes: [u64; 5] = [500_000, 10_000_000, 777_777, 1_234_567, 9_999_999];
        for stake in stakes {
            paid += bond_share(total, stake, 33_333);
            total += stake;
        }
        assert_eq!(paid, share(total, 33_333));
    }

    #[test]
    fn fee_and_prize_are_the_pool() {
        for total in samples(MAX_POOL) {
            let (fee, prize) = split(total);
            assert_eq!(fee + prize, total);
            assert_eq!(fee, total / 10);
        }
    }

    fn output(words: [u64; 8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn draw_takes_the_first_word_that_is_not_in_the_excess() {
        let total = 3_000_001u64;
        let excess = (u128::from(u64::MAX) + 1) % u128::from(total);
        let first_refused = (u128::from(u64::MAX) + 1 - excess) as u64;
        let taken = first_refused - 1;
        assert_eq!(draw(&output([taken; 8]), total), total - 1);
        let mut words = [first_refused; 8];
        words[3] = 5;
        assert_eq!(draw(&output(words), total), 5);
        assert_eq!(draw(&output([u64::MAX; 8]), total), u64::MAX % total);
    }

    #[test]
    fn a_power_of_two_refuses_nothing() {
        assert_eq!(draw(&output([u64::MAX; 8]), 1 << 20), (1 << 20) - 1);
        assert_eq!(draw(&output([u64::MAX; 8]), 1), 0);
    }
}
