use crate::{address::MULTISIG, errors::Error};
use interface::{
    address::is_derived,
    arguments::Plain,
    data::{begin, open},
    errors::{at_fault, require, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\xe0\x74\x79\xba\x44\xa1\x4f\xec";

/// May propose.
pub const INITIATE: u8 = 1;
/// May approve, reject and call off.
pub const VOTE: u8 = 2;
/// May execute.
pub const EXECUTE: u8 = 4;
const EVERY: u8 = INITIATE | VOTE | EXECUTE;

/// Nobody's vote may be lost for want of room: a proposal whose three lists hold every member still fits into the 10,240
/// bytes that a program may allocate.
pub const MOST_MEMBERS: usize = 105;
/// Three months, in seconds.
pub const LONGEST_TIME_LOCK: u32 = 90 * 24 * 60 * 60;

/// Who may do what.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Member {
    pub key: Address,
    pub mask: u8,
}

const MEMBER: usize = 33;
const _: () = assert!(size_of::<Member>() == MEMBER && align_of::<Member>() == 1);
// SAFETY: alignment 1, no padding, any bytes are one.
unsafe impl Plain for Member {}

/// What lies before the rent collector.
#[repr(C)]
struct Head {
    create_key: Address,
    config_authority: Address,
    threshold: [u8; 2],
    time_lock: [u8; 4],
    transaction_index: [u8; 8],
    stale_index: [u8; 8],
}

const HEAD: usize = 86;
const _: () = assert!(size_of::<Head>() == HEAD && align_of::<Head>() == 1);
const KEY: usize = 32;

/// The members, sorted, what each may do, and how many of them decide.
///
/// `rest` is the rent collector, which is a byte or 33, the bump, and the members with their count. Room for a rent
/// collector is always there.
pub struct Multisig<'a> {
    head: &'a mut Head,
    rest: &'a mut [u8],
}

impl<'a> Multisig<'a> {
    /// Bytes of an account with so many members.
    pub const fn length(members: usize) -> usize {
        8 + HEAD + 1 + KEY + 1 + 4 + MEMBER * members
    }

    /// A new one without members, over zeros.
    pub fn begin(view: &'a AccountView, create_key: &Address, bump: u8) -> Outcome<Self> {
        let multisig = Self::split(begin(view, &DISCRIMINATOR)?)?;
        multisig.head.create_key = *create_key;
        multisig.rest[1] = bump;
        Ok(multisig)
    }

