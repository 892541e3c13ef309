use super::Call;
use crate::{
    accounts::{differ, read, take, token_program, Role},
    arguments::Arguments,
    errors::{require, require_of, Error, Outcome},
    events::PrizeClaimed,
    keys::is_at,
    state::{phase, Market},
    token::token_account,
};

pub(super) const ACCOUNTS: [Role; 5] = [
    read("market").writable(),
    read("escrow").writable(),
    read("destination").writable(),
    read("winner"),
    read("token_program"),
];

/// Pays the prize, once: to the winner's associated account, or where the winner says by signing.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view, escrow, destination, winner, tokens] = take(accounts, &ACCOUNTS)?;
    differ("destination", &destination, &escrow)?;
    token_program(&tokens)?;
    let market = Market::load(&view, program_id)?;
    let escrow = market.escrow(&view, &escrow, program_id)?;
    let to = token_account("destination", &destination)?;
    market.must_be(phase::SETTLED)?;
    require_of("winner", is_at(&winner, &market.winner), Error::WrongRecipient)?;
    let to = to.of_mint(escrow.mint())?.payable_to(&winner)?;
    let prize = market.prize.get();
    require(prize > 0, Error::NothingToPay)?;
    require(market.prize_paid == 0, Error::AlreadyPaid)?;
    market.prize_paid = 1;
    market.pay(&view, &escrow, &to, prize)?;
    PrizeClaimed {
        market: *view.address().as_array(),
        winner: market.winner.to_bytes(),
        destination: *destination.address().as_array(),
        amount: prize.into(),
    }
    .emit();
    Ok(())
}
