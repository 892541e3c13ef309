//! Changes of a multisig that its members vote on.

use super::{Limit, Member, Multisig};
use crate::errors::Error;
use interface::{arguments::Arguments, Anchor, Outcome};
use pinocchio::Address;

/// One change.
#[derive(Clone, Copy)]
pub enum Action<'a> {
    AddMember(&'a Member),
    RemoveMember(&'a Address),
    ChangeThreshold(u16),
    SetTimeLock(u32),
    AddSpendingLimit(Limit<'a>),
    RemoveSpendingLimit(&'a Address),
    SetRentCollector(Option<&'a Address>),
}

impl<'a> Action<'a> {
    fn read(arguments: &mut Arguments<'a>) -> Result<Self, Anchor> {
        Ok(match arguments.u8()? {
            0 => match arguments.list(1)? {
                [member] => Self::AddMember(member),
                _ => return Err(Anchor::InstructionDidNotDeserialize),
            },
            1 => Self::RemoveMember(arguments.address()?),
            2 => Self::ChangeThreshold(arguments.u16()?),
            3 => Self::SetTimeLock(arguments.u32()?),
            4 => Self::AddSpendingLimit(Limit::read(arguments)?),
            5 => Self::RemoveSpendingLimit(arguments.address()?),
            6 => Self::SetRentCollector(arguments.option_address()?),
            _ => return Err(Anchor::InstructionDidNotDeserialize),
        })
    }

    /// Makes the change of the multisig itself; the whole is checked after the last. Spending limits have accounts of their
    /// own.
    pub fn apply(&self, multisig: &mut Multisig) -> Outcome {
        match *self {
            Self::AddMember(member) => multisig.insert(member)?,
            Self::RemoveMember(key) => multisig.remove(key)?,
            Self::ChangeThreshold(threshold) => multisig.set_threshold(threshold),
            Self::SetTimeLock(seconds) => multisig.set_time_lock(seconds),
            // Nobody's say changes by these, so nothing becomes stale.
            Self::SetRentCollector(collector) => {
                multisig.set_rent_collector(collector);
                return Ok(());
            }
            Self::AddSpendingLimit(_) | Self::RemoveSpendingLimit(_) => return Ok(()),
        }
        multisig.make_stale();
        Ok(())
    }
}

/// Several changes, in the order in which they are made.
#[derive(Clone, Copy)]
pub struct Actions<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Actions<'a> {
    /// A vector of changes, of which there must be one.
    #[inline(never)]
    pub fn read(arguments: &mut Arguments<'a>) -> Outcome<Self> {
        let count = arguments.u32()?;
        let begin = arguments.rest();
        for _ in 0..count {
            Action::read(arguments)?;
        }
        interface::errors::require(count > 0, Error::NoActions)?;
        Ok(Self { count, bytes: &begin[..begin.len() - arguments.rest().len()] })
    }

    pub fn each(&self) -> impl Iterator<Item = Action<'a>> + 'a {
        let mut arguments = Arguments::new(self.bytes);
        (0..self.count).map_while(move |_| Action::read(&mut arguments).ok())
    }

    /// How many members come, whoever goes.
    pub fn newcomers(&self) -> usize {
        self.each().filter(|action| matches!(action, Action::AddMember(_))).count()
    }

    /// Bytes that they take in an account.
    pub fn length(&self) -> usize {
        4 + self.bytes.len()
    }

    pub fn store(&self, out: &mut [u8]) {
        out[..4].copy_from_slice(&self.count.to_le_bytes());
        out[4..].copy_from_slice(self.bytes);
    }
}
