use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    clock,
    errors::{require, Error, Outcome},
    events::MarketClosed,
    state::{phase, Market},
};

pub(super) const ACCOUNTS: [Role; 1] = [read("market").writable()];

/// Closes a market whose time is up; anybody may.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view] = take(accounts, &ACCOUNTS)?;
    let market = Market::load(&view, program_id)?;
    market.must_be(phase::ACTIVE)?;
    let now = clock::now()?.unix_timestamp;
    require(now >= market.closes_at.get(), Error::MarketNotExpired)?;
    market.state = phase::CLOSED;
    MarketClosed {
        market: *view.address().as_array(),
        staker_count: market.staker_count,
        total_stake: market.total_stake,
    }
    .emit();
    Ok(())
}
