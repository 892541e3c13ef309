//! What a config authority changes without anybody's vote; a multisig without one knows none of it.

use super::spending_limits::payer_of;
use crate::state::{Action, Multisig};
use interface::{
    accounts::{read, system_program, take, Role},
    arguments::Arguments,
    system::grow,
    Anchor, Call, Outcome,
};
use pinocchio::{AccountView, Address};

const ACCOUNTS: [Role; 2] = [read("multisig").writable(), read("config_authority").signs()];

pub fn add_member(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let [member] = arguments.list(1)? else { return Err(Anchor::InstructionDidNotDeserialize.into()) };
    change(call, arguments, &Action::AddMember(member))
}

pub fn remove_member(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let key = arguments.address()?;
    change(call, arguments, &Action::RemoveMember(key))
}

pub fn set_time_lock(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let seconds = arguments.u32()?;
    change(call, arguments, &Action::SetTimeLock(seconds))
}

pub fn change_threshold(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let threshold = arguments.u16()?;
    change(call, arguments, &Action::ChangeThreshold(threshold))
}

pub fn set_rent_collector(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let collector = arguments.option_address()?;
    change(call, arguments, &Action::SetRentCollector(collector))
}

/// Another authority; the zero address is none, for good.
pub fn set_config_authority(call: &Call) -> Outcome {
    let mut arguments = Arguments::new(call.data);
    let key: &Address = arguments.address()?;
    arguments.memo()?;
    arguments.end()?;
    let (_, mut multisig) = only_authority(call)?;
    multisig.set_config_authority(key);
    multisig.make_stale();
    Ok(())
}

fn change(call: &Call, mut arguments: Arguments, action: &Action) -> Outcome {
    arguments.memo()?;
    arguments.end()?;
    let (view, multisig) = only_authority(call)?;
    let members = multisig.count() + usize::from(matches!(action, Action::AddMember(_)));
    lengthen(view, &call.accounts[ACCOUNTS.len()..], members)?;
    let mut multisig = Multisig::load(view, call.program_id)?;
    action.apply(&mut multisig)?;
    Ok(multisig.check()?)
}

fn only_authority<'a>(call: &Call<'a>) -> Outcome<(&'a AccountView, Multisig<'a>)> {
    let ([view, authority], _) = take(call.accounts, &ACCOUNTS)?;
    let multisig = Multisig::load(view, call.program_id)?;
    multisig.only_config_authority(authority)?;
    Ok((view, multisig))
}

/// Makes room for so many members, at the cost of who comes first after the named accounts, before the system program.
pub fn lengthen(view: &AccountView, optional: &[AccountView], members: usize) -> Outcome {
    let length = Multisig::length(members);
    if view.data_len() < length {
        let (payer, system) = payer_of(optional)?;
        system_program(system)?;
        grow(payer, view, length)?;
    }
    Ok(())
}
