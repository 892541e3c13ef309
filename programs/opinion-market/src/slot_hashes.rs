//! The SlotHashes sysvar: the newest 512 slots that had a block, newest first, read from the account as it is too long to copy.

use crate::{
    constants::SLOT_HASHES,
    errors::{require_of, Error, Outcome},
    keys::is_at,
};
use pinocchio::AccountView;

const COUNT_LEN: usize = 8;
const SLOT_LEN: usize = 8;
const ENTRY_LEN: usize = SLOT_LEN + 32;

/// What the sysvar says of a target slot.
#[derive(Debug, PartialEq, Eq)]
pub enum Search<'a> {
    /// No slot at or after the target has passed.
    NotReady,
    /// The first slot at or after the target, and its hash.
    Found(u64, &'a [u8; 32]),
    /// The sysvar has no slot before the target any more, so none is provably the first at or after it.
    Lapsed,
}

/// Refuses anything but the SlotHashes sysvar.
#[inline(always)]
pub fn check(account: &AccountView) -> Outcome {
    require_of("slot_hashes", is_at(account, &SLOT_HASHES), Error::WrongSysvar)
}

/// Looks the target up in the sysvar, which `check` must have seen.
#[inline(never)]
pub fn search(account: &AccountView, target: u64) -> Search<'_> {
    // SAFETY: nothing can write to a sysvar.
    search_data(unsafe { account.borrow_unchecked() }, target)
}

#[inline(always)]
fn slot_of(entry: &[u8; ENTRY_LEN]) -> u64 {
    let mut slot = [0; SLOT_LEN];
    slot.copy_from_slice(&entry[..SLOT_LEN]);
    u64::from_le_bytes(slot)
}

fn search_data(data: &[u8], target: u64) -> Search<'_> {
    let Some((count, data)) = data.split_first_chunk::<COUNT_LEN>() else {
        return Search::NotReady;
    };
    let (entries, _) = data.as_chunks::<ENTRY_LEN>();
    let count = entries.len().min(u64::from_le_bytes(*count) as usize);
    let entries = &entries[..count];
    let reached = entries.partition_point(|entry| slot_of(entry) >= target);
    let Some(first) = reached.checked_sub(1).and_then(|last| entries.get(last)) else {
        return Search::NotReady;
    };
    match first.last_chunk() {
        Some(hash) if reached < count => Search::Found(slot_of(first), hash),
        _ => Search::Lapsed,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn sysvar(slots: &[u64]) -> Vec<u8> {
        let mut data = Vec::from((slots.len() as u64).to_le_bytes());
        for slot in slots {
            data.extend(slot.to_le_bytes());
            data.extend([*slot as u8; 32]);
        }
        data
    }

    #[test]
    fn finds_the_first_at_or_after_the_target_over_skipped_slots() {
        let data = sysvar(&[110, 109, 105, 104, 100]);
        assert_eq!(search_data(&data, 105), Search::Found(105, &[105; 32]));
        assert_eq!(search_data(&data, 106), Search::Found(109, &[109; 32]));
        assert_eq!(search_data(&data, 110), Search::Found(110, &[110; 32]));
        assert_eq!(search_data(&data, 101), Search::Found(104, &[104; 32]));
    }

    #[test]
    fn without_an_entry_before_the_target_nothing_is_proved() {
        let data = sysvar(&[110, 109, 105]);
        assert_eq!(search_data(&data, 105), Search::Lapsed);
        assert_eq!(search_data(&data, 50), Search::Lapsed);
    }

    #[test]
    fn before_the_target_it_is_not_ready() {
        assert_eq!(search_data(&sysvar(&[110, 109]), 111), Search::NotReady);
        assert_eq!(search_data(&sysvar(&[]), 1), Search::NotReady);
        assert_eq!(search_data(&[], 1), Search::NotReady);
    }

    #[test]
    fn entries_beyond_the_count_do_not_exist() {
        let mut data = sysvar(&[110, 109, 105]);
        data[0] = 2;
        assert_eq!(search_data(&data, 109), Search::Lapsed);
        assert_eq!(search_data(&data, 110), Search::Found(110, &[110; 32]));
    }
}
