use crate::{
    address::{MULTISIG, SQUAD},
    errors::Error,
};
use interface::{
    address::is_derived,
    data::{begin, open},
    errors::{at_fault, require, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\x46\x76\x09\x6c\xfe\xd7\x1f\x78";

/// Nobody's vote may be lost for want of room: a transaction whose three lists hold every member still fits into the 10,240
/// bytes that a program may allocate.
pub const MOST_MEMBERS: usize = 105;

/// What lies between the discriminator and the members.
#[repr(C)]
struct Head {
    threshold: [u8; 2],
    authority_index: [u8; 2],
    transaction_index: [u8; 4],
    change_index: [u8; 4],
    bump: u8,
    create_key: Address,
    /// Always 0: only members execute.
    allow_external_execute: u8,
    count: [u8; 4],
}

const HEAD: usize = 50;
const _: () = assert!(size_of::<Head>() == HEAD && align_of::<Head>() == 1);

/// The members, sorted, and how many of them decide.
pub struct Multisig<'a> {
    head: &'a mut Head,
    /// Room for members, of which the first `count` are.
    room: &'a mut [Address],
}

impl<'a> Multisig<'a> {
    /// Bytes of an account with so many members.
    pub const fn length(members: usize) -> usize {
        8 + HEAD + 32 * members
    }

    /// A new one without members, over zeros.
    pub fn begin(view: &'a AccountView, create_key: &Address, bump: u8) -> Result<Self, Anchor> {
        let multisig = Self::split(begin(view, &DISCRIMINATOR)?).ok_or(Anchor::AccountDidNotDeserialize)?;
        multisig.head.create_key = *create_key;
        multisig.head.bump = bump;
        multisig.head.authority_index = 1u16.to_le_bytes();
        Ok(multisig)
    }

    /// The multisig of an account, checked to be at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, program: &Address) -> Outcome<Self> {
        let data = open("multisig", view, &DISCRIMINATOR, program)?;
        let multisig =
            Self::split(data).ok_or_else(|| at_fault("multisig", Anchor::AccountDidNotDeserialize))?;
        let derived = is_derived(view.address(), &multisig.seeds(), multisig.bump(), program);
        require_of("multisig", derived, Anchor::ConstraintSeeds)?;
        Ok(multisig)
    }

    fn split(data: &'a mut [u8]) -> Option<Self> {
        let (head, room) = data.split_first_chunk_mut::<HEAD>()?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        // SAFETY: an address is any 32 bytes at any place.
        let room = unsafe { core::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), room.len() / 32) };
        let multisig = Self { head, room };
        (multisig.count() <= multisig.room.len()).then_some(multisig)
    }

    pub fn create_key(&self) -> &Address {
        &self.head.create_key
    }

    /// The seeds of its address, without the bump.
    fn seeds(&self) -> [&[u8]; 3] {
        [SQUAD, self.head.create_key.as_array(), MULTISIG]
    }

    pub fn bump(&self) -> u8 {
        self.head.bump
    }

    fn count(&self) -> usize {
        u32::from_le_bytes(self.head.count) as usize
    }

    /// The members in order.
    pub fn keys(&self) -> &[Address] {
        &self.room[..self.count()]
    }

    /// Whether another member fits into the account as it is.
    pub fn has_room(&self) -> bool {
        self.count() < self.room.len()
    }

    /// How many members decide.
    pub fn threshold(&self) -> usize {
        u16::from_le_bytes(self.head.threshold) as usize
    }

    /// The last transaction that was created.
    pub fn transaction_index(&self) -> u32 {
        u32::from_le_bytes(self.head.transaction_index)
    }

    /// The index of the next transaction, which becomes the last.
    pub fn next_transaction(&mut self) -> Result<u32, Error> {
        let next = self.transaction_index().checked_add(1).ok_or(Error::InvalidTransactionState)?;
        self.head.transaction_index = next.to_le_bytes();
        Ok(next)
    }

    /// The highest authority that a transaction may sign as.
    pub fn authority_index(&self) -> u16 {
        u16::from_le_bytes(self.head.authority_index)
    }

    /// One authority more.
    pub fn add_authority(&mut self) -> Result<(), Error> {
        let next = self.authority_index().checked_add(1).ok_or(Error::InvalidAuthorityIndex)?;
        self.head.authority_index = next.to_le_bytes();
        Ok(())
    }

    /// Refuses anybody but a member.
    pub fn only_member(&self, view: &AccountView) -> Outcome {
        let member = self.keys().binary_search(view.address()).is_ok();
        require_of("member", member, Error::KeyNotInMultisig)
    }

    /// Refuses a transaction from before the last change of members or threshold.
    pub fn must_not_predate_change(&self, index: u32) -> Result<(), Error> {
        require(index > u32::from_le_bytes(self.head.change_index), Error::DeprecatedTransaction)
    }

    /// Whether so many rejections make the threshold unreachable.
    pub fn is_blocked_by(&self, rejections: usize) -> bool {
        rejections > self.count() - self.threshold()
    }

    /// Adds a member in its place; whoever is one already stays one. The account must have room.
    pub fn insert(&mut self, key: &Address) -> Result<(), Error> {
        let Err(place) = self.keys().binary_search(key) else { return Ok(()) };
        let count = self.count();
        require(count < MOST_MEMBERS && self.has_room(), Error::MaxMembersReached)?;
        self.room.copy_within(place..count, place + 1);
        self.room[place] = *key;
        self.set_count(count + 1);
        Ok(())
    }

    /// Removes a member, but not the last one; a threshold that is then out of reach comes down to all of them.
    pub fn remove(&mut self, key: &Address) -> Result<(), Error> {
        let place = self.keys().binary_search(key).map_err(|_| Error::KeyNotInMultisig)?;
        let count = self.count();
        require(count > 1, Error::CannotRemoveSoloMember)?;
        self.room.copy_within(place + 1..count, place);
        self.room[count - 1] = Address::default();
        self.set_count(count - 1);
        if self.threshold() > self.count() {
            self.write_threshold(self.count() as u16);
        }
        Ok(())
    }

    fn set_count(&mut self, count: usize) {
        self.head.count = (count as u32).to_le_bytes();
    }

    fn write_threshold(&mut self, threshold: u16) {
        self.head.threshold = threshold.to_le_bytes();
    }

    /// Sets the threshold that a multisig begins with: at least 1, at most all.
    pub fn begin_threshold(&mut self, threshold: u16) -> Result<(), Error> {
        let in_range = (1..=self.count()).contains(&usize::from(threshold));
        require(in_range, Error::InvalidThreshold)?;
        self.write_threshold(threshold);
        Ok(())
    }

    /// Changes the threshold; one that is above the number of members becomes that number.
    pub fn change_threshold(&mut self, threshold: u16) -> Result<(), Error> {
        self.begin_threshold(threshold.min(self.count() as u16))
    }

    /// Makes every transaction that exists stale: its votes were given under other rules.
    pub fn mark_change(&mut self) {
        self.head.change_index = self.head.transaction_index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(data: &'a mut [u8], members: &[u8], threshold: u16) -> Multisig<'a> {
        let mut multisig = Multisig::split(data).expect("long enough");
        for member in members {
            multisig.insert(&Address::from([*member; 32])).expect("room");
        }
        multisig.begin_threshold(threshold).expect("in range");
        multisig
    }

    fn firsts(multisig: &Multisig) -> [u8; 4] {
        let mut firsts = [0; 4];
        firsts.iter_mut().zip(multisig.keys()).for_each(|(first, key)| *first = key.as_array()[0]);
        firsts
    }

    #[test]
    fn members_are_kept_sorted_and_once() {
        let mut data = [0; HEAD + 4 * 32];
        let mut multisig = with(&mut data, &[5, 1, 9, 5], 2);
        assert_eq!(firsts(&multisig), [1, 5, 9, 0]);
        multisig.remove(&Address::from([5; 32])).expect("a member");
        multisig.insert(&Address::from([7; 32])).expect("room");
        assert_eq!(firsts(&multisig), [1, 7, 9, 0]);
        assert_eq!(multisig.remove(&Address::from([5; 32])), Err(Error::KeyNotInMultisig));
    }

    #[test]
    fn the_threshold_never_exceeds_the_members() {
        let mut data = [0; HEAD + 3 * 32];
        let mut multisig = with(&mut data, &[1, 2, 3], 3);
        multisig.remove(&Address::from([1; 32])).expect("a member");
        assert_eq!(multisig.threshold(), 2);
        multisig.change_threshold(u16::MAX).expect("clamped");
        assert_eq!(multisig.threshold(), 2);
        assert_eq!(multisig.change_threshold(0), Err(Error::InvalidThreshold));
        multisig.remove(&Address::from([2; 32])).expect("a member");
        assert_eq!(multisig.remove(&Address::from([3; 32])), Err(Error::CannotRemoveSoloMember));
        assert_eq!(multisig.threshold(), 1);
    }

    #[test]
    fn one_rejection_more_than_can_be_spared_blocks() {
        let mut data = [0; HEAD + 3 * 32];
        let multisig = with(&mut data, &[1, 2, 3], 2);
        assert!(!multisig.is_blocked_by(1) && multisig.is_blocked_by(2));
    }
}
