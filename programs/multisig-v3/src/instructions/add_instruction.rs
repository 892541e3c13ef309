use crate::{
    address::{INSTRUCTION, SQUAD},
    state::{Instruction, Multisig, Status, Transaction},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    system::{create, New},
    Call, Outcome,
};

const ACCOUNTS: [Role; 5] = [
    read("multisig"),
    read("transaction").writable(),
    read("instruction").writable(),
    read("creator").signs().writable(),
    read("system_program"),
];

/// Puts one more instruction into a draft; only its creator can.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data: argument } = *call;
    Instruction::check(argument)?;
    let ([multisig_view, transaction_view, instruction, creator, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let multisig = Multisig::load(multisig_view, program_id)?;
    let mut transaction = Transaction::load(transaction_view, multisig_view, program_id)?;
    multisig.only_member(creator)?;
    transaction.only_creator(creator)?;
    transaction.must_be(Status::Draft)?;
    let index = transaction.next_instruction()?;
    let key = transaction_view.address().as_array();
    let bump =
        found("instruction", instruction, find(&[SQUAD, key, from_ref(&index), INSTRUCTION], program_id))?;

    let seeds =
        [SQUAD.into(), key.into(), from_ref(&index).into(), INSTRUCTION.into(), from_ref(&bump).into()];
    let new = New { payer: creator, account: instruction, seeds: &seeds };
    create(&new, Instruction::length(argument), program_id)?;
    Instruction::begin(instruction, argument, index, bump)?;
    Ok(())
}
