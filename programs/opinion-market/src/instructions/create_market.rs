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
    token,
    token::{token_account, Authority},
};
use core::slice::from_ref;
use pinocchio::AccountView;
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

/// Opens a market: takes the fee, and pins provider, key and bond share, so that no later rotation touches it.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call {
        program_id,
        accounts,
        data,
    } = *call;
    let mut arguments = Arguments::new(data);
    let statement = arguments.string()?;
    let duration = arguments.u64()?;
    let uuid = arguments.array()?;
    arguments.end()?;

    let [creator, config, market, escrow, creator_usdc, treasury_usdc, usdc_mint, tokens, system] =
        take(accounts, &ACCOUNTS)?;
    differ("treasury_usdc", &creator_usdc, &treasury_usdc)?;
    token_program(&tokens)?;
    system_program(&system)?;
    let config = ProgramConfig::load(&config, program_id)?;
    let from = token_account("creator_usdc", &creator_usdc)?;
    let to = token_account("treasury_usdc", &treasury_usdc)?;
    let seeds: [&[u8]; 2] = [MARKET, uuid];
    let bump = found("market", find(market.address(), &seeds, program_id))?;
    let seeds = [ESCROW, market.address().as_array()];
    let escrow_bump = found("escrow", find(escrow.address(), &seeds, program_id))?;
    require_of(
        "usdc_mint",
        is_at(&usdc_mint, &config.usdc_mint),
        Error::WrongMint,
    )?;
    let from = from.of_mint(&config.usdc_mint)?.belonging_to(creator.address())?;
    let to = to.of_mint(&config.usdc_mint)?.associated_with(&config.treasury)?;
    check_statement(statement)?;
    require(DURATIONS.contains(&duration), Error::InvalidDuration)?;
    require(config.paused == 0, Error::ProgramPaused)?;
    let own = config.randomness_provider == provider::ECVRF;
    require(
        !own || !is_zero(&config.randomness_key),
        Error::RandomnessKeyMissing,
    )?;
    require_of(
        "market",
        !is_owned_by(&market, program_id),
        Error::AlreadyInitialized,
    )?;

    from.transfer(&to, &Authority::signer(&creator), CREATE_FEE)?;
    let rent = Rent::get()?;
    let seeds = [MARKET.into(), uuid.into(), from_ref(&bump).into()];
    let new = New {
        payer: &creator,
        account: &market,
        seeds: &seeds,
        rent: &rent,
    };
    let length = Market::account_len(statement.len());
    system::create(&new, length, program_id)?;
    let seeds = [
        ESCROW.into(),
        market.address().as_array().into(),
        from_ref(&escrow_bump).into(),
    ];
    let new = New {
        payer: &creator,
        account: &escrow,
        seeds: &seeds,
        rent: &rent,
    };
    token::create(&new, &usdc_mint, market.address())?;

    let created_at = clock::now()?.unix_timestamp;
    let closes_at = closing_time(created_at, duration)?;
    let statement_hash = sha256(&[statement]);
    let state = Market::begin(&market);
    state.bump = bump;
    state.escrow_bump = escrow_bump;
    state.uuid = *uuid;
    state.creator = *creator.address();
    state.created_at = created_at.into();
    state.closes_at = closes_at.into();
    state.statement_hash = statement_hash;
    state.randomness_provider = config.randomness_provider;
    if own {
        state.randomness_key = config.randomness_key;
    }
    state.bond_share_bps = config.bond_share_bps;
    state.statement_len = (statement.len() as u32).into();
    write_after_layout::<Market>(&market, statement);
    MarketCreated {
        market: *market.address().as_array(),
        creator: *creator.address().as_array(),
        closes_at: closes_at.into(),
        statement_hash,
    }
    .emit();
    Ok(())
}

fn check_statement(statement: &[u8]) -> Result<(), Error> {
    require(!statement.is_empty(), Error::StatementEmpty)?;
    require(statement.len() <= MAX_STATEMENT_BYTES, Error::StatementTooLong)?;
    require(core::str::from_utf8(statement).is_ok(), Error::StatementNotUtf8)
}

fn closing_time(created_at: i64, duration: u64) -> Outcome<i64> {
    Ok(created_at
        .checked_add_unsigned(duration)
        .ok_or(Error::InvalidDuration)?)
}

/// Writes the string that ends an account, behind its layout.
pub fn write_after_layout<T: Layout>(account: &AccountView, string: &[u8]) {
    debug_assert!(account.data_len() >= T::LEN + string.len());
    // SAFETY: the account was just created with room for both, and instruction data does not overlap accounts.
    unsafe {
        account
            .data_ptr()
            .cast_mut()
            .add(T::LEN)
            .copy_from_nonoverlapping(string.as_ptr(), string.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_text_of_1_to_280_bytes() {
        assert_eq!(check_statement(b"x"), Ok(()));
        assert_eq!(check_statement("Стена".as_bytes()), Ok(()));
        assert_eq!(check_statement(&[b'a'; 280]), Ok(()));
        assert_eq!(check_statement(b""), Err(Error::StatementEmpty));
        assert_eq!(check_statement(&[b'a'; 281]), Err(Error::StatementTooLong));
        for broken in [
            &b"\xff"[..],
            b"\xc0\xaf",
            b"\xed\xa0\x80",
            b"ok \xe2\x82",
            b"\xf4\x90\x80\x80",
        ] {
            assert_eq!(check_statement(broken), Err(Error::StatementNotUtf8));
        }
    }
}
