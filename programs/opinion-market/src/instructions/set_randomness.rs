use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::Outcome,
    events::RandomnessSet,
    state::{check_randomness, ProgramConfig},
};

pub(super) const ACCOUNTS: [Role; 2] = [read("admin").signs(), read("config").writable()];

/// Sets provider and bond share for markets to come; those that exist have theirs pinned.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let randomness_provider = arguments.u8()?;
    let bond_share_bps = arguments.u32()?;
    arguments.end()?;

    let [admin, config] = take(accounts, &ACCOUNTS)?;
    let config = ProgramConfig::load(&config, program_id)?;
    config.only_admin(&admin)?;
    check_randomness(randomness_provider, bond_share_bps)?;
    config.randomness_provider = randomness_provider;
    config.bond_share_bps = bond_share_bps.into();
    RandomnessSet { randomness_provider, bond_share_bps: bond_share_bps.into() }.emit();
    Ok(())
}
