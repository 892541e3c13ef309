use crate::{
    authority::Authority,
    errors::Error,
    invocation::{invoke, Passed},
    state::{Instruction, Multisig, Status, Transaction},
};
use core::iter::from_fn;
use interface::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::require,
    Call, Outcome,
};

const ACCOUNTS: [Role; 3] =
    [read("multisig").writable(), read("transaction").writable(), read("member").signs().writable()];

/// Executes every instruction of a transaction that is ready; any member can, and a stale one too.
///
/// The argument says which of the accounts after the first three come when: for each instruction its own account, its
/// program, then what it names.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let account_list = arguments.bytes()?;
    arguments.end()?;

    let ([multisig_view, transaction_view, member], passed) = take(accounts, &ACCOUNTS)?;
    let multisig = Multisig::load(multisig_view, program_id)?;
    let mut transaction = Transaction::load(transaction_view, multisig_view, program_id)?;
    multisig.only_member(member)?;
    transaction.must_be(Status::ExecuteReady)?;
    require(transaction.executed_index() == 0, Error::PartialExecution)?;

    // Before anything is called, so that nothing that is called can execute it again.
    transaction.set(Status::Executed);
    let authority = Authority::of(&transaction, &multisig, multisig_view.address());
    let mut places = account_list.iter();
    let mut next = || {
        let account = places.next().and_then(|place| passed.get(usize::from(*place)));
        account.ok_or(Error::InvalidNumberOfAccounts)
    };
    for index in 1..=transaction.instruction_index() {
        let instruction = Instruction::load(next()?, transaction_view, program_id)?;
        require(instruction.index == index, Error::InvalidInstructionAccount)?;
        let program = next()?;
        let accounts = from_fn(|| Some(next()));
        invoke(&instruction, Passed { program, accounts }, &authority)?;
    }
    require(places.next().is_none(), Error::InvalidNumberOfAccounts)?;
    Ok(())
}
