use super::Call;
use crate::{
    accounts::{read, take, Role},
    arguments::Arguments,
    clock,
    errors::{require, Error, Outcome},
    events::VrfRandomnessFulfilled,
    state::{phase, provider, status, Market, VrfRequest},
};

pub(super) const ACCOUNTS: [Role; 2] = [read("market"), read("vrf_request").writable()];

/// Verifies the proof with the pinned key and keeps its output; anybody who has the proof may bring it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let proof = arguments.array()?;
    arguments.end()?;

    let [view, request] = take(accounts, &ACCOUNTS)?;
    let market = Market::load(&view, program_id)?;
    let request = VrfRequest::load(&request, &view, program_id)?;
    market.must_be(phase::AWAITING_RANDOMNESS)?;
    let own = market.randomness_provider == provider::ECVRF;
    require(own, Error::WrongRandomnessProvider)?;
    request.must_be_captured()?;
    let now = clock::now()?.unix_timestamp;
    request.not_overdue(now)?;
    let output = ecvrf::verify(&market.randomness_key, proof, &request.alpha).map_err(number)?;
    request.status = status::FULFILLED;
    request.proof = *proof;
    request.output = output;
    request.fulfilled_at = now.into();
    VrfRandomnessFulfilled { market: *view.address().as_array(), output }.emit();
    Ok(())
}

fn number(error: ecvrf::Error) -> Error {
    match error {
        ecvrf::Error::Key => Error::InvalidRandomnessKey,
        ecvrf::Error::Point => Error::InvalidProofPoint,
        ecvrf::Error::Scalar => Error::InvalidProofScalar,
        ecvrf::Error::Mismatch => Error::ProofMismatch,
    }
}
