use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    clock,
    errors::{require, Error, Outcome},
    events::LotterySettled,
    math,
    state::{phase, status, Market, Opinion, ProgramConfig, VrfRequest},
};

pub(super) const ACCOUNTS: [Role; 4] =
    [read("config").writable(), read("market").writable(), read("vrf_request"), read("opinion")];

/// Settles with the Opinion whose interval holds the draw: one check, however many stakers there are.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [config, view, request, opinion] = take(accounts, &ACCOUNTS)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&view, program_id)?;
    let request = VrfRequest::load(&request, &view, program_id)?;
    let opinion = Opinion::load(&opinion, &view, program_id)?;
    market.must_be(phase::AWAITING_RANDOMNESS)?;
    require(request.status == status::FULFILLED, Error::NotFulfilled)?;
    let total_stake = market.total_stake.get();
    require((1..=math::MAX_POOL).contains(&total_stake), Error::BrokenInvariant)?;
    let draw = math::draw(&request.output, total_stake);
    let (start, stake) = (opinion.start.get(), opinion.stake.get());
    let covered = draw.checked_sub(start).is_some_and(|offset| offset < stake);
    require(covered, Error::DrawNotCovered)?;

    let (fee, prize) = math::split(total_stake);
    config.unlock_bond(market.bond.get())?;
    market.state = phase::SETTLED;
    market.fee = fee.into();
    market.prize = prize.into();
    market.winner = opinion.staker;
    market.winner_start = start.into();
    market.winner_stake = stake.into();
    market.draw = draw.into();
    market.settled_at = clock::now()?.unix_timestamp.into();
    // Nothing to pay counts as paid.
    market.fee_collected = (fee == 0).into();
    market.prize_paid = (prize == 0).into();
    LotterySettled {
        market: *view.address().as_array(),
        winner: market.winner.to_bytes(),
        draw: draw.into(),
        prize: prize.into(),
        fee: fee.into(),
    }
    .emit();
    Ok(())
}
