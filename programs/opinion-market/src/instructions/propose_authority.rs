use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::{require, Error, Outcome},
    events::AuthorityProposed,
    keys::is_zero,
    state::{role, ProgramConfig},
};

pub(super) const ACCOUNTS: [Role; 2] = [read("admin").signs(), read("config").writable()];

/// Names the next holder of a role, who must accept; the zero key withdraws.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let role = arguments.u8()?;
    let key = *arguments.array()?;
    arguments.end()?;

    let [admin, config] = take(accounts, &ACCOUNTS)?;
    let config = ProgramConfig::load(&config, program_id)?;
    config.only_admin(&admin)?;
    match role {
        role::ADMIN => config.pending_admin = key.into(),
        role::ORACLE => config.pending_oracle = key.into(),
        role::TREASURY => config.pending_treasury = key.into(),
        role::GUARDIAN => config.pending_guardian = key.into(),
        role::RANDOMNESS_KEY => {
            let valid = is_zero(&key) || ecvrf::validate_key(&key);
            require(valid, Error::InvalidRandomnessKey)?;
            config.pending_randomness_key = key;
        }
        _ => return Err(Error::UnknownRole.into()),
    }
    AuthorityProposed { role, key }.emit();
    Ok(())
}
