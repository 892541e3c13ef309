use crate::{
    authority::Authority,
    errors::Error,
    invocation::{invoke, Passed},
    state::{Instruction, Multisig, Status, Transaction},
};
use interface::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::require,
    Call, Outcome,
};

const ACCOUNTS: [Role; 4] = [
    read("multisig").writable(),
    read("transaction").writable(),
    read("instruction").writable(),
    read("member").signs().writable(),
];

/// Executes the next instruction of a transaction that is ready; the last one ends it. After the four accounts come the
/// program and what the instruction names.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([multisig_view, transaction_view, instruction_view, member], passed) = take(accounts, &ACCOUNTS)?;
    let multisig = Multisig::load(multisig_view, program_id)?;
    let mut transaction = Transaction::load(transaction_view, multisig_view, program_id)?;
    let instruction = Instruction::load(instruction_view, transaction_view, program_id)?;
    multisig.only_member(member)?;
    transaction.must_be(Status::ExecuteReady)?;
    require(!instruction.executed, Error::TransactionAlreadyExecuted)?;
    let is_next = instruction.index.checked_sub(1) == Some(transaction.executed_index());
    require(is_next, Error::InvalidInstructionAccount)?;
    let (program, passed) = passed.split_first().ok_or(Error::InvalidNumberOfAccounts)?;
    require(passed.len() == instruction.keys.len(), Error::InvalidNumberOfAccounts)?;

    // Before anything is called, so that nothing that is called can execute it again.
    transaction.set_executed_index(instruction.index);
    if instruction.index == transaction.instruction_index() {
        transaction.set(Status::Executed);
    }
    Instruction::mark_executed(instruction_view);
    let authority = Authority::of(&transaction, &multisig, multisig_view.address());
    invoke(&instruction, Passed { program, accounts: passed.iter().map(Ok) }, &authority)
}
