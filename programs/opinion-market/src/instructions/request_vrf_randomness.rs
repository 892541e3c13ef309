use super::Call;
use crate::{
    accounts::{read, system_program, take, Role},
    address::VRF_REQUEST,
    arguments::Arguments,
    clock::{self, reached},
    constants::{MIN_STAKERS, REQUEST_DEADLINE, TARGET_SLOT_DELAY},
    errors::{require, require_of, Error, Outcome, Refusal},
    events::VrfRandomnessRequested,
    math,
    rent::Rent,
    state::{phase, Layout, Market, ProgramConfig, RevokedKey, VrfRequest},
    system::{self, New},
};
use core::slice::from_ref;
use pinocchio::cpi::set_return_data;
use runtime::log::{joined, Decimal};

pub(super) const ACCOUNTS: [Role; 7] = [
    read("payer").signs().writable(),
    read("config").writable(),
    read("market").writable(),
    read("vrf_request").writable(),
    read("bond_vault"),
    read("revoked_key"),
    read("system_program"),
];

/// Fixes the slot whose hash becomes the input, while nobody knows that hash, and locks the bond.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [payer, config, view, request, bond_vault, revoked_key, system] = take(accounts, &ACCOUNTS)?;
    system_program(&system)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&view, program_id)?;
    let bump = VrfRequest::find(&request, &view, program_id)?;
    let vault = config.bond_vault(&bond_vault, program_id)?;
    RevokedKey::find(&revoked_key, &market.randomness_key, program_id)?;
    market.must_be(phase::SCORED)?;
    require(market.staker_count.get() >= MIN_STAKERS, Error::TooFewStakers)?;
    let now = clock::now()?;
    let time = now.unix_timestamp;
    let overdue = reached(time, market.closes_at.get(), REQUEST_DEADLINE);
    require(!overdue, Error::SettlementOverdue)?;
    let revoked = RevokedKey::is_revoked(&revoked_key, program_id);
    require_of("revoked_key", !revoked, Error::RandomnessKeyRevoked)?;

    let bond = bond_of(market)?;
    let missing = bond.saturating_sub(config.free_bond(&vault)?);
    if missing > 0 {
        return Err(bond_short(missing));
    }
    config.lock_bond(bond)?;
    let target_slot = now.slot.checked_add(TARGET_SLOT_DELAY).ok_or(Error::BrokenInvariant)?;
    market.state = phase::AWAITING_RANDOMNESS;
    market.bond = bond.into();
    market.requested_at = time.into();

    let rent = Rent::get()?;
    let seeds = [VRF_REQUEST.into(), view.address().as_array().into(), from_ref(&bump).into()];
    let new = New { payer: &payer, account: &request, seeds: &seeds, rent: &rent };
    system::create(&new, VrfRequest::LEN, program_id)?;
    let state = VrfRequest::begin(&request)?;
    state.bump = bump;
    state.market = *view.address();
    state.payer = *payer.address();
    state.requested_at = time.into();
    state.requested_slot = now.slot.into();
    state.target_slot = target_slot.into();
    state.first_target_slot = target_slot.into();
    VrfRandomnessRequested {
        market: *view.address().as_array(),
        target_slot: target_slot.into(),
        bond: bond.into(),
    }
    .emit();
    Ok(())
}

/// What the operator loses by silence.
fn bond_of(market: &Market) -> Result<u64, Error> {
    let total_stake = market.total_stake.get();
    require(total_stake <= math::MAX_POOL, Error::BrokenInvariant)?;
    Ok(math::share(total_stake, market.bond_share_bps.get()))
}

/// Says how much the operator must deposit: in the log for people, as return data for programs.
#[cold]
fn bond_short(missing: u64) -> Refusal {
    joined(&["bond short: missing ", Decimal::new(missing).as_str()]);
    set_return_data(&missing.to_le_bytes());
    Error::BondShort.into()
}
