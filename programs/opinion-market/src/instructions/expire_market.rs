use super::Call;
use crate::{
    accounts::{read, take, token_program, Role},
    arguments::Arguments,
    clock::{self, reached},
    constants::REQUEST_DEADLINE,
    errors::{require, Error, Outcome},
    events::MarketRefunding,
    slot_hashes::{self, Search},
    state::{phase, refund, status, Market, ProgramConfig, RevokedKey, VrfRequest},
};

pub(super) const ACCOUNTS: [Role; 8] = [
    read("config").writable(),
    read("market").writable(),
    read("vrf_request"),
    read("bond_vault").writable(),
    read("escrow").writable(),
    read("revoked_key"),
    read("slot_hashes"),
    read("token_program"),
];

/// Enters Refunding when the market can no longer settle; an unanswered request takes its bond along, unless the mint's
/// authority froze the vault: then the stakes go back without it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [config_view, view, request, bond_vault, escrow, revoked_key, slot_hashes, tokens] =
        take(accounts, &ACCOUNTS)?;
    token_program(&tokens)?;
    slot_hashes::check(&slot_hashes)?;
    let config = ProgramConfig::load(&config_view, program_id)?;
    let market = Market::load(&view, program_id)?;
    let request = VrfRequest::load_if_any(&request, &view, program_id)?;
    let vault = config.bond_vault(&bond_vault, program_id)?;
    let escrow = market.escrow(&view, &escrow, program_id)?;
    RevokedKey::find(&revoked_key, &market.randomness_key, program_id)?;
    let now = clock::now()?.unix_timestamp;
    let bond = match (market.state, request) {
        (phase::ACTIVE | phase::CLOSED | phase::SCORED, _) => {
            let revoked = RevokedKey::is_revoked(&revoked_key, program_id);
            market.refund(reason_before_request(market, revoked, now)?);
            0
        }
        (phase::AWAITING_RANDOMNESS, Some(request)) => {
            let search = slot_hashes::search(&slot_hashes, request.target_slot.get());
            market.refund(reason_after_request(request, search == Search::Lapsed, now)?);
            config.unlock_bond(market.bond.get())?;
            if !vault.lets_go(market.bond.get()) {
                market.bond = 0.into();
            }
            let bond = market.bond.get();
            if bond > 0 {
                let liability = market.liability.get().checked_add(bond);
                market.liability = liability.ok_or(Error::BrokenInvariant)?.into();
                config.pay_from_vault(&config_view, &vault, &escrow, bond)?;
            }
            require(escrow.amount() >= market.liability.get(), Error::BrokenInvariant)?;
            bond
        }
        _ => return Err(Error::WrongMarketState.into()),
    };
    MarketRefunding { market: *view.address().as_array(), reason: market.refund_reason, bond: bond.into() }
        .emit();
    Ok(())
}

fn reason_before_request(market: &Market, revoked: bool, now: i64) -> Result<u8, Error> {
    let closes_at = market.closes_at.get();
    let expired = now >= closes_at;
    match market.staker_count.get() {
        _ if revoked => Ok(refund::KEY_REVOKED),
        0 if expired => Ok(refund::NO_STAKE),
        1 if expired => Ok(refund::ONE_STAKER),
        _ if reached(now, closes_at, REQUEST_DEADLINE) => Ok(refund::NOT_REQUESTED),
        _ => Err(Error::NotExpirable),
    }
}

fn reason_after_request(request: &VrfRequest, lapsed: bool, now: i64) -> Result<u8, Error> {
    match request.status {
        status::FULFILLED => Err(Error::RandomnessVerified),
        status::REQUESTED if lapsed && request.rearmed != 0 => Ok(refund::HASH_LAPSED),
        _ if request.is_overdue(now) => Ok(refund::UNANSWERED),
        _ => Err(Error::NotExpirable),
    }
}
