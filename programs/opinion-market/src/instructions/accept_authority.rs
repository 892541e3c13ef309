use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::{require_of, Error, Outcome},
    events::AuthorityAccepted,
    keys::{is_zero, same, ZERO},
    state::{role, ProgramConfig, RevokedKey},
};
use core::mem::replace;

pub(super) const ACCOUNTS: [Role; 3] =
    [read("authority").signs(), read("config").writable(), read("revoked_key")];

/// The proposed key takes its role by signing, which proves that somebody holds it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let role = arguments.u8()?;
    arguments.end()?;

    let [authority, config, revoked_key] = take(accounts, &ACCOUNTS)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let key = *authority.address().as_array();
    RevokedKey::find(&revoked_key, &key, program_id)?;
    let pending = match role {
        role::ADMIN => config.pending_admin.to_bytes(),
        role::ORACLE => config.pending_oracle.to_bytes(),
        role::TREASURY => config.pending_treasury.to_bytes(),
        role::GUARDIAN => config.pending_guardian.to_bytes(),
        role::RANDOMNESS_KEY => config.pending_randomness_key,
        _ => return Err(Error::UnknownRole.into()),
    };
    let proposed = same(&pending, &key) && !is_zero(&key);
    require_of("authority", proposed, Error::NotPendingAuthority)?;
    match role {
        role::ADMIN => config.admin = replace(&mut config.pending_admin, ZERO.into()),
        role::ORACLE => config.oracle = replace(&mut config.pending_oracle, ZERO.into()),
        role::TREASURY => config.treasury = replace(&mut config.pending_treasury, ZERO.into()),
        role::GUARDIAN => config.guardian = replace(&mut config.pending_guardian, ZERO.into()),
        _ => {
            let revoked = RevokedKey::is_revoked(&revoked_key, program_id);
            require_of("authority", !revoked, Error::RandomnessKeyRevoked)?;
            config.randomness_key = replace(&mut config.pending_randomness_key, ZERO);
        }
    }
    AuthorityAccepted { role, key }.emit();
    Ok(())
}