    /// The multisig of an account, checked to be at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, program: &Address) -> Outcome<Self> {
        let data = open("multisig", view, &DISCRIMINATOR, program)?;
        let multisig = Self::split(data).map_err(|error| at_fault("multisig", error))?;
        let whole = multisig.members_at() + MEMBER * multisig.count() <= multisig.rest.len();
        require_of("multisig", whole, Anchor::AccountDidNotDeserialize)?;
        let seeds = [MULTISIG, MULTISIG, multisig.head.create_key.as_array()];
        let derived = is_derived(view.address(), &seeds, multisig.rest[multisig.bump_at()], program);
        require_of("multisig", derived, Anchor::ConstraintSeeds)?;
        Ok(multisig)
    }

    fn split(data: &'a mut [u8]) -> Result<Self, Anchor> {
        let (head, rest) = data.split_first_chunk_mut::<HEAD>().ok_or(Anchor::AccountDidNotDeserialize)?;
        require(rest.len() >= Self::length(0) - 8 - HEAD && rest[0] <= 1, Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        Ok(Self { head, rest })
    }

    fn bump_at(&self) -> usize {
        if self.rest[0] == 0 {
            1
        } else {
            1 + KEY
        }
    }

    fn members_at(&self) -> usize {
        self.bump_at() + 5
    }

    /// How many members there are.
    pub fn count(&self) -> usize {
        let (mut count, at) = ([0; 4], self.bump_at() + 1);
        count.copy_from_slice(&self.rest[at..at + 4]);
        u32::from_le_bytes(count) as usize
    }

    pub fn members(&self) -> &[Member] {
        let (at, count) = (self.members_at(), self.count());
        // SAFETY: `load` saw that they lie in the bytes, and any bytes make a `Member`, whose alignment is 1.
        unsafe { core::slice::from_raw_parts(self.rest[at..at + MEMBER * count].as_ptr().cast(), count) }
    }

    /// The members who vote.
    pub fn voters(&self) -> usize {
        self.members().iter().filter(|member| member.mask & VOTE != 0).count()
    }

    fn place(&self, key: &Address) -> Result<usize, usize> {
        self.members().binary_search_by(|member| member.key.cmp(key))
    }

    /// Refuses whoever is not a member, and a member who may not do this.
    pub fn only(&self, view: &AccountView, role: u8) -> Result<(), Error> {
        let place = self.place(view.address()).map_err(|_| Error::NotAMember)?;
        require(self.members()[place].mask & role != 0, Error::Unauthorized)
    }

    pub fn has(&self, key: &Address) -> bool {
        self.place(key).is_ok()
    }

    /// A new member, for whom there is room.
    pub fn insert(&mut self, member: &Member) -> Outcome {
        let Err(place) = self.place(&member.key) else { return Err(Error::DuplicateMember.into()) };
        let count = self.count();
        require(count < MOST_MEMBERS, Error::TooManyMembers)?;
        let (here, end) = (self.members_at() + MEMBER * place, self.members_at() + MEMBER * count);
        require(end + MEMBER <= self.rest.len(), Anchor::AccountDidNotDeserialize)?;
        self.rest.copy_within(here..end, here + MEMBER);
        self.rest[here..here + KEY].copy_from_slice(member.key.as_array());
        self.rest[here + KEY] = member.mask;
        self.set_count(count + 1);
        Ok(())
    }

    /// One member less; never the last.
    pub fn remove(&mut self, key: &Address) -> Result<(), Error> {
        let count = self.count();
        require(count > 1, Error::RemoveLastMember)?;
        let place = self.place(key).map_err(|_| Error::NotAMember)?;
        let (here, end) = (self.members_at() + MEMBER * place, self.members_at() + MEMBER * count);
        self.rest.copy_within(here + MEMBER..end, here);
        self.rest[end - MEMBER..end].fill(0);
        self.set_count(count - 1);
        Ok(())
    }

    fn set_count(&mut self, count: usize) {
        let at = self.bump_at() + 1;
        self.rest[at..at + 4].copy_from_slice(&(count as u32).to_le_bytes());
    }

    /// Refuses what no multisig may be, after it was changed.
    pub fn check(&self) -> Result<(), Error> {
        let (mut proposers, mut voters, mut executors) = (0, 0, 0);
        for member in self.members() {
            require(member.mask <= EVERY, Error::UnknownPermission)?;
            proposers += usize::from(member.mask & INITIATE != 0);
            voters += usize::from(member.mask & VOTE != 0);
            executors += usize::from(member.mask & EXECUTE != 0);
        }
        require(self.count() > 0, Error::EmptyMembers)?;
        require(proposers > 0, Error::NoProposers)?;
        require(executors > 0, Error::NoExecutors)?;
        require(voters > 0, Error::NoVoters)?;
        require((1..=voters).contains(&usize::from(self.threshold())), Error::InvalidThreshold)?;
        require(self.time_lock() <= LONGEST_TIME_LOCK, Error::TimeLockExceedsMaxAllowed)
    }

    /// As many approvals decide.
    pub fn threshold(&self) -> u16 {
        u16::from_le_bytes(self.head.threshold)
    }

    pub fn set_threshold(&mut self, threshold: u16) {
        self.head.threshold = threshold.to_le_bytes();
    }

    /// As many rejections leave too few who could approve.
    pub fn cutoff(&self) -> usize {
        self.voters() + 1 - usize::from(self.threshold()).min(self.voters())
    }

    /// Seconds between approval and execution.
    pub fn time_lock(&self) -> u32 {
        u32::from_le_bytes(self.head.time_lock)
    }

    pub fn set_time_lock(&mut self, seconds: u32) {
        self.head.time_lock = seconds.to_le_bytes();
    }

    pub fn transaction_index(&self) -> u64 {
        u64::from_le_bytes(self.head.transaction_index)
    }

    /// The next transaction's index, which becomes the last.
    pub fn next_index(&mut self) -> u64 {
        // Nobody counts to 2^64.
        let next = self.transaction_index().wrapping_add(1);
        self.head.transaction_index = next.to_le_bytes();
        next
    }

    /// Whether the transaction was there when members, threshold or time lock changed last.
    pub fn is_stale(&self, index: u64) -> bool {
        index <= u64::from_le_bytes(self.head.stale_index)
    }

    /// Members who decided so far were others, or fewer: nobody votes on what is there any more.
    pub fn make_stale(&mut self) {
        self.head.stale_index = self.head.transaction_index;
    }

    /// Who changes it without anybody's vote; nobody where it is zero.
    pub fn config_authority(&self) -> Option<&Address> {
        (self.head.config_authority != Address::default()).then_some(&self.head.config_authority)
    }

    /// Refuses anybody but the config authority.
    pub fn only_config_authority(&self, view: &AccountView) -> Outcome {
        let theirs = self.config_authority() == Some(view.address());
        require_of("config_authority", theirs, Error::Unauthorized)
    }

    pub fn set_config_authority(&mut self, key: &Address) {
        self.head.config_authority = *key;
    }

    /// Who gets the rent of what is closed; nothing is closed where there is none.
    pub fn rent_collector(&self) -> Option<Address> {
        let mut key = [0; KEY];
        key.copy_from_slice(&self.rest[1..1 + KEY]);
        (self.rest[0] == 1).then(|| Address::from(key))
    }

    pub fn set_rent_collector(&mut self, collector: Option<&Address>) {
        let (from, end) = (self.bump_at(), self.members_at() + MEMBER * self.count());
        let to = if collector.is_some() { 1 + KEY } else { 1 };
        self.rest.copy_within(from..end, to);
        if to < from {
            self.rest[end - KEY..end].fill(0);
        }
        self.rest[0] = u8::from(collector.is_some());
        if let Some(key) = collector {
            self.rest[1..1 + KEY].copy_from_slice(key.as_array());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Address {
        Address::from([byte; 32])
    }

    fn member(byte: u8, mask: u8) -> Member {
        Member { key: key(byte), mask }
    }

    #[test]
    fn members_keep_their_order_while_the_rent_collector_comes_and_goes() {
        let mut bytes = [0; Multisig::length(3) - 8];
        let mut multisig = Multisig::split(&mut bytes).expect("long enough");
        multisig.rest[1] = 254;
        for one in [member(9, VOTE), member(2, INITIATE), member(5, EXECUTE)] {
            multisig.insert(&one).expect("there is room");
        }
        assert!(multisig.insert(&member(7, VOTE)).is_err());
        assert!(multisig.insert(&member(5, VOTE)).is_err());
        let keys =
            |multisig: &Multisig| multisig.members().iter().map(|one| one.key.as_array()[0]).sum::<u8>();
        for collector in [Some(key(77)), Some(key(78)), None, None, Some(key(1))] {
            multisig.set_rent_collector(collector.as_ref());
            assert_eq!(multisig.rent_collector(), collector);
            assert_eq!(multisig.rest[multisig.bump_at()], 254);
            assert_eq!((multisig.count(), keys(&multisig)), (3, 16));
            assert!(multisig.members().is_sorted_by_key(|one| one.key));
        }
        multisig.remove(&key(5)).expect("a member");
        assert_eq!(multisig.remove(&key(5)), Err(Error::NotAMember));
        multisig.remove(&key(2)).expect("a member");
        assert_eq!(multisig.remove(&key(9)), Err(Error::RemoveLastMember));
    }

    #[test]
    fn a_multisig_that_nobody_could_use_is_refused() {
        let mut bytes = [0; Multisig::length(2) - 8];
        let mut multisig = Multisig::split(&mut bytes).expect("long enough");
        assert_eq!(multisig.check(), Err(Error::EmptyMembers));
        multisig.insert(&member(1, VOTE | INITIATE)).expect("there is room");
        assert_eq!(multisig.check(), Err(Error::NoExecutors));
        multisig.insert(&member(2, EXECUTE)).expect("there is room");
        assert_eq!(multisig.check(), Err(Error::InvalidThreshold));
        multisig.set_threshold(2);
        assert_eq!(multisig.check(), Err(Error::InvalidThreshold));
        multisig.set_threshold(1);
        multisig.set_time_lock(LONGEST_TIME_LOCK + 1);
        assert_eq!(multisig.check(), Err(Error::TimeLockExceedsMaxAllowed));
        multisig.set_time_lock(LONGEST_TIME_LOCK);
        assert_eq!(multisig.check(), Ok(()));
    }
}
