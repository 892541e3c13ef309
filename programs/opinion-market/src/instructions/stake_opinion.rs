use super::Call;
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

/// What the staker says, and what the staker saw.
struct Entry<'a> {
    stake: u64,
    text_hash: &'a [u8; 32],
    cid: &'a [u8],
    statement_hash: &'a [u8; 32],
}

impl<'a> Entry<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, Error> {
        let mut arguments = Arguments::new(data);
        let entry = Self {
            stake: arguments.u64()?,
            text_hash: arguments.array()?,
            cid: arguments.string()?,
            statement_hash: arguments.array()?,
        };
        arguments.end()?;
        Ok(entry)
    }

    fn check(&self) -> Result<(), Error> {
        let in_range = (MIN_STAKE..=MAX_STAKE).contains(&self.stake);
        require(in_range, Error::StakeOutOfRange)?;
        check_cid(self.cid)
    }
}

/// Stakes once; the Opinion remembers the running total before it, which is its place in the draw.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let entry = Entry::parse(data)?;
    let [staker, config, market_view, escrow, opinion, staker_usdc, tokens, system] =
        take(accounts, &ACCOUNTS)?;
    differ("staker_usdc", &staker_usdc, &escrow)?;
    token_program(&tokens)?;
    system_program(&system)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let market = Market::load(&market_view, program_id)?;
    let escrow = market.escrow(&market_view, &escrow, program_id)?;
    let seeds = [OPINION, market_view.address().as_array(), staker.address().as_array()];
    let bump = found("opinion", find(opinion.address(), &seeds, program_id))?;
    let from = token_account("staker_usdc", &staker_usdc)?
        .of_mint(&config.usdc_mint)?
        .belonging_to(staker.address())?;
    entry.check()?;
    require(config.paused == 0, Error::ProgramPaused)?;
    market.must_be(phase::ACTIVE)?;
    let now = clock::now()?.unix_timestamp;
    require(now < market.closes_at.get(), Error::MarketExpired)?;
    require_of("opinion", !is_owned_by(&opinion, program_id), Error::AlreadyStaked)?;
    require(same(&market.statement_hash, entry.statement_hash), Error::StatementMismatch)?;

    let start = market.add_stake(entry.stake)?;
    from.transfer(&escrow, &Authority::signer(&staker), entry.stake)?;
    let [name, of, by] = seeds;
    let seeds = [name.into(), of.into(), by.into(), from_ref(&bump).into()];
    let new = New { payer: &staker, account: &opinion, seeds: &seeds, rent: &Rent::get()? };
    system::create(&new, Opinion::LEN.saturating_add(entry.cid.len()), program_id)?;

    let state = Opinion::begin(&opinion)?;
    state.bump = bump;
    state.market = *market_view.address();
    state.staker = *staker.address();
    state.start = start.into();
    state.stake = entry.stake.into();
    state.created_at = now.into();
    state.text_hash = *entry.text_hash;
    state.cid_len = (entry.cid.len() as u32).into();
    Opinion::write_string(&opinion, entry.cid)?;
    OpinionStaked {
        market: *market_view.address().as_array(),
        staker: *staker.address().as_array(),
        start: start.into(),
        stake: entry.stake.into(),
        staker_count: market.staker_count,
        total_stake: market.total_stake,
    }
    .emit();
    Ok(())
}

fn check_cid(cid: &[u8]) -> Result<(), Error> {
    let fits = (1..=MAX_CID_BYTES).contains(&cid.len());
    require(fits && cid.iter().all(u8::is_ascii_alphanumeric), Error::InvalidCid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cids_are_1_to_64_letters_and_digits() {
        assert_eq!(check_cid(b"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"), Ok(()));
        assert_eq!(check_cid(&[b'Z'; 64]), Ok(()));
        for refused in [&b""[..], &[b'a'; 65], b"a/b", b"a b", b"\xc3\xa9", b"a\0", b"../x"] {
            assert_eq!(check_cid(refused), Err(Error::InvalidCid));
        }
    }
}
