use super::{controlled::lengthen, spending_limits::Passed};
use crate::{
    address::{MULTISIG, TRANSACTION},
    errors::Error,
    state::{Action, Actions, ConfigTransaction, Multisig, Origin, Proposal, Status, EXECUTE, INITIATE},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::require,
    system::{create as create_account, New},
    Call, Outcome,
};

const CREATE: [Role; 5] = [
    read("multisig").writable(),
    read("transaction").writable(),
    read("creator").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const EXECUTION: [Role; 4] =
    [read("multisig").writable(), read("member").signs(), read("proposal").writable(), read("transaction")];

/// Proposes changes of the multisig, under the next index; one with a config authority takes none.
#[inline(never)]
pub fn create(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let actions = Actions::read(&mut arguments)?;
    arguments.memo()?;
    arguments.end()?;
    let ([view, transaction, creator, payer, system], _) = take(accounts, &CREATE)?;
    system_program(system)?;
    let mut multisig = Multisig::load(view, program_id)?;
    let index = multisig.next_index().to_le_bytes();
    let key = view.address().as_array();
    let bump = found("transaction", transaction, find(&[MULTISIG, key, TRANSACTION, &index], program_id))?;
    require(multisig.config_authority().is_none(), Error::NotSupportedForControlled)?;
    multisig.only(creator, INITIATE)?;

    let seeds = [MULTISIG.into(), key.into(), TRANSACTION.into(), (&index).into(), from_ref(&bump).into()];
    let new = New { payer, account: transaction, seeds: &seeds };
    create_account(&new, ConfigTransaction::length(&actions), program_id)?;
    let origin = Origin { multisig: *view.address(), creator: *creator.address(), index, bump };
    ConfigTransaction { origin: &origin, actions }.write(transaction)
}

/// Makes the changes that were approved, unless others were made since.
#[inline(never)]
pub fn execute(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, member, proposal, transaction], optional) = take(accounts, &EXECUTION)?;
    let multisig = Multisig::load(view, program_id)?;
    let mut proposal = Proposal::load(proposal, view, program_id)?;
    let transaction = ConfigTransaction::load(transaction, view, program_id)?;
    require(transaction.origin.index() == proposal.index(), Error::TransactionNotMatchingProposal)?;
    multisig.only(member, EXECUTE)?;
    proposal.must_be_current(&multisig)?;
    proposal.must_be_released(&multisig)?;
    require(multisig.config_authority().is_none(), Error::NotSupportedForControlled)?;
    lengthen(view, optional, multisig.count() + transaction.actions.newcomers())?;

    let mut multisig = Multisig::load(view, program_id)?;
    for action in transaction.actions.each() {
        action.apply(&mut multisig)?;
    }
    multisig.check()?;
    let limits = Passed { view, accounts: optional, program: program_id };
    for action in transaction.actions.each() {
        if let Action::AddSpendingLimit(limit) = action {
            limits.begin(&limit)?;
        }
    }
    // Last, as the runtime lets no program call another one after it moved lamports by hand.
    for action in transaction.actions.each() {
        if let Action::RemoveSpendingLimit(address) = action {
            limits.end(address)?;
        }
    }
    proposal.set(Status::Executed)
}
