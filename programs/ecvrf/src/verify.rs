//! Verification, RFC 9381 section 5.3, with the key validated (section 5.4.5) and encode-to-curve by try-and-increment
//! (section 5.4.1.1). The counter is found here, never taken from the caller.

use crate::{
    point::{is_canonical, is_identity, multiply_by_cofactor, negative, words},
    sha512::sha512,
    validate_key,
};
use runtime::curve::{multiply_pair, Point};

/// Length of a key: a compressed point.
pub const KEY_LEN: usize = 32;
/// Length of a proof: Γ (32 bytes), c (16), s (32).
pub const PROOF_LEN: usize = 80;
/// Length of the output, beta.
pub const OUTPUT_LEN: usize = 64;

const SUITE: u8 = 0x03;
const ENCODE_TO_CURVE: u8 = 0x01;
const CHALLENGE: u8 = 0x02;
const PROOF_TO_HASH: u8 = 0x03;
const BACK: u8 = 0x00;
const CHALLENGE_LEN: usize = 16;

/// The generator B, compressed.
const GENERATOR: Point = {
    let mut bytes = [0x66; 32];
    bytes[0] = 0x58;
    bytes
};

/// The group's order L, little-endian words.
const ORDER: [u64; 4] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 1 << 60];

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The key is not a canonical point of large order.
    Key,
    /// Γ is not a canonical point.
    Point,
    /// s is not below the group's order.
    Scalar,
    /// Everything is well-formed and the proof does not hold.
    Mismatch,
}

/// Checks the proof of `alpha` by `key` and returns its output.
///
/// About 40,000 CU where try-and-increment hits at once, and 8,200 more for each further try, for an alpha of 32 bytes.
pub fn verify(key: &[u8; KEY_LEN], proof: &[u8; PROOF_LEN], alpha: &[u8]) -> Result<[u8; OUTPUT_LEN], Error> {
    let (gamma, c, s) = split(proof);
    if !validate_key(key) {
        return Err(Error::Key);
    }
    if !is_canonical(&gamma) {
        return Err(Error::Point);
    }
    if !is_reduced(&s) {
        return Err(Error::Scalar);
    }
    let cofactor_gamma = multiply_by_cofactor(&gamma).ok_or(Error::Point)?;
    let h = encode_to_curve(key, alpha).ok_or(Error::Mismatch)?;
    let mut scalars = [s, [0; 32]];
    scalars[1][..CHALLENGE_LEN].copy_from_slice(&c);
    let u = multiply_pair(&scalars, &[GENERATOR, negative(key)]).ok_or(Error::Mismatch)?;
    let v = multiply_pair(&scalars, &[h, negative(&gamma)]).ok_or(Error::Mismatch)?;
    if challenge(key, &h, &gamma, &u, &v) != c {
        return Err(Error::Mismatch);
    }
    Ok(output(&cofactor_gamma))
}

#[inline(always)]
fn split(proof: &[u8; PROOF_LEN]) -> (Point, [u8; CHALLENGE_LEN], [u8; 32]) {
    let (mut gamma, mut c, mut s) = ([0; 32], [0; CHALLENGE_LEN], [0; 32]);
    gamma.copy_from_slice(&proof[..32]);
    c.copy_from_slice(&proof[32..48]);
    s.copy_from_slice(&proof[48..]);
    (gamma, c, s)
}

/// Whether s < L: otherwise s + L would be a second proof of the same output.
fn is_reduced(s: &[u8; 32]) -> bool {
    let s = words(s);
    for i in (0..4).rev() {
        if s[i] != ORDER[i] {
            return s[i] < ORDER[i];
        }
    }
    false
}

/// The first counter whose hash is a canonical point, times the cofactor, that is not the identity.
fn encode_to_curve(key: &[u8; KEY_LEN], alpha: &[u8]) -> Option<Point> {
    (0..=u8::MAX).find_map(|counter| {
        let hash = sha512(&[&[SUITE, ENCODE_TO_CURVE], key, alpha, &[counter, BACK]]);
        let candidate = hash.first_chunk()?;
        if !is_canonical(candidate) {
            return None;
        }
        multiply_by_cofactor(candidate).filter(|h| !is_identity(h))
    })
}

/// RFC 9381 section 5.4.3. Without Y among the points a proof could be made for another key.
#[inline(always)]
fn challenge(y: &Point, h: &Point, gamma: &Point, u: &Point, v: &Point) -> [u8; CHALLENGE_LEN] {
    let hash = sha512(&[&[SUITE, CHALLENGE], y, h, gamma, u, v, &[BACK]]);
    let mut c = [0; CHALLENGE_LEN];
    c.copy_from_slice(&hash[..CHALLENGE_LEN]);
    c
}

/// RFC 9381 section 5.2, from 8Γ.
fn output(cofactor_gamma: &Point) -> [u8; OUTPUT_LEN] {
    sha512(&[&[SUITE, PROOF_TO_HASH], cofactor_gamma, &[BACK]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(words: [u64; 4]) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn scalars_are_below_the_order() {
        assert!(is_reduced(&[0; 32]));
        assert!(is_reduced(&scalar([ORDER[0] - 1, ORDER[1], ORDER[2], ORDER[3]])));
        assert!(is_reduced(&scalar([u64::MAX, ORDER[1] - 1, 0, ORDER[3]])));
        assert!(!is_reduced(&scalar(ORDER)));
        assert!(!is_reduced(&scalar([0, 0, 1, ORDER[3]])));
        assert!(!is_reduced(&[0xff; 32]));
    }
}
