use super::Call;
use crate::{
    accounts::{differ, read, take, token_program, Role},
    arguments::Arguments,
    errors::{require, require_of, Error, Outcome},
    events::FeeCollected,
    keys::is_at,
    state::{phase, Market, ProgramConfig},
    token::token_account,
};

pub(super) const ACCOUNTS: [Role; 6] = [
    read("config"),
    read("market").writable(),
    read("escrow").writable(),
    read("destination").writable(),
    read("treasury"),
    read("token_program"),
];

/// Pays the fee, once: to the treasury's associated account, or where the treasury says by signing.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [config, view, escrow, destination, treasury, tokens] = take(accounts, &ACCOUNTS)?;
    differ("destination", &destination, &escrow)?;
    token_program(&tokens)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&view, program_id)?;
    let escrow = market.escrow(&view, &escrow, program_id)?;
    let to = token_account("destination", &destination)?;
    require_of("treasury", is_at(&treasury, &config.treasury), Error::WrongRecipient)?;
    let to = to.of_mint(escrow.mint())?.payable_to(&treasury)?;
    market.must_be(phase::SETTLED)?;
    let fee = market.fee.get();
    require(fee > 0, Error::NothingToPay)?;
    require(market.fee_collected == 0, Error::AlreadyPaid)?;
    market.fee_collected = 1;
    market.pay(&view, &escrow, &to, fee)?;
    FeeCollected {
        market: *view.address().as_array(),
        destination: *destination.address().as_array(),
        amount: fee.into(),
    }
    .emit();
    Ok(())
}
