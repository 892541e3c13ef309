use crate::{
    address::{AUTHORITY, SQUAD, TRANSACTION},
    errors::Error,
    state::{Multisig, Opening, Transaction},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::require,
    system::{create, New},
    Call, Outcome,
};

const ACCOUNTS: [Role; 4] = [
    read("multisig").writable(),
    read("transaction").writable(),
    read("creator").signs().writable(),
    read("system_program"),
];

/// Creates a draft with the next index. Its account has room for every member in each of its lists.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let authority_index = arguments.u32()?;
    arguments.end()?;

    let ([multisig_view, transaction, creator, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let mut multisig = Multisig::load(multisig_view, program_id)?;
    let key = multisig_view.address().as_array();
    let index = multisig.next_transaction()?;
    let index_bytes = index.to_le_bytes();
    let at = find(&[SQUAD, key, &index_bytes, TRANSACTION], program_id);
    let bump = found("transaction", transaction, at)?;
    multisig.only_member(creator)?;
    require(authority_index <= multisig.authority_index().into(), Error::InvalidAuthorityIndex)?;
    let authority_bump = match authority_index {
        0 => multisig.bump(),
        other => {
            let authority = find(&[SQUAD, key, &other.to_le_bytes(), AUTHORITY], program_id);
            authority.ok_or(Error::InvalidAuthorityIndex)?.1
        }
    };

    let seeds = [SQUAD.into(), key.into(), (&index_bytes).into(), TRANSACTION.into(), from_ref(&bump).into()];
    let new = New { payer: creator, account: transaction, seeds: &seeds };
    create(&new, Transaction::length(3 * multisig.keys().len()), program_id)?;
    let opening = Opening {
        creator: creator.address(),
        multisig: multisig_view.address(),
        index,
        authority_index,
        authority_bump,
        bump,
    };
    Transaction::begin(transaction, &opening)?;
    Ok(())
}
