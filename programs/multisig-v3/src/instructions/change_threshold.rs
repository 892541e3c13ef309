use crate::{membership::ITSELF, state::Multisig};
use interface::{
    accounts::{take, Role},
    arguments::Arguments,
    Call, Outcome,
};

const ACCOUNTS: [Role; 1] = [ITSELF];

/// Changes the threshold: never 0, and all members where it is more than they are.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let threshold = arguments.u16()?;
    arguments.end()?;
    let ([multisig], _) = take(accounts, &ACCOUNTS)?;
    let mut multisig = Multisig::load(multisig, program_id)?;
    multisig.change_threshold(threshold)?;
    multisig.mark_change();
    Ok(())
}
