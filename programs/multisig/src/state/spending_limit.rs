use crate::{
    address::{MULTISIG, SPENDING_LIMIT},
    clock::now,
    errors::Error,
};
use interface::{
    address::{find, is_derived},
    arguments::Arguments,
    data::{begin, open},
    errors::{at_fault, require, require_of},
    Anchor, Outcome,
};
use pinocchio::{AccountView, Address};

const DISCRIMINATOR: [u8; 8] = *b"\x0a\xc9\x1b\xa0\xda\xc3\xde\x98";

const DAY: u64 = 24 * 60 * 60;
/// Seconds of the interface's periods: once for all, a day, a week, a month of thirty days.
const PERIODS: [Option<u64>; 4] = [None, Some(DAY), Some(7 * DAY), Some(30 * DAY)];

/// A limit as it is asked for.
#[derive(Clone, Copy)]
pub struct Limit<'a> {
    create_key: &'a Address,
    vault_index: u8,
    mint: &'a Address,
    amount: u64,
    period: u8,
    members: &'a [Address],
    destinations: &'a [Address],
}

impl<'a> Limit<'a> {
    #[inline(never)]
    pub fn read(arguments: &mut Arguments<'a>) -> Result<Self, Anchor> {
        let limit = Self {
            create_key: arguments.address()?,
            vault_index: arguments.u8()?,
            mint: arguments.address()?,
            amount: arguments.u64()?,
            period: arguments.u8()?,
            members: arguments.addresses()?,
            destinations: arguments.addresses()?,
        };
        require(usize::from(limit.period) < PERIODS.len(), Anchor::InstructionDidNotDeserialize)?;
        Ok(limit)
    }

    /// Where it will stand, and its bump.
    pub fn find(&self, multisig: &Address, program: &Address) -> Option<(Address, u8)> {
        find(&[MULTISIG, multisig.as_array(), SPENDING_LIMIT, self.create_key.as_array()], program)
    }

    /// The last of the seeds of its address.
    pub fn seed(&self) -> &'a [u8; 32] {
        self.create_key.as_array()
    }

    /// Bytes of its account.
    pub fn length(&self) -> usize {
        8 + HEAD + 4 + KEY * self.members.len() + 4 + KEY * self.destinations.len()
    }

    /// Refuses what nobody could use.
    pub fn check(&self) -> Result<(), Error> {
        require(self.amount > 0, Error::SpendingLimitInvalidAmount)?;
        require(!self.members.is_empty(), Error::EmptyMembers)?;
        let mut places = self.members.iter().enumerate();
        let twice = places.any(|(place, member)| self.members[..place].contains(member));
        require(!twice, Error::DuplicateMember)
    }

    /// Writes it into an account of zeros; its first period begins now.
    #[inline(never)]
    pub fn write(&self, view: &AccountView, multisig: &Address, bump: u8) -> Outcome {
        let last_reset = now()?;
        let data = begin(view, &DISCRIMINATOR)?;
        let (head, mut lists) =
            data.split_first_chunk_mut::<HEAD>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        *head = Head {
            multisig: *multisig,
            create_key: *self.create_key,
            vault_index: self.vault_index,
            mint: *self.mint,
            amount: self.amount.to_le_bytes(),
            period: self.period,
            remaining: self.amount.to_le_bytes(),
            last_reset: last_reset.to_le_bytes(),
            bump,
        };
        for list in [self.members, self.destinations] {
            let (count, rest) = lists.split_first_chunk_mut().ok_or(Anchor::AccountDidNotDeserialize)?;
            *count = (list.len() as u32).to_le_bytes();
            let (place, rest) =
                rest.split_at_mut_checked(KEY * list.len()).ok_or(Anchor::AccountDidNotDeserialize)?;
            for (place, key) in place.chunks_exact_mut(KEY).zip(list) {
                place.copy_from_slice(key.as_array());
            }
            lists = rest;
        }
        Ok(())
    }
}

/// What lies before the lists.
#[repr(C)]
struct Head {
    multisig: Address,
    create_key: Address,
    vault_index: u8,
    mint: Address,
    amount: [u8; 8],
    period: u8,
    remaining: [u8; 8],
    last_reset: [u8; 8],
    bump: u8,
}

const HEAD: usize = 123;
const _: () = assert!(size_of::<Head>() == HEAD && align_of::<Head>() == 1);
const KEY: usize = 32;

/// What some may spend from a vault without anybody's vote.
pub struct SpendingLimit<'a> {
    head: &'a mut Head,
    /// Who may; they need not be members, and stay here when they are members no more.
    members: &'a [Address],
    /// Who may be paid; anybody where nobody is named.
    destinations: &'a [Address],
}

impl<'a> SpendingLimit<'a> {
    /// The limit of an account, checked to be the multisig's and at its address.
    #[inline(never)]
    pub fn load(view: &'a AccountView, multisig: &AccountView, program: &Address) -> Outcome<Self> {
        let data = open("spending_limit", view, &DISCRIMINATOR, program)?;
        let limit = Self::split(data).map_err(|error| at_fault("spending_limit", error))?;
        let head = &limit.head;
        let seeds = [MULTISIG, multisig.address().as_array(), SPENDING_LIMIT, head.create_key.as_array()];
        let derived = is_derived(view.address(), &seeds, head.bump, program);
        require_of("spending_limit", derived, Anchor::ConstraintSeeds)?;
        Ok(limit)
    }

