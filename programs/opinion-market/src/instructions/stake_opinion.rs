use super::{create_market::write_after_layout, Call};
use crate::{
    accounts::{differ, found, read, system_program, take, token_program, Role},
    address::{find, OPINION},
    arguments::Arguments,
    clock,
    constants::{MAX_CID_BYTES, MAX_STAKE, MIN_STAKE},
    errors::{require, require_of, Error, Outcome},
    events::OpinionStaked,
    keys::{is_owned_by, same},
    rent::Rent,
    state::{phase, Layout, Market, Opinion, ProgramConfig},
    system::{self, New},
    token::{token_account, Authority},
};
use core::slice::from_ref;

pub(super) const ACCOUNTS: [Role; 8] = [
    read("staker").signs().writable(),
    read("config"),
    read("market").writable(),
    read("escrow").writable(),
    read("opinion").writable(),
    read("staker_usdc").writable(),
    read("token_program"),
    read("system_program"),
];

/// Stakes once; the Opinion remembers the running total before it, which is its place in the draw.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call {
        program_id,
        accounts,
        data,
    } = *call;
    let mut arguments = Arguments::new(data);
    let stake = arguments.u64()?;
    let text_hash = arguments.array()?;
    let cid = arguments.string()?;
    let statement_hash = arguments.array()?;
    arguments.end()?;

    let [staker, config, market_view, escrow, opinion, staker_usdc, tokens, system] =
        take(accounts, &ACCOUNTS)?;
    differ("staker_usdc", &staker_usdc, &escrow)?;
    token_program(&tokens)?;
    system_program(&system)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&market_view, program_id)?;
    let escrow = market.escrow(&market_view, &escrow, program_id)?;
    let seeds = [
        OPINION,
        market_view.address().as_array(),
        staker.address().as_array(),
    ];
    let bump = found("opinion", find(opinion.address(), &seeds, program_id))?;
    let from = token_account("staker_usdc", &staker_usdc)?
        .of_mint(&config.usdc_mint)?
        .belonging_to(staker.address())?;
    require((MIN_STAKE..=MAX_STAKE).contains(&stake), Error::StakeOutOfRange)?;
    check_cid(cid)?;
    require(config.paused == 0, Error::ProgramPaused)?;
    market.must_be(phase::ACTIVE)?;
    let now = clock::now()?.unix_timestamp;
    require(now < market.closes_at.get(), Error::MarketExpired)?;
    require_of(
        "opinion",
        !is_owned_by(&opinion, program_id),
        Error::AlreadyStaked,
    )?;
    require(
        same(&market.statement_hash, statement_hash),
        Error::StatementMismatch,
    )?;

    let start = market.total_stake.get();
    let total_stake = start.checked_add(stake).ok_or(Error::MarketFull)?;
    let liability = market
        .liability
        .get()
        .checked_add(stake)
        .ok_or(Error::MarketFull)?;
    let staker_count = market
        .staker_count
        .get()
        .checked_add(1)
        .ok_or(Error::MarketFull)?;
    let open_opinions = market
        .open_opinions
        .get()
        .checked_add(1)
        .ok_or(Error::MarketFull)?;
    market.total_stake = total_stake.into();
    market.liability = liability.into();
    market.staker_count = staker_count.into();
    market.open_opinions = open_opinions.into();

    from.transfer(&escrow, &Authority::signer(&staker), stake)?;
    let rent = Rent::get()?;
    let seeds = [
        OPINION.into(),
        market_view.address().as_array().into(),
        staker.address().as_array().into(),
        from_ref(&bump).into(),
    ];
    let new = New {
        payer: &staker,
        account: &opinion,
        seeds: &seeds,
        rent: &rent,
    };
    system::create(&new, Opinion::LEN + cid.len(), program_id)?;
    let state = Opinion::begin(&opinion);
    state.bump = bump;
    state.market = *market_view.address();
    state.staker = *staker.address();
    state.start = start.into();
    state.stake = stake.into();
    state.created_at = now.into();
    state.text_hash = *text_hash;
    state.cid_len = (cid.len() as u32).into();
    write_after_layout::<Opinion>(&opinion, cid);
    OpinionStaked {
        market: *market_view.address().as_array(),
        staker: *staker.address().as_array(),
        start: start.into(),
        stake: stake.into(),
        staker_count: staker_count.into(),
        total_stake: total_stake.into(),
    }
    .emit();
    Ok(())
}

fn check_cid(cid: &[u8]) -> Result<(), Error> {
    let fits = (1..=MAX_CID_BYTES).contains(&cid.len());
    require(
        fits && cid.iter().all(u8::is_ascii_alphanumeric),
        Error::InvalidCid,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cids_are_1_to_64_letters_and_digits() {
        assert_eq!(
            check_cid(b"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"),
            Ok(())
        );
        assert_eq!(check_cid(&[b'Z'; 64]), Ok(()));
        for refused in [
            &b""[..],
            &[b'a'; 65],
            b"a/b",
            b"a b",
            b"\xc3\xa9",
            b"a\0",
            b"../x",
        ] {
            assert_eq!(check_cid(refused), Err(Error::InvalidCid));
        }
    }
}
