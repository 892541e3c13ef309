//! What approving and rejecting share.

use crate::state::{Multisig, Status, Transaction};
use interface::{
    accounts::{read, take, Role},
    arguments::Arguments,
    votes::List,
    Call, Outcome,
};

const ACCOUNTS: [Role; 3] =
    [read("multisig"), read("transaction").writable(), read("member").signs().writable()];

/// A vote that was counted: how many are now on its side, and where that can lead.
pub struct Counted<'a> {
    pub multisig: Multisig<'a>,
    pub transaction: Transaction<'a>,
    pub votes: usize,
}

/// Counts a member's vote on an active transaction, and takes it off the other side.
#[inline(always)]
pub fn count<'a>(call: &'a Call, list: List, other: List) -> Outcome<Counted<'a>> {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([multisig_view, transaction, member], _) = take(accounts, &ACCOUNTS)?;
    let multisig = Multisig::load(multisig_view, program_id)?;
    let mut transaction = Transaction::load(transaction, multisig_view, program_id)?;
    multisig.only_member(member)?;
    transaction.must_be(Status::Active)?;
    transaction.must_be_current(&multisig)?;
    transaction.votes.remove(other, member.address());
    let votes = transaction.votes.add(list, member.address())?;
    Ok(Counted { multisig, transaction, votes })
}
