//! Rent exemption, right on runtimes that fold the threshold into the rate and on those that do not.

use crate::errors::Outcome;
use pinocchio::{
    error::ProgramError,
    sysvars::{get_sysvar, rent::RENT_ID},
};

/// Bytes that the runtime counts for every account beside its data.
const OVERHEAD: u64 = 128;

/// Bounds that keep the product below 2^64: ten times today's rate, far more than any account here, a threshold below 4.
const MAX_RATE: u64 = 1 << 20;
const MAX_LENGTH: u64 = 1 << 14;
const MAX_THRESHOLD: u64 = 4 << FRACTION_BITS;

const FRACTION_BITS: u32 = 16;
const MANTISSA_BITS: u32 = 52;
const EXPONENT_OF_ONE: u64 = 1023;

/// The first two fields of the Rent sysvar. The third does not matter here.
pub struct Rent {
    /// Lamports per byte, and per year where the threshold is 2.0.
    rate: u64,
    /// Years of rent that exempt, with 16 binary places.
    threshold: u64,
}

impl Rent {
    /// Reads the sysvar.
    #[inline(always)]
    pub fn get() -> Outcome<Self> {
        let mut fields = [0u8; 16];
        get_sysvar(&mut fields, &RENT_ID, 0)?;
        let (mut rate, mut threshold) = ([0; 8], [0; 8]);
        rate.copy_from_slice(&fields[..8]);
        threshold.copy_from_slice(&fields[8..]);
        let rent = Self::new(u64::from_le_bytes(rate), u64::from_le_bytes(threshold));
        Ok(rent.ok_or(ProgramError::UnsupportedSysvar)?)
    }

    /// From the rate and the bits of the threshold, an f64; this target has no floating point.
    #[inline(always)]
    const fn new(rate: u64, threshold: u64) -> Option<Self> {
        let exponent = threshold >> MANTISSA_BITS;
        if rate > MAX_RATE || exponent < EXPONENT_OF_ONE || exponent > EXPONENT_OF_ONE + 1 {
            return None;
        }
        let mantissa = (threshold & ((1 << MANTISSA_BITS) - 1)) | (1 << MANTISSA_BITS);
        let shift = MANTISSA_BITS - FRACTION_BITS - (exponent - EXPONENT_OF_ONE) as u32;
        Some(Self { rate, threshold: (mantissa + (1 << shift) - 1) >> shift })
    }

    /// Lamports that exempt an account of `length` bytes, never too few.
    #[inline(always)]
    pub const fn minimum_balance(&self, length: usize) -> u64 {
        let bytes = OVERHEAD + length as u64;
        ((bytes * self.rate * self.threshold) + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS
    }
}

const _: () = assert!(MAX_RATE * MAX_LENGTH < (u64::MAX - (1 << FRACTION_BITS)) / MAX_THRESHOLD);

#[cfg(test)]
mod tests {
    use super::*;

    fn minimum(rate: u64, threshold: f64, length: usize) -> Option<u64> {
        Rent::new(rate, threshold.to_bits()).map(|rent| rent.minimum_balance(length))
    }

    #[test]
    fn folded_and_unfolded_thresholds_agree_with_the_runtime() {
        assert_eq!(minimum(3_480, 2.0, 165), Some(2_039_280));
        assert_eq!(minimum(6_960, 1.0, 165), Some(2_039_280));
        assert_eq!(minimum(6_333, 1.0, 0), Some(810_624));
    }

    #[test]
    fn another_threshold_is_rounded_up() {
        for threshold in [1.1, 1.5, 1.999_999, 3.3] {
            let exact = (128.0 + 467.0) * 3_480.0 * threshold;
            let ours = minimum(3_480, threshold, 467).map(|lamports| lamports as f64);
            assert!(ours.is_some_and(|ours| ours >= exact.floor() && ours < exact + 40.0));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(minimum(3_480, 0.5, 0), None);
        assert_eq!(minimum(3_480, 4.0, 0), None);
        assert_eq!(minimum(3_480, -2.0, 0), None);
        assert_eq!(minimum(3_480, f64::NAN, 0), None);
        assert_eq!(minimum(u64::MAX, 1.0, 0), None);
    }
}
