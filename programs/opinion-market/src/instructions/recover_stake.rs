use super::Call;
use crate::{
    accounts::{differ, read, take, token_program, Role},
    arguments::Arguments,
    errors::{require, Error, Outcome},
    events::StakeRecovered,
    math,
    state::{phase, Market, Opinion},
    token::token_account,
};

pub(super) const ACCOUNTS: [Role; 6] = [
    read("market").writable(),
    read("escrow").writable(),
    read("opinion").writable(),
    read("destination").writable(),
    read("staker"),
    read("token_program"),
];

/// Refunds a stake, once, with its share of the bond of a request that nobody answered.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view, escrow, opinion, destination, staker, tokens] = take(accounts, &ACCOUNTS)?;
    differ("destination", &destination, &escrow)?;
    token_program(&tokens)?;
    let market = Market::load(&view, program_id)?;
    let escrow = market.escrow(&view, &escrow, program_id)?;
    let opinion = Opinion::load(&opinion, &view, program_id)?;
    let to = token_account("destination", &destination)?;
    opinion.by(&staker)?;
    let to = to.of_mint(escrow.mint())?.payable_to(&staker)?;
    market.must_be(phase::REFUNDING)?;
    let (start, stake) = (opinion.start.get(), opinion.stake.get());
    let end = start.checked_add(stake).ok_or(Error::BrokenInvariant)?;
    require(end <= math::MAX_POOL, Error::BrokenInvariant)?;
    let bond_share = market.bond_share(start, stake);
    let amount = stake.checked_add(bond_share).ok_or(Error::BrokenInvariant)?;
    require(amount > 0, Error::NothingToPay)?;
    require(opinion.paid == 0, Error::AlreadyPaid)?;
    opinion.paid = 1;
    market.pay(&view, &escrow, &to, amount)?;
    StakeRecovered {
        market: *view.address().as_array(),
        staker: opinion.staker.to_bytes(),
        destination: *destination.address().as_array(),
        stake: stake.into(),
        bond_share: bond_share.into(),
    }
    .emit();
    Ok(())
}
