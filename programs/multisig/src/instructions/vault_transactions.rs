use crate::{
    address::{EPHEMERAL_SIGNER, MULTISIG, TRANSACTION, VAULT},
    errors::Error,
    execution::{Execution, Vault, MOST_EPHEMERAL},
    state::{Multisig, Origin, Payload, Proposal, Status, VaultTransaction, EXECUTE, INITIATE},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::require,
    system::{create as create_account, New},
    Anchor, Call, Outcome,
};
use pinocchio::{AccountView, Address};

const CREATE: [Role; 5] = [
    read("multisig").writable(),
    read("transaction").writable(),
    read("creator").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const EXECUTION: [Role; 4] =
    [read("multisig"), read("proposal").writable(), read("transaction"), read("member").signs()];

/// What a vault is to do.
pub struct Wanted<'a> {
    pub vault_index: u8,
    pub ephemeral: u8,
    pub message: &'a [u8],
}

impl<'a> Wanted<'a> {
    pub fn parse(data: &'a [u8]) -> Result<Self, Anchor> {
        let mut arguments = Arguments::new(data);
        let wanted =
            Self { vault_index: arguments.u8()?, ephemeral: arguments.u8()?, message: arguments.bytes()? };
        arguments.memo()?;
        arguments.end()?;
        Ok(wanted)
    }
}

/// Proposes that a vault does something, under the next index.
#[inline(never)]
pub fn create(call: &Call) -> Outcome {
    let wanted = Wanted::parse(call.data)?;
    let ([view, transaction, creator, payer, system], _) = take(call.accounts, &CREATE)?;
    system_program(system)?;
    keep(call, &[view, transaction, creator, payer], &wanted)
}

/// Keeps it in the next transaction's account, once a member may propose it: multisig, transaction, creator and payer.
#[inline(never)]
pub fn keep(call: &Call, accounts: &[&AccountView; 4], wanted: &Wanted) -> Outcome {
    let program_id = call.program_id;
    let &[view, transaction, creator, payer] = accounts;
    let &Wanted { vault_index, ephemeral, message } = wanted;
    let mut multisig = Multisig::load(view, program_id)?;
    let index = multisig.next_index().to_le_bytes();
    let key = view.address().as_array();
    let bump = found("transaction", transaction, find(&[MULTISIG, key, TRANSACTION, &index], program_id))?;
    multisig.only(creator, INITIATE)?;
    let vault_bump = vault_bump(key, vault_index, program_id)?;
    let bumps = ephemeral_bumps(transaction.address(), ephemeral, program_id)?;
    let payload = Payload::given(message, &bumps[..usize::from(ephemeral)])?;

    let seeds = [MULTISIG.into(), key.into(), TRANSACTION.into(), (&index).into(), from_ref(&bump).into()];
    let new = New { payer, account: transaction, seeds: &seeds };
    create_account(&new, VaultTransaction::length(&payload), program_id)?;
    let origin = Origin { multisig: *view.address(), creator: *creator.address(), index, bump };
    VaultTransaction { origin: &origin, vault_index, vault_bump, payload }.write(transaction)
}

/// Does what was approved; also what became stale since.
#[inline(never)]
pub fn execute(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, proposal_view, transaction_view, member], passed) = take(accounts, &EXECUTION)?;
    let multisig = Multisig::load(view, program_id)?;
    let mut proposal = Proposal::load(proposal_view, view, program_id)?;
    let transaction = VaultTransaction::load(transaction_view, view, program_id)?;
    require(transaction.origin.index() == proposal.index(), Error::TransactionNotMatchingProposal)?;
    multisig.only(member, EXECUTE)?;
    proposal.must_be_released(&multisig)?;

    // Before anything is called, so that nothing that is called can execute it again.
    proposal.set(Status::Executed)?;
    let vault = Vault {
        multisig: view.address(),
        transaction: transaction_view.address(),
        index: transaction.vault_index,
        bump: transaction.vault_bump,
        program: program_id,
    };
    let protected = [proposal_view.address(), transaction_view.address()];
    Execution { payload: &transaction.payload, vault, passed, protected: &protected }.run()
}

/// The canonical bump of a vault.
pub fn vault_bump(multisig: &[u8; 32], index: u8, program: &Address) -> Outcome<u8> {
    let vault = find(&[MULTISIG, multisig, VAULT, from_ref(&index)], program);
    Ok(vault.ok_or(Error::InvalidInstructionArgs)?.1)
}

/// The bumps of the keys that sign within the transaction alone; what is beyond the count means nothing.
pub fn ephemeral_bumps(transaction: &Address, count: u8, program: &Address) -> Outcome<[u8; MOST_EPHEMERAL]> {
    let mut bumps = [0; MOST_EPHEMERAL];
    require(usize::from(count) <= MOST_EPHEMERAL, Error::InvalidInstructionArgs)?;
    for (bump, number) in bumps.iter_mut().zip(0..count) {
        let seeds = [MULTISIG, transaction.as_array(), EPHEMERAL_SIGNER, from_ref(&number)];
        *bump = find(&seeds, program).ok_or(Error::InvalidInstructionArgs)?.1;
    }
    Ok(bumps)
}
