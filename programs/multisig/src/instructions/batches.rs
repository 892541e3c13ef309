use super::vault_transactions::{ephemeral_bumps, vault_bump};
use crate::{
    address::{BATCH_TRANSACTION, MULTISIG, TRANSACTION},
    errors::Error,
    execution::{Execution, Vault},
    state::{Batch, BatchTransaction, Multisig, Origin, Payload, Proposal, Status, EXECUTE, INITIATE},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::{require, require_of},
    system::{create as create_account, New},
    Call, Outcome,
};

const CREATE: [Role; 5] = [
    read("multisig").writable(),
    read("batch").writable(),
    read("creator").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const ADD: [Role; 7] = [
    read("multisig"),
    read("proposal"),
    read("batch").writable(),
    read("transaction").writable(),
    read("member").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const EXECUTION: [Role; 5] = [
    read("multisig"),
    read("member").signs(),
    read("proposal").writable(),
    read("batch").writable(),
    read("transaction"),
];

/// Begins a batch for one vault, under the next index.
#[inline(never)]
pub fn create(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let vault_index = arguments.u8()?;
    arguments.memo()?;
    arguments.end()?;
    let ([view, batch, creator, payer, system], _) = take(accounts, &CREATE)?;
    system_program(system)?;
    let mut multisig = Multisig::load(view, program_id)?;
    let index = multisig.next_index().to_le_bytes();
    let key = view.address().as_array();
    let bump = found("batch", batch, find(&[MULTISIG, key, TRANSACTION, &index], program_id))?;
    multisig.only(creator, INITIATE)?;
    let vault = (vault_index, vault_bump(key, vault_index, program_id)?);

    let seeds = [MULTISIG.into(), key.into(), TRANSACTION.into(), (&index).into(), from_ref(&bump).into()];
    create_account(&New { payer, account: batch, seeds: &seeds }, Batch::LENGTH, program_id)?;
    let origin = Origin { multisig: *view.address(), creator: *creator.address(), index, bump };
    Batch::begin(batch, &origin, vault)?;
    Ok(())
}

/// Adds a transaction to a batch whose proposal is a draft; only its creator does.
#[inline(never)]
pub fn add(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let ephemeral = arguments.u8()?;
    let message = arguments.bytes()?;
    arguments.end()?;
    let ([view, proposal, batch, transaction, member, payer, system], _) = take(accounts, &ADD)?;
    system_program(system)?;
    let multisig = Multisig::load(view, program_id)?;
    let proposal = Proposal::load(proposal, view, program_id)?;
    let batch = Batch::load(batch, view, program_id)?;
    require(batch.origin.index() == proposal.index(), Error::TransactionNotMatchingProposal)?;
    let number = batch.size() + 1;
    let (key, digits) = (view.address().as_array(), number.to_le_bytes());
    let at = find(&[MULTISIG, key, TRANSACTION, &batch.origin.index, BATCH_TRANSACTION, &digits], program_id);
    let bump = found("transaction", transaction, at)?;
    multisig.only(member, INITIATE)?;
    require_of("member", batch.origin.creator == *member.address(), Error::Unauthorized)?;
    proposal.must_be(Status::Draft)?;
    let bumps = ephemeral_bumps(transaction.address(), ephemeral, program_id)?;
    let payload = Payload::given(message, &bumps[..usize::from(ephemeral)])?;

    let seeds = [
        MULTISIG.into(),
        key.into(),
        TRANSACTION.into(),
        (&batch.origin.index).into(),
        BATCH_TRANSACTION.into(),
        (&digits).into(),
        from_ref(&bump).into(),
    ];
    let new = New { payer, account: transaction, seeds: &seeds };
    create_account(&new, BatchTransaction::length(&payload), program_id)?;
    batch.set_size(number);
    BatchTransaction { payload }.write(transaction, bump)
}

/// Does the next transaction of a batch that was approved; the last one ends it.
#[inline(never)]
pub fn execute(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, member, proposal_view, batch_view, transaction_view], passed) = take(accounts, &EXECUTION)?;
    let multisig = Multisig::load(view, program_id)?;
    let mut proposal = Proposal::load(proposal_view, view, program_id)?;
    let batch = Batch::load(batch_view, view, program_id)?;
    require(batch.origin.index() == proposal.index(), Error::TransactionNotMatchingProposal)?;
    let number = batch.executed() + 1;
    let place = (batch.origin.index(), number);
    let transaction = BatchTransaction::load(transaction_view, view, place, program_id)?;
    multisig.only(member, EXECUTE)?;
    proposal.must_be_released(&multisig)?;

    // Before anything is called, so that nothing that is called can execute it again.
    batch.set_executed(number);
    if number == batch.size() {
        proposal.set(Status::Executed)?;
    }
    let vault = Vault {
        multisig: view.address(),
        transaction: transaction_view.address(),
        index: batch.vault_index,
        bump: batch.vault_bump,
        program: program_id,
    };
    let protected = [proposal_view.address(), batch_view.address(), transaction_view.address()];
    Execution { payload: &transaction.payload, vault, passed, protected: &protected }.run()
}
