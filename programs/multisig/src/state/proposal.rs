use super::Multisig;
use crate::{
    address::{MULTISIG, PROPOSAL, TRANSACTION},
    clock::now,
    errors::Error,
};
use interface::{
    address::is_derived,
    data::{begin, open},
    errors::{at_fault, require, require_of},
    votes::{List, Votes},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\x1a\x5e\xbd\xbb\x74\x88\x35\x21";

/// Where a proposal stands. The interface's fifth, Executing, is of releases that are gone: it has no time, and nothing here
/// reads or writes it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Nobody votes yet.
    Draft = 0,
    /// Members vote.
    Active = 1,
    /// So many rejected that enough can no longer approve.
    Rejected = 2,
    /// Enough approved.
    Approved = 3,
    Executed = 5,
    /// Enough called it off after it was approved.
    Cancelled = 6,
}

const LAST: u8 = 6;
const EXECUTING: u8 = 4;

/// What lies between the discriminator and the votes.
#[repr(C)]
struct Head {
    multisig: Address,
    index: [u8; 8],
    status: u8,
    since: [u8; 8],
    bump: u8,
}

const HEAD: usize = 50;
const _: () = assert!(size_of::<Head>() == HEAD && align_of::<Head>() == 1);

/// What the members say of one transaction.
pub struct Proposal<'a> {
    head: &'a mut Head,
    pub votes: Votes<'a, 0>,
}

impl<'a> Proposal<'a> {
    /// Bytes of an account in which so many members can be in each list.
    pub const fn length(members: usize) -> usize {
        8 + HEAD + Votes::<0>::length(3 * members)
    }

    /// A new one, over zeros.
    pub fn begin(view: &'a AccountView, multisig: &Address, index: u64, bump: u8) -> Outcome<Self> {
        let proposal = Self::split(begin(view, &DISCRIMINATOR)?)?;
        proposal.head.multisig = *multisig;
        proposal.head.index = index.to_le_bytes();
        proposal.head.bump = bump;
        Ok(proposal)
    }

    /// The proposal of an account, checked to be the multisig's and at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, multisig: &AccountView, program: &Address) -> Outcome<Self> {
        let data = open("proposal", view, &DISCRIMINATOR, program)?;
        let proposal = Self::split(data).map_err(|error| at_fault("proposal", error))?;
        let head = &proposal.head;
        require_of(
            "proposal",
            head.status <= LAST && head.status != EXECUTING,
            Anchor::AccountDidNotDeserialize,
        )?;
        let seeds = [MULTISIG, multisig.address().as_array(), TRANSACTION, &head.index, PROPOSAL];
        let derived = is_derived(view.address(), &seeds, head.bump, program);
        require_of("proposal", derived, Anchor::ConstraintSeeds)?;
        Ok(proposal)
    }

    fn split(data: &'a mut [u8]) -> Result<Self, Anchor> {
        let (head, votes) = data.split_first_chunk_mut::<HEAD>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        Ok(Self { head, votes: Votes::open(votes)? })
    }

    pub fn index(&self) -> u64 {
        u64::from_le_bytes(self.head.index)
    }

    pub fn is(&self, status: Status) -> bool {
        self.head.status == status as u8
    }

    /// Refuses another status.
    pub fn must_be(&self, status: Status) -> Result<(), Error> {
        require(self.is(status), Error::InvalidProposalStatus)
    }

    /// Refuses what was made before members, threshold or time lock changed.
    pub fn must_be_current(&self, multisig: &Multisig) -> Result<(), Error> {
        require(!multisig.is_stale(self.index()), Error::StaleProposal)
    }

    /// From now on.
    pub fn set(&mut self, status: Status) -> Outcome {
        self.head.since = now()?.to_le_bytes();
        self.head.status = status as u8;
        Ok(())
    }

    /// Refuses what is not approved, or not for long enough.
    pub fn must_be_released(&self, multisig: &Multisig) -> Outcome {
        self.must_be(Status::Approved)?;
        let since = i64::from_le_bytes(self.head.since);
        let waited = now()?.checked_sub(since);
        let released = waited.is_some_and(|waited| waited >= i64::from(multisig.time_lock()));
        Ok(require(released, Error::TimeLockNotReleased)?)
    }

    /// Counts a vote on the list, takes it off the other, and returns how many are on it; `twice` refuses the same again.
    #[inline(always)]
    pub fn count(&mut self, list: List, other: Option<List>, key: &Address, twice: Error) -> Outcome<usize> {
        require(self.votes.keys(list).binary_search(key).is_err(), twice)?;
        if let Some(other) = other {
            self.votes.remove(other, key);
        }
        Ok(self.votes.add(list, key)?)
    }
}
