use crate::{membership::ITSELF, state::Multisig};
use interface::{
    accounts::{take, Role},
    arguments::Arguments,
    Call, Outcome,
};

const ACCOUNTS: [Role; 1] = [ITSELF];

/// Lets transactions sign as one more vault. Who decides stays the same, so no transaction becomes stale.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let ([multisig], _) = take(accounts, &ACCOUNTS)?;
    Multisig::load(multisig, program_id)?.add_authority()?;
    Ok(())
}
