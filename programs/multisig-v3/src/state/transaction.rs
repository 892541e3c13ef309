use super::Multisig;
use crate::{
    address::{SQUAD, TRANSACTION},
    errors::Error,
};
use interface::{
    address::is_derived,
    data::{begin, open},
    errors::{at_fault, require, require_of},
    votes::Votes,
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\xb6\x97\x68\xd8\xff\x01\x13\x9d";

/// Where a transaction stands.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Instructions are being added.
    Draft,
    /// Members vote.
    Active,
    /// Enough approved.
    ExecuteReady,
    Executed,
    /// So many rejected that enough can no longer approve.
    Rejected,
    /// Enough called it off after it was ready.
    Cancelled,
}

/// What lies between the discriminator and the votes.
#[repr(C)]
struct Head {
    creator: Address,
    multisig: Address,
    index: [u8; 4],
    authority_index: [u8; 4],
    authority_bump: u8,
    status: u8,
    instruction_index: u8,
    bump: u8,
}

const HEAD: usize = 76;
/// Behind the votes: the number of the last instruction that was executed alone, 0 when none was.
const TAIL: usize = 1;
const _: () = assert!(size_of::<Head>() == HEAD && align_of::<Head>() == 1);

/// What the members vote on, and their votes.
pub struct Transaction<'a> {
    head: &'a mut Head,
    pub votes: Votes<'a, TAIL>,
}

/// What a transaction begins with.
pub struct Opening<'a> {
    pub creator: &'a Address,
    pub multisig: &'a Address,
    pub index: u32,
    pub authority_index: u32,
    pub authority_bump: u8,
    pub bump: u8,
}

impl<'a> Transaction<'a> {
    /// Bytes of an account with so many votes in its lists.
    pub const fn length(votes: usize) -> usize {
        8 + HEAD + Votes::<TAIL>::length(votes)
    }

    /// A new draft, over zeros.
    pub fn begin(view: &'a AccountView, opening: &Opening) -> Result<Self, Anchor> {
        let transaction = Self::split(begin(view, &DISCRIMINATOR)?)?;
        *transaction.head = Head {
            creator: *opening.creator,
            multisig: *opening.multisig,
            index: opening.index.to_le_bytes(),
            authority_index: opening.authority_index.to_le_bytes(),
            authority_bump: opening.authority_bump,
            status: Status::Draft as u8,
            instruction_index: 0,
            bump: opening.bump,
        };
        Ok(transaction)
    }

    /// The transaction of an account, checked to be the multisig's and at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, multisig: &AccountView, program: &Address) -> Outcome<Self> {
        let data = open("transaction", view, &DISCRIMINATOR, program)?;
        let transaction = Self::split(data).map_err(|error| at_fault("transaction", error))?;
        let head = &transaction.head;
        let seeds = [SQUAD, multisig.address().as_array(), &head.index, TRANSACTION];
        let derived = is_derived(view.address(), &seeds, head.bump, program);
        require_of("transaction", derived, Anchor::ConstraintSeeds)?;
        Ok(transaction)
    }

    fn split(data: &'a mut [u8]) -> Result<Self, Anchor> {
        let (head, votes) = data.split_first_chunk_mut::<HEAD>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        Ok(Self { head, votes: Votes::open(votes)? })
    }

    /// Refuses anybody but the creator.
    pub fn only_creator(&self, view: &AccountView) -> Outcome {
        require_of("creator", self.head.creator == *view.address(), Anchor::ConstraintRaw)
    }

    /// Refuses another status.
    pub fn must_be(&self, status: Status) -> Result<(), Error> {
        require(self.head.status == status as u8, Error::InvalidTransactionState)
    }

    /// Refuses what the members may not decide on any more, because they or their threshold changed.
    pub fn must_be_current(&self, multisig: &Multisig) -> Result<(), Error> {
        multisig.must_not_predate_change(u32::from_le_bytes(self.head.index))
    }

    pub fn set(&mut self, status: Status) {
        self.head.status = status as u8;
    }

    /// How many instructions it has.
    pub fn instruction_index(&self) -> u8 {
        self.head.instruction_index
    }

    /// The number of the next instruction, which becomes the last.
    pub fn next_instruction(&mut self) -> Result<u8, Error> {
        let next = self.head.instruction_index.checked_add(1);
        self.head.instruction_index = next.ok_or(Error::InvalidTransactionState)?;
        Ok(self.head.instruction_index)
    }

    /// The authority that signs, as it lies in the seeds, and its bump. Authority 0 is the multisig itself.
    pub fn authority(&self) -> ([u8; 4], u8) {
        (self.head.authority_index, self.head.authority_bump)
    }
    /// The number of the last instruction that was executed alone, 0 when none was.
    pub fn executed_index(&self) -> u8 {
        let [index] = self.votes.tail();
        index
    }

    pub fn set_executed_index(&mut self, index: u8) {
        self.votes.set_tail([index]);
    }
}
