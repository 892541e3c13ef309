//! Messages that are too long for one transaction: put together in an account, whose creator alone has a say in it.

use super::vault_transactions::{keep, Wanted};
use crate::{
    address::{MULTISIG, TRANSACTION_BUFFER},
    errors::Error,
    state::{Multisig, Opening, TransactionBuffer, INITIATE},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::{require, require_of},
    system::{close as close_account, create as create_account, New},
    Anchor, Call, Outcome,
};

const CREATE: [Role; 5] = [
    read("multisig"),
    read("transaction_buffer").writable(),
    read("creator").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const CHANGE: [Role; 3] = [read("multisig"), read("transaction_buffer").writable(), read("creator").signs()];
const USE: [Role; 7] = [
    read("multisig").writable(),
    read("transaction").writable(),
    read("creator").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
    read("transaction_buffer").writable(),
    read("creator").signs().writable(),
];

/// The message in the argument while the real one is in a buffer: one without keys, instructions and tables.
const EMPTY_MESSAGE: [u8; 6] = [0; 6];

/// Begins a buffer with the first part of a message, whose hash and length are said before.
#[inline(never)]
pub fn create(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let (buffer_index, vault_index) = (arguments.u8()?, arguments.u8()?);
    let (hash, size) = (arguments.array()?, arguments.u16()?);
    let part = arguments.bytes()?;
    arguments.end()?;
    let ([view, buffer, creator, payer, system], _) = take(accounts, &CREATE)?;
    system_program(system)?;
    let multisig = Multisig::load(view, program_id)?;
    let (key, by, number) =
        (view.address().as_array(), creator.address().as_array(), from_ref(&buffer_index));
    let at = find(&[MULTISIG, key, TRANSACTION_BUFFER, by, number], program_id);
    let bump = found("transaction_buffer", buffer, at)?;
    multisig.only(creator, INITIATE)?;
    let (multisig, creator) = (view.address(), creator.address());
    let opening = Opening { multisig, creator, buffer_index, vault_index, hash, size };
    let length = opening.length()?;

    let seeds = [
        MULTISIG.into(),
        key.into(),
        TRANSACTION_BUFFER.into(),
        by.into(),
        number.into(),
        from_ref(&bump).into(),
    ];
    create_account(&New { payer, account: buffer, seeds: &seeds }, length, program_id)?;
    Ok(TransactionBuffer::begin(buffer, &opening)?.append(part)?)
}

/// Adds the next part.
#[inline(never)]
pub fn extend(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let part = arguments.bytes()?;
    arguments.end()?;
    let ([view, buffer, creator], _) = take(accounts, &CHANGE)?;
    let multisig = Multisig::load(view, program_id)?;
    let mut buffer = TransactionBuffer::load(buffer, view, program_id)?;
    multisig.only(creator, INITIATE)?;
    require_of("creator", buffer.creator() == creator.address(), Error::Unauthorized)?;
    Ok(buffer.append(part)?)
}

/// Gives it up. Its rent goes to its creator, who may have left the multisig since.
#[inline(never)]
pub fn close(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([view, buffer_view, creator], _) = take(accounts, &CHANGE)?;
    // The interface does not say that it is written; it has to be all the same.
    require_of("creator", creator.is_writable(), Anchor::ConstraintMut)?;
    Multisig::load(view, program_id)?;
    let buffer = TransactionBuffer::load(buffer_view, view, program_id)?;
    require_of("creator", buffer.creator() == creator.address(), Error::Unauthorized)?;
    close_account(buffer_view, creator)
}

/// Proposes what a buffer has, whole and as it was announced. Its rent goes to its creator.
#[inline(never)]
pub fn create_transaction(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let wanted = Wanted::parse(data)?;
    let ([view, transaction, creator, payer, system, buffer_view, again], _) = take(accounts, &USE)?;
    system_program(system)?;
    Multisig::load(view, program_id)?;
    let buffer = TransactionBuffer::load(buffer_view, view, program_id)?;
    require_of("creator", again.address() == creator.address(), Anchor::ConstraintAddress)?;
    require_of("creator", buffer.creator() == creator.address(), Error::Unauthorized)?;
    let fits = wanted.message == EMPTY_MESSAGE && wanted.vault_index == buffer.vault_index();
    require(fits, Error::InvalidInstructionArgs)?;
    let wanted = Wanted { message: buffer.whole()?, ..wanted };
    keep(call, &[view, transaction, creator, payer], &wanted)?;
    close_account(buffer_view, creator)
}
