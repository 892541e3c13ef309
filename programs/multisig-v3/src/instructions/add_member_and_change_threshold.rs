use crate::membership::{enroll, ITSELF};
use interface::{
    accounts::{read, rent_sysvar, system_program, take, Role},
    arguments::Arguments,
    Call, Outcome,
};

const ACCOUNTS: [Role; 3] = [ITSELF, read("rent"), read("system_program")];

/// Adds a member, and changes the threshold with that member counted.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let (member, threshold) = (arguments.address()?, arguments.u16()?);
    arguments.end()?;
    let ([multisig, rent, system], _) = take(accounts, &ACCOUNTS)?;
    rent_sysvar(rent)?;
    system_program(system)?;
    let mut multisig = enroll(multisig, member, program_id)?;
    multisig.change_threshold(threshold)?;
    multisig.mark_change();
    Ok(())
}
