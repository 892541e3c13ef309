use crate::{errors::Error, state::ProgramConfig};
use interface::{
    accounts::{found, read, system_program, take, Role},
    arguments::Arguments,
    errors::require_of,
    system::{create, New},
    Call, Outcome,
};
use pinocchio::Address;

const INIT: [Role; 3] =
    [read("program_config").writable(), read("initializer").signs().writable(), read("system_program")];
const CHANGE: [Role; 2] = [read("program_config").writable(), read("authority").signs()];

/// Who alone makes the configuration: the SHA-256 of `opinion-market/multisig/initializer`, a key that nobody has. So nobody can come first
/// where the program is put without its configuration; a localnet has that from genesis on.
const INITIALIZER: Address = Address::new_from_array([
    232, 244, 105, 84, 210, 204, 107, 148, 222, 185, 81, 243, 173, 132, 186, 179, 251, 248, 123, 128, 127,
    153, 107, 32, 17, 98, 218, 99, 124, 115, 239, 64,
]);

/// Makes the program's configuration, once.
pub fn init(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let (authority, fee, treasury) = (arguments.address()?, arguments.u64()?, arguments.address()?);
    arguments.end()?;
    let ([view, initializer, system], _) = take(accounts, &INIT)?;
    system_program(system)?;
    require_of("initializer", *initializer.address() == INITIALIZER, Error::Unauthorized)?;
    let bump = [found("program_config", view, ProgramConfig::find(program_id))?];
    let seeds = [crate::address::MULTISIG.into(), crate::address::PROGRAM_CONFIG.into(), (&bump).into()];
    create(&New { payer: initializer, account: view, seeds: &seeds }, ProgramConfig::LENGTH, program_id)?;
    let config = ProgramConfig::begin(view)?;
    config.authority = *authority;
    config.set_fee(fee);
    config.treasury = *treasury;
    Ok(())
}

/// Somebody else may change it from now on.
pub fn set_authority(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let authority = arguments.address()?;
    change(call, arguments, |config| config.authority = *authority)
}

/// What a multisig costs from now on.
pub fn set_fee(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let fee = arguments.u64()?;
    change(call, arguments, |config| config.set_fee(fee))
}

/// Who gets that from now on.
pub fn set_treasury(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let treasury: &Address = arguments.address()?;
    change(call, arguments, |config| config.treasury = *treasury)
}

#[inline(always)]
fn change(call: &Call, arguments: Arguments, make: impl FnOnce(&mut ProgramConfig)) -> Outcome {
    arguments.end()?;
    let ([view, authority], _) = take(call.accounts, &CHANGE)?;
    let config = ProgramConfig::load(view, call.program_id)?;
    config.only_authority(authority)?;
    make(config);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::INITIALIZER;

    #[test]
    fn the_initializer_is_a_hash_of_words() {
        assert_eq!(*INITIALIZER.as_array(), runtime::sha256(&[b"opinion-market/multisig/initializer"]));
    }
}