    fn split(data: &'a mut [u8]) -> Result<Self, Anchor> {
        let (head, lists) = data.split_first_chunk_mut::<HEAD>().ok_or(Anchor::AccountDidNotDeserialize)?;
        // SAFETY: `Head` is as long, has alignment 1 and no padding, and any bytes are one.
        let head = unsafe { &mut *head.as_mut_ptr().cast::<Head>() };
        let mut lists = Arguments::new(lists);
        let mut list = || lists.addresses().map_err(|_| Anchor::AccountDidNotDeserialize);
        let (members, destinations) = (list()?, list()?);
        require(usize::from(head.period) < PERIODS.len(), Anchor::AccountDidNotDeserialize)?;
        Ok(Self { head, members, destinations })
    }

    /// The vault that is spent from.
    pub fn vault_index(&self) -> u8 {
        self.head.vault_index
    }

    /// What is spent: base units of this mint, or lamports where it is the zero address.
    pub fn mint(&self) -> &Address {
        &self.head.mint
    }

    /// Refuses whoever may not spend.
    pub fn only(&self, view: &AccountView) -> Outcome {
        require_of("member", self.members.contains(view.address()), Error::Unauthorized)
    }

    /// Refuses whoever may not be paid.
    pub fn pays(&self, view: &AccountView) -> Outcome {
        let named = self.destinations.is_empty() || self.destinations.contains(view.address());
        require_of("destination", named, Error::InvalidDestination)
    }

    /// Takes the amount off what is left of the period in which `now` lies.
    pub fn spend(&mut self, amount: u64, now: i64) -> Result<(), Error> {
        let head = &mut *self.head;
        let last = i64::from_le_bytes(head.last_reset);
        // A clock that went back has passed nothing.
        let passed = u64::try_from(now.saturating_sub(last)).unwrap_or(0);
        if let Some(period) = PERIODS[usize::from(head.period)] {
            if passed >= period {
                // Periods follow each other without gaps, whenever somebody spends.
                let whole = passed - passed % period;
                head.last_reset = last.saturating_add_unsigned(whole).to_le_bytes();
                head.remaining = head.amount;
            }
        }
        let left = u64::from_le_bytes(head.remaining).checked_sub(amount);
        head.remaining = left.ok_or(Error::SpendingLimitExceeded)?.to_le_bytes();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: usize = 4 + KEY + 4;

    fn limit(bytes: &mut [u8; HEAD + LISTS], period: u8) -> SpendingLimit<'_> {
        bytes[97..105].copy_from_slice(&100u64.to_le_bytes());
        bytes[105] = period;
        bytes[106..114].copy_from_slice(&100u64.to_le_bytes());
        bytes[114..122].copy_from_slice(&1_000i64.to_le_bytes());
        bytes[HEAD] = 1;
        SpendingLimit::split(bytes).expect("long enough")
    }

    fn last_reset(limit: &SpendingLimit) -> i64 {
        i64::from_le_bytes(limit.head.last_reset)
    }

    #[test]
    fn a_period_gives_the_amount_once() {
        let mut bytes = [0; HEAD + LISTS];
        let mut limit = limit(&mut bytes, 1);
        let day = DAY as i64;
        assert_eq!(limit.spend(60, 1_000), Ok(()));
        assert_eq!(limit.spend(41, 999 + day), Err(Error::SpendingLimitExceeded));
        assert_eq!(limit.spend(40, 0), Ok(()));
        assert_eq!(limit.spend(1, i64::MIN), Err(Error::SpendingLimitExceeded));
        assert_eq!(limit.spend(100, 1_000 + day), Ok(()));
        assert_eq!(limit.spend(1, 1_000 + 2 * day - 1), Err(Error::SpendingLimitExceeded));
        assert_eq!(limit.spend(101, 1_000 + 9 * day + 5), Err(Error::SpendingLimitExceeded));
        assert_eq!(last_reset(&limit), 1_000 + 9 * day);
        assert_eq!(limit.spend(u64::MAX, i64::MAX), Err(Error::SpendingLimitExceeded));
    }

    #[test]
    fn what_is_given_once_never_comes_back() {
        let mut bytes = [0; HEAD + LISTS];
        let mut limit = limit(&mut bytes, 0);
        assert_eq!(limit.spend(100, 1_000), Ok(()));
        assert_eq!(limit.spend(1, i64::MAX), Err(Error::SpendingLimitExceeded));
        assert_eq!(last_reset(&limit), 1_000);
    }

    #[test]
    fn lists_beyond_the_account_and_unknown_periods_are_refused() {
        let mut bytes = [0; HEAD + LISTS];
        limit(&mut bytes, 3);
        for length in 0..bytes.len() {
            assert!(SpendingLimit::split(&mut bytes[..length]).is_err());
        }
        bytes[105] = 4;
        assert!(SpendingLimit::split(&mut bytes).is_err());
    }
}
