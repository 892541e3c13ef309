use crate::state::{Multisig, Status, Transaction};
use interface::{
    accounts::{read, system_program, take, Role},
    arguments::Arguments,
    system::grow,
    votes::List,
    Call, Outcome,
};

const ACCOUNTS: [Role; 4] = [
    read("multisig").writable(),
    read("transaction").writable(),
    read("member").signs().writable(),
    read("system_program"),
];

/// Votes to call off a transaction that is ready, a stale one too: it takes as many members as decide.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([multisig_view, transaction_view, member, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let multisig = Multisig::load(multisig_view, program_id)?;
    let transaction = Transaction::load(transaction_view, multisig_view, program_id)?;
    multisig.only_member(member)?;
    transaction.must_be(Status::ExecuteReady)?;

    if transaction.votes.keys(List::Cancelled).binary_search(member.address()).is_ok() {
        return Ok(());
    }
    // Members may have been added since the account was made.
    grow(member, transaction_view, Transaction::length(transaction.votes.total() + 1))?;
    let mut transaction = Transaction::load(transaction_view, multisig_view, program_id)?;
    if transaction.votes.add(List::Cancelled, member.address())? >= multisig.threshold() {
        transaction.set(Status::Cancelled);
    }
    Ok(())
}
