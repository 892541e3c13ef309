use super::Call;
use crate::{
    accounts::{not_zero, read, system_program, take, Role},
    address::REVOKED,
    arguments::Arguments,
    clock,
    errors::{require_of, Error, Outcome},
    events::RandomnessKeyRevoked,
    keys::{same, ZERO},
    rent::Rent,
    state::{Layout, ProgramConfig, RevokedKey},
    system::{self, New},
};
use core::slice::from_ref;

pub(super) const ACCOUNTS: [Role; 4] = [
    read("admin").signs().writable(),
    read("config").writable(),
    read("revoked_key").writable(),
    read("system_program"),
];

/// Marks a key as lost for ever. The zero key stands for "none" in markets of another provider, so it stays unrevoked.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let key = *arguments.array()?;
    arguments.end()?;

    let [admin, config, revoked_key, system] = take(accounts, &ACCOUNTS)?;
    system_program(&system)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let bump = RevokedKey::find(&revoked_key, &key, program_id)?;
    config.only_admin(&admin)?;
    not_zero(&key, Error::InvalidRandomnessKey)?;
    let revoked = RevokedKey::is_revoked(&revoked_key, program_id);
    require_of("revoked_key", !revoked, Error::RandomnessKeyRevoked)?;

    let rent = Rent::get()?;
    let seeds = [REVOKED.into(), (&key).into(), from_ref(&bump).into()];
    let new = New { payer: &admin, account: &revoked_key, seeds: &seeds, rent: &rent };
    system::create(&new, RevokedKey::LEN, program_id)?;
    let revoked = RevokedKey::begin(&revoked_key)?;
    revoked.bump = bump;
    revoked.key = key;
    revoked.revoked_at = clock::now()?.unix_timestamp.into();
    if same(&config.randomness_key, &key) {
        config.randomness_key = ZERO;
    }
    if same(&config.pending_randomness_key, &key) {
        config.pending_randomness_key = ZERO;
    }
    RandomnessKeyRevoked { key }.emit();
    Ok(())
}
