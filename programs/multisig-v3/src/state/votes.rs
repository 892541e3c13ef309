use crate::errors::{require, Error};
use pinocchio::Address;

/// The end of a transaction: three lists of members, each sorted and with its count before it, and the number of the last
/// instruction that was executed alone.
pub struct Votes<'a>(&'a mut [u8]);

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

impl<'a> Votes<'a> {
    /// Bytes for so many keys in all.
    pub const fn length(keys: usize) -> usize {
        LISTS * COUNT + KEY * keys + 1
    }

    /// Over an account's bytes; refuses lists that end beyond them.
    pub fn open(bytes: &'a mut [u8]) -> Result<Self, Error> {
        let mut at = 0;
        for _ in 0..LISTS {
            let count = bytes.get(at..).and_then(|rest| rest.first_chunk::<COUNT>());
            at += COUNT + KEY * u32::from_le_bytes(*count.ok_or(Error::AccountDidNotDeserialize)?) as usize;
        }
        require(at < bytes.len(), Error::AccountDidNotDeserialize)?;
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

    /// Where the executed index lies: behind the lists.
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
    pub fn add(&mut self, list: List, key: &Address) -> Result<usize, Error> {
        let (at, count) = self.place(list as usize);
        let Err(place) = self.keys(list).binary_search(key) else { return Ok(count) };
        let (here, end) = (at + KEY * place, self.end() + 1);
        require(end + KEY <= self.0.len(), Error::AccountDidNotDeserialize)?;
        self.0.copy_within(here..end, here + KEY);
        self.0[here..here + KEY].copy_from_slice(key.as_array());
        self.set_count(at, count + 1);
        Ok(count + 1)
    }

    /// Takes a key out of the list, if it is there.
    pub fn remove(&mut self, list: List, key: &Address) {
        let (at, count) = self.place(list as usize);
        if let Ok(place) = self.keys(list).binary_search(key) {
            let (here, end) = (at + KEY * place, self.end() + 1);
            self.0.copy_within(here + KEY..end, here);
            self.0[end - KEY..end].fill(0);
            self.set_count(at, count - 1);
        }
    }

    fn set_count(&mut self, at: usize, count: usize) {
        self.0[at - COUNT..at].copy_from_slice(&(count as u32).to_le_bytes());
    }

    /// The number of the last instruction that was executed alone, 0 when none was.
    pub fn executed_index(&self) -> u8 {
        self.0[self.end()]
    }

    pub fn set_executed_index(&mut self, index: u8) {
        let end = self.end();
        self.0[end] = index;
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
        let mut bytes = [0; Votes::length(5)];
        let mut votes = Votes::open(&mut bytes).expect("long enough");
        votes.set_executed_index(7);
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
        assert_eq!((votes.total(), votes.executed_index()), (3, 7));
    }

    #[test]
    fn a_vote_without_room_is_refused() {
        let mut bytes = [0; Votes::length(1)];
        let mut votes = Votes::open(&mut bytes).expect("long enough");
        assert_eq!(votes.add(Approved, &key(1)), Ok(1));
        assert_eq!(votes.add(Rejected, &key(2)), Err(Error::AccountDidNotDeserialize));
    }

    #[test]
    fn lists_beyond_the_account_are_refused() {
        for length in 0..Votes::length(0) {
            assert!(Votes::open(&mut [0; Votes::length(0)][..length]).is_err());
        }
        assert!(Votes::open(&mut [0xff; 64]).is_err());
    }
}
