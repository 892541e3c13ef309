use crate::{
    errors::Error,
    state::{Multisig, Status, Transaction},
};
use interface::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::require,
    Call, Outcome,
};

const ACCOUNTS: [Role; 3] =
    [read("multisig"), read("transaction").writable(), read("creator").signs().writable()];

/// Ends a draft that has instructions, and opens the vote; only its creator can.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([multisig_view, transaction, creator], _) = take(accounts, &ACCOUNTS)?;
    let multisig = Multisig::load(multisig_view, program_id)?;
    let mut transaction = Transaction::load(transaction, multisig_view, program_id)?;
    multisig.only_member(creator)?;
    transaction.only_creator(creator)?;
    transaction.must_be(Status::Draft)?;
    transaction.must_be_current(&multisig)?;
    require(transaction.instruction_index() > 0, Error::InvalidTransactionState)?;
    transaction.set(Status::Active);
    Ok(())
}
