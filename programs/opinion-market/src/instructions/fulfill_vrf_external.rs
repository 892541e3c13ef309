use super::Call;
use crate::{
    accounts::{read, take, Role},
    address::{find, ORAO_REQUEST},
    arguments::Arguments,
    clock,
    constants::ORAO_PROGRAM,
    errors::{require, require_of, Error, Outcome},
    events::VrfRandomnessFulfilled,
    keys::is_owned_by,
    state::{phase, provider, status, Market, VrfRequest},
};
use pinocchio::AccountView;

pub(super) const ACCOUNTS: [Role; 3] = [read("market"), read("vrf_request").writable(), read("randomness")];

/// ORAO's RandomnessV2, as its SDK lays it out.
const DISCRIMINATOR: [u8; 8] = [139, 239, 184, 215, 227, 86, 191, 226];
const TAG_AT: usize = 8;
const FULFILLED: u8 = 1;
const SEED_AT: usize = 41;
const RANDOMNESS_AT: usize = 73;

/// Takes the output of ORAO's answer to a request whose seed is our alpha.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    Arguments::new(data).end()?;
    let [view, request, randomness] = take(accounts, &ACCOUNTS)?;
    let market = Market::load(&view, program_id)?;
    let request = VrfRequest::load(&request, &view, program_id)?;
    market.must_be(phase::AWAITING_RANDOMNESS)?;
    let external = market.randomness_provider == provider::ORAO;
    require(external, Error::WrongRandomnessProvider)?;
    request.must_be_captured()?;
    let now = clock::now()?.unix_timestamp;
    request.not_overdue(now)?;
    let output = answer(&randomness, &request.alpha)?;
    request.status = status::FULFILLED;
    request.output = output;
    request.fulfilled_at = now.into();
    VrfRandomnessFulfilled { market: *view.address().as_array(), output }.emit();
    Ok(())
}

/// The randomness of an answered request. Its address depends on the seed alone, and so on nobody who asked.
fn answer(account: &AccountView, alpha: &[u8; 32]) -> Outcome<[u8; 64]> {
    let name = "randomness";
    require_of(name, is_owned_by(account, &ORAO_PROGRAM), Error::ExternalRandomnessWrongOwner)?;
    let seeds: [&[u8]; 2] = [ORAO_REQUEST, alpha];
    let derived = find(account.address(), &seeds, &ORAO_PROGRAM).is_some();
    require_of(name, derived, Error::ExternalRandomnessWrongAddress)?;
    // SAFETY: another program owns the account, so nothing here writes to it.
    let data = unsafe { account.borrow_unchecked() };
    Ok(parse(data, alpha)?)
}

fn parse(data: &[u8], alpha: &[u8; 32]) -> Result<[u8; 64], Error> {
    let seed = data.get(SEED_AT..).and_then(|rest| rest.first_chunk());
    let ours = data.starts_with(&DISCRIMINATOR) && seed == Some(alpha);
    require(ours, Error::ExternalRandomnessInvalid)?;
    let fulfilled = data.get(TAG_AT) == Some(&FULFILLED);
    require(fulfilled, Error::ExternalRandomnessNotFulfilled)?;
    data.get(RANDOMNESS_AT..)
        .and_then(|rest| rest.first_chunk().copied())
        .ok_or(Error::ExternalRandomnessInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHA: [u8; 32] = [7; 32];

    fn account() -> [u8; 137] {
        let mut data = [0; 137];
        data[..8].copy_from_slice(&DISCRIMINATOR);
        data[TAG_AT] = FULFILLED;
        data[SEED_AT..RANDOMNESS_AT].copy_from_slice(&ALPHA);
        data[RANDOMNESS_AT..].fill(9);
        data
    }

    #[test]
    fn takes_the_randomness_of_a_fulfilled_answer() {
        assert_eq!(parse(&account(), &ALPHA), Ok([9; 64]));
    }

    #[test]
    fn refuses_everything_else() {
        let invalid = Err(Error::ExternalRandomnessInvalid);
        assert_eq!(parse(&account(), &[8; 32]), invalid);
        assert_eq!(parse(&account()[..136], &ALPHA), invalid);
        assert_eq!(parse(&[], &ALPHA), invalid);
        let mut other = account();
        other[0] ^= 1;
        assert_eq!(parse(&other, &ALPHA), invalid);
        let mut pending = account();
        pending[TAG_AT] = 0;
        assert_eq!(parse(&pending, &ALPHA), Err(Error::ExternalRandomnessNotFulfilled));
    }
}
