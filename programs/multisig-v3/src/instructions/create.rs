use crate::{
    address::{MULTISIG, SQUAD},
    errors::Error,
    state::{Multisig, MOST_MEMBERS},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::require,
    system::{create, New},
    Anchor, Call, Outcome,
};
use pinocchio::Address;

const ACCOUNTS: [Role; 3] =
    [read("multisig").writable(), read("creator").signs().writable(), read("system_program")];

/// Who the members are, and how many of them decide.
struct Council<'a> {
    threshold: u16,
    create_key: &'a Address,
    members: &'a [Address],
}

impl<'a> Council<'a> {
    /// The last argument is text for people, which is in the transaction and nowhere else.
    fn parse(data: &'a [u8]) -> Result<Self, Anchor> {
        let mut arguments = Arguments::new(data);
        let council = Self {
            threshold: arguments.u16()?,
            create_key: arguments.address()?,
            members: arguments.addresses()?,
        };
        let meta = core::str::from_utf8(arguments.bytes()?);
        require(meta.is_ok(), Anchor::InstructionDidNotDeserialize)?;
        arguments.end()?;
        Ok(council)
    }
}

/// Creates a multisig. Members are kept sorted and each once, whatever the order they come in.
#[inline(never)]
pub fn process(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let Council { threshold, create_key, members } = Council::parse(data)?;
    let ([multisig, creator, system], _) = take(accounts, &ACCOUNTS)?;
    system_program(system)?;
    let bump = found("multisig", multisig, find(&[SQUAD, create_key.as_array(), MULTISIG], program_id))?;
    require(!members.is_empty(), Error::EmptyMembers)?;
    require(members.len() <= MOST_MEMBERS, Error::MaxMembersReached)?;

    let seeds = [SQUAD.into(), create_key.as_array().into(), MULTISIG.into(), from_ref(&bump).into()];
    let new = New { payer: creator, account: multisig, seeds: &seeds };
    create(&new, Multisig::length(members.len()), program_id)?;
    let mut state = Multisig::begin(multisig, create_key, bump)?;
    for member in members {
        state.insert(member)?;
    }
    state.begin_threshold(threshold)?;
    Ok(())
}
