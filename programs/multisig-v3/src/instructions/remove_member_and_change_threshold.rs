use crate::{membership::ITSELF, state::Multisig};
use interface::{
    accounts::{take, Role},
    arguments::Arguments,
    Call, Outcome,
};

const ACCOUNTS: [Role; 1] = [ITSELF];

/// Removes a member, and changes the threshold without that member counted.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let (member, threshold) = (arguments.address()?, arguments.u16()?);
    arguments.end()?;
    let ([multisig], _) = take(accounts, &ACCOUNTS)?;
    let mut multisig = Multisig::load(multisig, program_id)?;
    multisig.remove(member)?;
    multisig.change_threshold(threshold)?;
    multisig.mark_change();
    Ok(())
}
