use super::Call;
use crate::{
    accounts::{differ, not_zero_amount, read, take, token_program, Role},
    arguments::Arguments,
    errors::{require, Error, Outcome},
    events::BondWithdrawn,
    state::ProgramConfig,
    token::token_account,
};

pub(super) const ACCOUNTS: [Role; 5] = [
    read("admin").signs(),
    read("config"),
    read("bond_vault").writable(),
    read("destination").writable(),
    read("token_program"),
];

/// Takes back what no request has locked.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let amount = arguments.u64()?;
    arguments.end()?;

    let [admin, config_view, bond_vault, destination_view, tokens] = take(accounts, &ACCOUNTS)?;
    differ("destination", &destination_view, &bond_vault)?;
    token_program(&tokens)?;
    let config = ProgramConfig::load(&config_view, program_id)?;
    let vault = config.bond_vault(&bond_vault, program_id)?;
    let destination = token_account("destination", &destination_view)?.of_mint(&config.usdc_mint)?;
    config.only_admin(&admin)?;
    not_zero_amount(amount)?;
    require(amount <= config.free_bond(&vault)?, Error::FreeBondShort)?;
    config.pay_from_vault(&config_view, &vault, &destination, amount)?;
    BondWithdrawn { destination: *destination_view.address().as_array(), amount: amount.into() }.emit();
    Ok(())
}
