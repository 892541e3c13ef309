use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    clock,
    constants::ALPHA_TAG,
    errors::{require, Error, Outcome},
    events::SlotHashCaptured,
    slot_hashes::{self, Search},
    state::{phase, status, Market, VrfRequest},
};
use pinocchio::{AccountView, Address};
use runtime::sha256;

pub(super) const ACCOUNTS: [Role; 3] = [read("market"), read("vrf_request").writable(), read("slot_hashes")];

/// Keeps the first slot hash at or after the target, while the sysvar proves that it is the first.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view, request, slot_hashes] = take(accounts, &ACCOUNTS)?;
    slot_hashes::check(&slot_hashes)?;
    let market = Market::load(&view, program_id)?;
    let request = VrfRequest::load(&request, &view, program_id)?;
    market.must_be(phase::AWAITING_RANDOMNESS)?;
    require(request.status == status::REQUESTED, Error::AlreadyCaptured)?;
    let now = clock::now()?.unix_timestamp;
    request.not_overdue(now)?;
    let (slot, hash) = match slot_hashes::search(&slot_hashes, request.target_slot.get()) {
        Search::Found(slot, hash) => (slot, hash),
        Search::NotReady => return Err(Error::SlotHashNotReady.into()),
        Search::Lapsed => return Err(Error::SlotHashLapsed.into()),
    };
    let alpha = alpha(program_id, &view, market, hash);
    request.status = status::CAPTURED;
    request.captured_slot = slot.into();
    request.slot_hash = *hash;
    request.captured_at = now.into();
    request.alpha = alpha;
    SlotHashCaptured { market: *view.address().as_array(), slot: slot.into(), slot_hash: *hash, alpha }
        .emit();
    Ok(())
}

/// The input of the randomness: nothing in it is the oracle's to choose, not even the score.
fn alpha(program_id: &Address, view: &AccountView, market: &Market, hash: &[u8; 32]) -> [u8; 32] {
    sha256(&[
        ALPHA_TAG,
        program_id.as_array(),
        view.address().as_array(),
        &market.total_stake.get().to_le_bytes(),
        &market.staker_count.get().to_le_bytes(),
        hash,
    ])
}
