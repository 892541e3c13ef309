use super::Call;
use crate::{
    accounts::{differ, found, read, system_program, take, token_program, Role},
    address::{find, ESCROW, MARKET},
    arguments::Arguments,
    clock,
    constants::{CREATE_FEE, DURATIONS, MAX_STATEMENT_BYTES},
    errors::{require, require_of, Error, Outcome},
    events::MarketCreated,
    keys::{is_at, is_owned_by, is_zero},
    rent::Rent,
    state::{provider, Layout, Market, ProgramConfig},
    system::{self, New},
    token::{self, token_account, Authority},
};
use core::slice::from_ref;
use runtime::sha256;

pub(super) const ACCOUNTS: [Role; 9] = [
    read("creator").signs().writable(),
    read("config"),
    read("market").writable(),
    read("escrow").writable(),
    read("creator_usdc").writable(),
    read("treasury_usdc").writable(),
    read("usdc_mint"),
    read("token_program"),
    read("system_program"),
];

/// What the creator asks for.
struct Terms<'a> {
    statement: &'a [u8],
    duration: u64,
    uuid: &'a [u8; 16],
}

impl<'a> Terms<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, Error> {
        let mut arguments = Arguments::new(data);
        let terms =
            Self { statement: arguments.string()?, duration: arguments.u64()?, uuid: arguments.array()? };
        arguments.end()?;
        Ok(terms)
    }

    fn check(&self) -> Result<(), Error> {
        require(!self.statement.is_empty(), Error::StatementEmpty)?;
        require(self.statement.len() <= MAX_STATEMENT_BYTES, Error::StatementTooLong)?;
        require(core::str::from_utf8(self.statement).is_ok(), Error::StatementNotUtf8)?;
        require(DURATIONS.contains(&self.duration), Error::InvalidDuration)
    }
}

/// Opens a market: takes the fee, and pins provider, key and bond share, so that no later rotation touches it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let terms = Terms::parse(data)?;
    let [creator, config, market, escrow, creator_usdc, treasury_usdc, usdc_mint, tokens, system] =
        take(accounts, &ACCOUNTS)?;
    differ("treasury_usdc", &creator_usdc, &treasury_usdc)?;
    token_program(&tokens)?;
    system_program(&system)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let from = token_account("creator_usdc", &creator_usdc)?;
    let to = token_account("treasury_usdc", &treasury_usdc)?;
    let seeds: [&[u8]; 2] = [MARKET, terms.uuid];
    let bump = found("market", find(market.address(), &seeds, program_id))?;
    let seeds = [ESCROW, market.address().as_array()];
    let escrow_bump = found("escrow", find(escrow.address(), &seeds, program_id))?;
    require_of("usdc_mint", is_at(&usdc_mint, &config.usdc_mint), Error::WrongMint)?;
    let from = from.of_mint(&config.usdc_mint)?.belonging_to(creator.address())?;
    let to = to.of_mint(&config.usdc_mint)?.associated_with(&config.treasury)?;
    terms.check()?;
    require(config.paused == 0, Error::ProgramPaused)?;
    let external = config.randomness_provider != provider::ECVRF;
    require(external || !is_zero(&config.randomness_key), Error::RandomnessKeyMissing)?;
    require_of("market", !is_owned_by(&market, program_id), Error::AlreadyInitialized)?;

    from.transfer(&to, &Authority::signer(&creator), CREATE_FEE)?;
    let rent = Rent::get()?;
    let seeds = [MARKET.into(), terms.uuid.into(), from_ref(&bump).into()];
    let new = New { payer: &creator, account: &market, seeds: &seeds, rent: &rent };
    system::create(&new, Market::account_len(terms.statement.len()), program_id)?;
    let seeds = [ESCROW.into(), market.address().as_array().into(), from_ref(&escrow_bump).into()];
    let new = New { payer: &creator, account: &escrow, seeds: &seeds, rent: &rent };
    token::create(&new, &usdc_mint, market.address())?;

    let state = Market::begin(&market)?;
    state.bump = bump;
    state.escrow_bump = escrow_bump;
    state.creator = *creator.address();
    write(state, &terms, config)?;
    Market::write_string(&market, terms.statement)?;
    MarketCreated {
        market: *market.address().as_array(),
        creator: *creator.address().as_array(),
        closes_at: state.closes_at,
        statement_hash: state.statement_hash,
    }
    .emit();
    Ok(())
}

/// The terms, and what the config says today.
#[inline(always)]
fn write(market: &mut Market, terms: &Terms, config: &ProgramConfig) -> Outcome {
    let now = clock::now()?.unix_timestamp;
    let closes_at = now.checked_add_unsigned(terms.duration).ok_or(Error::InvalidDuration)?;
    market.uuid = *terms.uuid;
    market.created_at = now.into();
    market.closes_at = closes_at.into();
    market.statement_hash = sha256(&[terms.statement]);
    market.statement_len = (terms.statement.len() as u32).into();
    market.randomness_provider = config.randomness_provider;
    market.bond_share_bps = config.bond_share_bps;
    if config.randomness_provider == provider::ECVRF {
        market.randomness_key = config.randomness_key;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_statement(statement: &[u8]) -> Result<(), Error> {
        Terms { statement, duration: DURATIONS[0], uuid: &[0; 16] }.check()
    }

    #[test]
    fn statements_are_text_of_1_to_280_bytes() {
        assert_eq!(check_statement(b"x"), Ok(()));
        assert_eq!(check_statement("Стена".as_bytes()), Ok(()));
        assert_eq!(check_statement(&[b'a'; 280]), Ok(()));
        assert_eq!(check_statement(b""), Err(Error::StatementEmpty));
        assert_eq!(check_statement(&[b'a'; 281]), Err(Error::StatementTooLong));
        for broken in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"ok \xe2\x82", b"\xf4\x90\x80\x80"] {
            assert_eq!(check_statement(broken), Err(Error::StatementNotUtf8));
        }
    }

    #[test]
    fn durations_are_four() {
        for duration in [0, 1, 86_399, 86_401, 1_209_601, u64::MAX] {
            let terms = Terms { statement: b"x", duration, uuid: &[0; 16] };
            assert_eq!(terms.check(), Err(Error::InvalidDuration));
        }
    }
}
