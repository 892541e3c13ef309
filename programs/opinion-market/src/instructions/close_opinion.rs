use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    errors::{require, Error, Outcome},
    events::OpinionClosed,
    state::{phase, Market, Opinion},
    system,
};

pub(super) const ACCOUNTS: [Role; 3] =
    [read("market").writable(), read("opinion").writable(), read("staker").writable()];

/// Returns an Opinion's rent to its staker once nothing depends on it: the market keeps what the winner needs.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view, mut opinion_view, mut staker] = take(accounts, &ACCOUNTS)?;
    let market = Market::load(&view, program_id)?;
    let opinion = Opinion::load(&opinion_view, &view, program_id)?;
    opinion.by(&staker)?;
    market.must_be_over()?;
    let paid = market.state == phase::SETTLED || opinion.paid != 0;
    require(paid, Error::OpinionUnpaid)?;
    let open_opinions = market.open_opinions.get().checked_sub(1);
    market.open_opinions = open_opinions.ok_or(Error::BrokenInvariant)?.into();
    OpinionClosed { market: *view.address().as_array(), staker: opinion.staker.to_bytes() }.emit();
    system::close(&mut opinion_view, &mut staker)
}
