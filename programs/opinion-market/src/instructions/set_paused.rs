use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::{require_of, Error, Outcome},
    events::PausedSet,
    keys::is_at,
    state::ProgramConfig,
};

pub(super) const ACCOUNTS: [Role; 2] = [read("authority").signs(), read("config").writable()];

/// Stops new markets and stakes, or lets them go on. Settlement, refunds and claims never stop.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let paused = arguments.flag()?;
    arguments.end()?;

    let [authority, config] = take(accounts, &ACCOUNTS)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let is_admin = is_at(&authority, &config.admin);
    let is_guardian = is_at(&authority, &config.guardian);
    require_of("authority", is_admin || is_guardian, Error::NotGuardianOrAdmin)?;
    require_of("authority", is_admin || paused, Error::GuardianMayOnlyPause)?;
    config.paused = paused.into();
    PausedSet { authority: *authority.address().as_array(), paused: paused.into() }.emit();
    Ok(())
}
