//! Comparing 32 bytes. `==` on them calls the runtime's memcmp (about 35 CU); four words take a third of that.

use pinocchio::{AccountView, Address};

/// The key that stands for nobody.
pub const ZERO: [u8; 32] = [0; 32];

#[inline(always)]
fn words(bytes: &[u8; 32]) -> [u64; 4] {
    // SAFETY: any 32 bytes are four u64; the read does not ask for alignment, which this target does not need either.
    unsafe { bytes.as_ptr().cast::<[u64; 4]>().read_unaligned() }
}

/// Whether the bytes are the same.
#[inline(always)]
pub fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let (left, right) = (words(left), words(right));
    left[0] == right[0] && left[1] == right[1] && left[2] == right[2] && left[3] == right[3]
}

/// Whether this is the zero key.
#[inline(always)]
pub fn is_zero(key: &[u8; 32]) -> bool {
    let words = words(key);
    words[0] | words[1] | words[2] | words[3] == 0
}

/// Whether the account is the one of this address.
#[inline(always)]
pub fn is_at(account: &AccountView, address: &Address) -> bool {
    same(account.address().as_array(), address.as_array())
}

/// Whether the program owns the account.
#[inline(always)]
pub fn is_owned_by(account: &AccountView, program: &Address) -> bool {
    // SAFETY: the runtime's account is readable, and nothing writes to its owner while the reference lives.
    let owner = unsafe { &(*account.account_ptr()).owner };
    same(owner.as_array(), program.as_array())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        let key: [u8; 32] = core::array::from_fn(|i| i as u8);
        assert!(same(&key, &key) && !is_zero(&key) && is_zero(&ZERO));
        for i in 0..32 {
            let mut other = key;
            other[i] ^= 0x80;
            assert!(!same(&key, &other));
            let mut almost = ZERO;
            almost[i] = 1;
            assert!(!is_zero(&almost));
        }
    }
}
