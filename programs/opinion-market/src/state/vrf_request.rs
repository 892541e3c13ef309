use super::{
    integer::{I64, U64},
    Layout,
};
use crate::{
    accounts::found,
    address::{find, is_derived, VRF_REQUEST},
    clock::reached,
    constants::RANDOMNESS_DEADLINE,
    errors::{require, require_of, Error, Outcome},
    keys::{is_at, is_owned_by},
};
use pinocchio::{AccountView, Address};

super::account! {
    /// A request for randomness.
    VrfRequest = b"\x99\xb4\xc2\x69\x5b\x22\x5f\x71", 340 {
        status: u8,
        bump: u8,
        rearmed: u8,
        market: Address,
        payer: Address,
        requested_at: I64,
        requested_slot: U64,
        target_slot: U64,
        first_target_slot: U64,
        captured_slot: U64,
        slot_hash: [u8; 32],
        captured_at: I64,
        alpha: [u8; 32],
        proof: [u8; 80],
        output: [u8; 64],
        fulfilled_at: I64,
    }
}

/// How far a request has come.
pub mod status {
    pub const REQUESTED: u8 = 0;
    pub const CAPTURED: u8 = 1;
    pub const FULFILLED: u8 = 2;
}

impl VrfRequest {
    /// This market's request, checked to be at the address of its market.
    #[inline(never)]
    pub fn load<'a>(view: &'a AccountView, market: &AccountView, program: &Address) -> Outcome<&'a mut Self> {
        let request = Self::open("vrf_request", view, program)?;
        let seeds = [VRF_REQUEST, request.market.as_array()];
        let derived = is_derived(view.address(), &seeds, request.bump, program);
        require_of("vrf_request", derived, Error::WrongAddress)?;
        require_of("vrf_request", is_at(market, &request.market), Error::WrongMarket)?;
        Ok(request)
    }

    /// This market's request, or `None` when the right address is empty: it never got so far.
    #[inline(never)]
    pub fn load_if_any<'a>(
        view: &'a AccountView,
        market: &AccountView,
        program: &Address,
    ) -> Outcome<Option<&'a mut Self>> {
        if is_owned_by(view, program) {
            return Self::load(view, market, program).map(Some);
        }
        Self::find(view, market, program)?;
        Ok(None)
    }

    /// The bump of the address where this market's request is or will be.
    #[inline(never)]
    pub fn find(view: &AccountView, market: &AccountView, program: &Address) -> Outcome<u8> {
        let seeds = [VRF_REQUEST, market.address().as_array()];
        found("vrf_request", find(view.address(), &seeds, program))
    }

    /// Whether randomness comes too late.
    #[inline(always)]
    pub fn is_overdue(&self, now: i64) -> bool {
        reached(now, self.requested_at.get(), RANDOMNESS_DEADLINE)
    }

    /// Refuses from the deadline on.
    #[inline(always)]
    pub fn not_overdue(&self, now: i64) -> Result<(), Error> {
        require(!self.is_overdue(now), Error::RandomnessDeadlinePassed)
    }

    /// Refuses a request whose hash is not captured, or that is fulfilled already.
    #[inline(always)]
    pub fn must_be_captured(&self) -> Result<(), Error> {
        require(self.status != status::FULFILLED, Error::AlreadyFulfilled)?;
        require(self.status == status::CAPTURED, Error::NotCaptured)
    }
}
