use super::Call;
use crate::{
    accounts::{found, not_zero, owned_by, read, system_program, take, token_program, Role},
    address::{find, BOND, CONFIG},
    arguments::Arguments,
    constants::UPGRADEABLE_LOADER,
    errors::{require, require_of, Error, Outcome},
    events::ConfigInitialized,
    keys::{is_at, is_owned_by, is_zero, same},
    rent::Rent,
    state::{check_randomness, provider, Layout, ProgramConfig},
    system::{self, New},
    token,
};
use core::slice::from_ref;
use pinocchio::AccountView;

pub(super) const ACCOUNTS: [Role; 8] = [
    read("admin").signs().writable(),
    read("config").writable(),
    read("bond_vault").writable(),
    read("usdc_mint"),
    read("program"),
    read("program_data"),
    read("token_program"),
    read("system_program"),
];

/// Lengths and tags of the upgradeable loader's accounts (bincode of its `UpgradeableLoaderState`).
const PROGRAM: [u8; 4] = 2u32.to_le_bytes();
const PROGRAM_DATA: [u8; 4] = 3u32.to_le_bytes();
const AUTHORITY_AT: usize = 12;
const SOME: u8 = 1;

/// Who holds which role, and what markets will pin.
struct Settings<'a> {
    oracle: &'a [u8; 32],
    treasury: &'a [u8; 32],
    guardian: &'a [u8; 32],
    randomness_key: &'a [u8; 32],
    randomness_provider: u8,
    bond_share_bps: u32,
}

impl<'a> Settings<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, Error> {
        let mut arguments = Arguments::new(data);
        let settings = Self {
            oracle: arguments.array()?,
            treasury: arguments.array()?,
            guardian: arguments.array()?,
            randomness_key: arguments.array()?,
            randomness_provider: arguments.u8()?,
            bond_share_bps: arguments.u32()?,
        };
        arguments.end()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Error> {
        for key in [self.oracle, self.treasury, self.guardian] {
            not_zero(key, Error::InvalidAuthority)?;
        }
        check_randomness(self.randomness_provider, self.bond_share_bps)?;
        let keyless = self.randomness_provider == provider::ORAO && is_zero(self.randomness_key);
        require(keyless || ecvrf::validate_key(self.randomness_key), Error::InvalidRandomnessKey)
    }

    #[inline(always)]
    fn write(&self, config: &mut ProgramConfig) {
        config.oracle = (*self.oracle).into();
        config.treasury = (*self.treasury).into();
        config.guardian = (*self.guardian).into();
        config.randomness_key = *self.randomness_key;
        config.randomness_provider = self.randomness_provider;
        config.bond_share_bps = self.bond_share_bps.into();
    }
}

/// Creates the config and the bond vault; only the program's upgrade authority can, so nobody else is ever first.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let settings = Settings::parse(data)?;
    let [admin, config, bond_vault, usdc_mint, program, program_data, tokens, system] =
        take(accounts, &ACCOUNTS)?;
    require_of("program", is_at(&program, program_id), Error::WrongProgram)?;
    token_program(&tokens)?;
    system_program(&system)?;
    let upgrade_authority = upgrade_authority(&program, &program_data)?;
    token::usdc_mint(&usdc_mint)?;
    let bump = found("config", find(config.address(), &[CONFIG], program_id))?;
    let bond_bump = found("bond_vault", find(bond_vault.address(), &[BOND], program_id))?;
    let is_admin = upgrade_authority.is_some_and(|key| same(key, admin.address().as_array()));
    require_of("admin", is_admin, Error::NotUpgradeAuthority)?;
    settings.check()?;
    require_of("config", !is_owned_by(&config, program_id), Error::AlreadyInitialized)?;

    let rent = Rent::get()?;
    let seeds = [CONFIG.into(), from_ref(&bump).into()];
    let new = New { payer: &admin, account: &config, seeds: &seeds, rent: &rent };
    system::create(&new, ProgramConfig::LEN, program_id)?;
    let seeds = [BOND.into(), from_ref(&bond_bump).into()];
    let new = New { payer: &admin, account: &bond_vault, seeds: &seeds, rent: &rent };
    token::create(&new, &usdc_mint, config.address())?;

    let state = ProgramConfig::begin(&config)?;
    state.bump = bump;
    state.bond_bump = bond_bump;
    state.admin = *admin.address();
    state.usdc_mint = *usdc_mint.address();
    settings.write(state);
    ConfigInitialized {
        admin: *admin.address().as_array(),
        oracle: *settings.oracle,
        treasury: *settings.treasury,
        guardian: *settings.guardian,
        randomness_key: *settings.randomness_key,
    }
    .emit();
    Ok(())
}

/// The key that may upgrade the program, `None` when it is final. Checks that both accounts are the loader's for it.
fn upgrade_authority<'a>(
    program: &AccountView,
    program_data: &'a AccountView,
) -> Outcome<Option<&'a [u8; 32]>> {
    owned_by("program", program, &UPGRADEABLE_LOADER)?;
    owned_by("program_data", program_data, &UPGRADEABLE_LOADER)?;
    // SAFETY: neither account is written here.
    let (program, data) = unsafe { (program.borrow_unchecked(), program_data.borrow_unchecked()) };
    let address = program.strip_prefix(&PROGRAM).and_then(|rest| rest.first_chunk());
    let named = address.is_some_and(|address| same(program_data.address().as_array(), address));
    require_of("program", address.is_some(), Error::WrongDiscriminator)?;
    require_of("program_data", named, Error::WrongAddress)?;
    require_of("program_data", data.starts_with(&PROGRAM_DATA), Error::WrongDiscriminator)?;
    let authority = data.get(AUTHORITY_AT..).and_then(|rest| rest.split_first());
    Ok(match authority {
        Some((&SOME, key)) => key.first_chunk(),
        _ => None,
    })
}
