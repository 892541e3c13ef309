use crate::{
    address::MULTISIG,
    errors::Error,
    state::{Member, Multisig, ProgramConfig, MOST_MEMBERS},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::{require, require_of},
    system::{create as create_account, New},
    Anchor, Call, Outcome,
};
use pinocchio::Address;
use pinocchio_system::instructions::Transfer;

const ACCOUNTS: [Role; 6] = [
    read("program_config"),
    read("treasury").writable(),
    read("multisig").writable(),
    read("create_key").signs(),
    read("creator").signs().writable(),
    read("system_program"),
];

/// What a multisig is to be.
struct Wanted<'a> {
    config_authority: Option<&'a Address>,
    threshold: u16,
    members: &'a [Member],
    time_lock: u32,
    rent_collector: Option<&'a Address>,
}

impl<'a> Wanted<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, Anchor> {
        let mut arguments = Arguments::new(data);
        let config_authority = arguments.option_address()?;
        let threshold = arguments.u16()?;
        let count = arguments.u32()?;
        let wanted = Self {
            config_authority,
            threshold,
            members: arguments.list(count)?,
            time_lock: arguments.u32()?,
            rent_collector: arguments.option_address()?,
        };
        arguments.memo()?;
        arguments.end()?;
        Ok(wanted)
    }
}

/// Creates a multisig for the key that signs for its address, and pays the program's fee. Members are kept sorted.
#[inline(never)]
pub fn create(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let wanted = Wanted::parse(data)?;
    let ([config, treasury, view, create_key, creator, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let config = ProgramConfig::load(config, program_id)?;
    require_of("treasury", config.treasury == *treasury.address(), Error::InvalidAccount)?;
    let key = create_key.address().as_array();
    let bump = found("multisig", view, find(&[MULTISIG, MULTISIG, key], program_id))?;
    require(!wanted.members.is_empty(), Error::EmptyMembers)?;
    require(wanted.members.len() <= MOST_MEMBERS, Error::TooManyMembers)?;

    let fee = config.fee();
    if fee > 0 {
        Transfer { from: creator, to: treasury, lamports: fee }.invoke()?;
    }
    let seeds = [MULTISIG.into(), MULTISIG.into(), key.into(), from_ref(&bump).into()];
    let new = New { payer: creator, account: view, seeds: &seeds };
    create_account(&new, Multisig::length(wanted.members.len()), program_id)?;
    let mut multisig = Multisig::begin(view, create_key.address(), bump)?;
    for member in wanted.members {
        multisig.insert(member)?;
    }
    multisig.set_threshold(wanted.threshold);
    multisig.set_time_lock(wanted.time_lock);
    multisig.set_rent_collector(wanted.rent_collector);
    if let Some(authority) = wanted.config_authority {
        multisig.set_config_authority(authority);
    }
    Ok(multisig.check()?)
}
