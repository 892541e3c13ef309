use super::Call;
use crate::{
    accounts::{differ, not_zero_amount, read, take, token_program, Role},
    arguments::Arguments,
    errors::Outcome,
    events::BondDeposited,
    state::ProgramConfig,
    token::{token_account, Authority},
};

pub(super) const ACCOUNTS: [Role; 5] = [
    read("depositor").signs(),
    read("config"),
    read("source").writable(),
    read("bond_vault").writable(),
    read("token_program"),
];

/// Adds to the operator's bond; anybody may.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let amount = arguments.u64()?;
    arguments.end()?;

    let [depositor, config, source, bond_vault, tokens] = take(accounts, &ACCOUNTS)?;
    differ("source", &source, &bond_vault)?;
    token_program(&tokens)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let vault = config.bond_vault(&bond_vault, program_id)?;
    let source =
        token_account("source", &source)?.of_mint(&config.usdc_mint)?.belonging_to(depositor.address())?;
    not_zero_amount(amount)?;
    source.transfer(&vault, &Authority::signer(&depositor), amount)?;
    BondDeposited { depositor: *depositor.address().as_array(), amount: amount.into() }.emit();
    Ok(())
}
