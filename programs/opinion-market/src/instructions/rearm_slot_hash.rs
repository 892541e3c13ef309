use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    clock::{self, reached},
    constants::{REARM_DELAY, TARGET_SLOT_DELAY},
    errors::{require, Error, Outcome},
    events::SlotHashRearmed,
    slot_hashes::{self, Search},
    state::{phase, status, Market, VrfRequest},
};

pub(super) const ACCOUNTS: [Role; 3] = [read("market"), read("vrf_request").writable(), read("slot_hashes")];

/// Sets a new target, once: each further one would be another draw for whoever can make captures fail. And only an hour
/// after the request, so that one short outage cannot lapse both targets.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view, request, slot_hashes] = take(accounts, &ACCOUNTS)?;
    slot_hashes::check(&slot_hashes)?;
    let market = Market::load(&view, program_id)?;
    let request = VrfRequest::load(&request, &view, program_id)?;
    market.must_be(phase::AWAITING_RANDOMNESS)?;
    require(request.status == status::REQUESTED, Error::SlotHashNotLapsed)?;
    let now = clock::now()?;
    request.not_overdue(now.unix_timestamp)?;
    require(request.rearmed == 0, Error::AlreadyRearmed)?;
    let lapsed = slot_hashes::search(&slot_hashes, request.target_slot.get()) == Search::Lapsed;
    require(lapsed, Error::SlotHashNotLapsed)?;
    let rested = reached(now.unix_timestamp, request.requested_at.get(), REARM_DELAY);
    require(rested, Error::RearmTooEarly)?;
    let target_slot = now.slot.checked_add(TARGET_SLOT_DELAY).ok_or(Error::BrokenInvariant)?;
    request.rearmed = 1;
    request.target_slot = target_slot.into();
    SlotHashRearmed { market: *view.address().as_array(), target_slot: target_slot.into() }.emit();
    Ok(())
}
