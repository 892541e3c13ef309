//! Who approved, rejected and called off.

use crate::errors::{require, Anchor};
use pinocchio::Address;

/// The end of an account: three lists of members, each sorted and with its count before it, and `TAIL` bytes of the
/// program's own behind them.
pub struct Votes<'a, const TAIL: usize>(&'a mut [u8]);

/// One of the lists, by its place.
#[derive(Clone, Copy)]
pub enum List {
    Approved,
    Rejected,
    Cancelled,
}

const LISTS: usize = 3;
const COUNT: usize = 4;
const KEY: usize = 32;

impl<'a, const TAIL: usize> Votes<'a, TAIL> {
    /// Bytes for so many keys in all.
    pub const fn length(keys: usize) -> usize {
        LISTS * COUNT + KEY * keys + TAIL
    }

    /// Over an account's bytes; refuses lists that end beyond them.
    pub fn open(bytes: &'a mut [u8]) -> Result<Self, Anchor> {
        let mut at = 0;
        for _ in 0..LISTS {
            let count = bytes.get(at..).and_then(|rest| rest.first_chunk::<COUNT>());
            at += COUNT + KEY * u32::from_le_bytes(*count.ok_or(Anchor::AccountDidNotDeserialize)?) as usize;
        }
        require(at + TAIL <= bytes.len(), Anchor::AccountDidNotDeserialize)?;
        Ok(Self(bytes))
    }

    /// Where a list's keys begin, and how many they are.
    fn place(&self, list: usize) -> (usize, usize) {
        let mut at = 0;
        for _ in 0..list {
            at += COUNT + KEY * self.count_at(at);
        }
        (at + COUNT, self.count_at(at))
    }

    fn count_at(&self, at: usize) -> usize {
        let mut count = [0; COUNT];
        count.copy_from_slice(&self.0[at..at + COUNT]);
        u32::from_le_bytes(count) as usize
    }

    /// Where the tail lies.
    fn end(&self) -> usize {
        let (at, count) = self.place(LISTS - 1);
        at + KEY * count
    }

    /// Who is in the list.
    pub fn keys(&self, list: List) -> &[Address] {
        let (at, count) = self.place(list as usize);
        // SAFETY: `open` saw that the list lies in the bytes, and an address is any 32 bytes at any place.
        unsafe { core::slice::from_raw_parts(self.0[at..at + KEY * count].as_ptr().cast(), count) }
    }

    /// How many are in all the lists.
    pub fn total(&self) -> usize {
        (self.end() - LISTS * COUNT) / KEY
    }

    /// Puts a key into the list, once; there must be room. Returns how many are in it then.
    pub fn add(&mut self, list: List, key: &Address) -> Result<usize, Anchor> {
        let (at, count) = self.place(list as usize);
        let Err(place) = self.keys(list).binary_search(key) else { return Ok(count) };
        let (here, end) = (at + KEY * place, self.end() + TAIL);
        require(end + KEY <= self.0.len(), Anchor::AccountDidNotDeserialize)?;
        self.0.copy_within(here..end, here + KEY);
        self.0[here..here + KEY].copy_from_slice(key.as_array());
        self.set_count(at, count + 1);
        Ok(count + 1)
    }

    /// Takes a key out of the list, if it is there.
    pub fn remove(&mut self, list: List, key: &Address) {
        let (at, count) = self.place(list as usize);
        if let Ok(place) = self.keys(list).binary_search(key) {
            let (here, end) = (at + KEY * place, self.end() + TAIL);
            self.0.copy_within(here + KEY..end, here);
            self.0[end - KEY..end].fill(0);
            self.set_count(at, count - 1);
        }
    }

    fn set_count(&mut self, at: usize, count: usize) {
        self.0[at - COUNT..at].copy_from_slice(&(count as u32).to_le_bytes());
    }

    /// What is behind the lists.
    pub fn tail(&self) -> [u8; TAIL] {
        let (mut tail, end) = ([0; TAIL], self.end());
        tail.copy_from_slice(&self.0[end..end + TAIL]);
        tail
    }

    pub fn set_tail(&mut self, tail: [u8; TAIL]) {
        let end = self.end();
        self.0[end..end + TAIL].copy_from_slice(&tail);
    }

    /// Takes out of the list whoever is not to stay.
    pub fn retain(&mut self, list: List, stays: impl Fn(&Address) -> bool) {
        while let Some(leaves) = self.keys(list).iter().find(|key| !stays(key)).copied() {
            self.remove(list, &leaves);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use List::{Approved, Cancelled, Rejected};

    fn key(byte: u8) -> Address {
        Address::from([byte; 32])
    }

    #[test]
    fn lists_are_sorted_apart_and_keep_what_follows() {
        let mut bytes = [0; Votes::<1>::length(5)];
        let mut votes = Votes::<1>::open(&mut bytes).expect("long enough");
        votes.set_tail([7]);
        assert_eq!(votes.add(Cancelled, &key(3)), Ok(1));
        assert_eq!(votes.add(Approved, &key(9)), Ok(1));
        assert_eq!(votes.add(Approved, &key(2)), Ok(2));
        assert_eq!(votes.add(Approved, &key(2)), Ok(2));
        assert_eq!(votes.add(Rejected, &key(5)), Ok(1));
        assert_eq!(votes.keys(Approved), &[key(2), key(9)]);
        votes.remove(Approved, &key(2));
        votes.remove(Approved, &key(4));
        assert_eq!(votes.keys(Approved), &[key(9)]);
        assert_eq!(votes.keys(Rejected), &[key(5)]);
        assert_eq!(votes.keys(Cancelled), &[key(3)]);
        assert_eq!((votes.total(), votes.tail()), (3, [7]));
    }

    #[test]
    fn a_vote_without_room_is_refused() {
        let mut bytes = [0; Votes::<1>::length(1)];
        let mut votes = Votes::<1>::open(&mut bytes).expect("long enough");
        assert_eq!(votes.add(Approved, &key(1)), Ok(1));
        assert_eq!(votes.add(Rejected, &key(2)), Err(Anchor::AccountDidNotDeserialize));
    }

    #[test]
    fn lists_beyond_the_account_are_refused() {
        for length in 0..Votes::<1>::length(0) {
            assert!(Votes::<1>::open(&mut [0; Votes::<1>::length(0)][..length]).is_err());
        }
        assert!(Votes::<1>::open(&mut [0xff; 64]).is_err());
    }
}
