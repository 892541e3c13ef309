use crate::{
    address::{MULTISIG, PROPOSAL, TRANSACTION},
    errors::Error,
    state::{Multisig, Proposal, Status, INITIATE, VOTE},
};
use core::slice::from_ref;
use interface::{
    accounts::{found, read, system_program, take, Role},
    address::find,
    arguments::Arguments,
    errors::require,
    system::{create as create_account, grow, New},
    votes::List,
    Anchor, Call, Outcome,
};
use pinocchio::AccountView;

const CREATE: [Role; 5] = [
    read("multisig"),
    read("proposal").writable(),
    read("creator").signs(),
    read("rent_payer").signs().writable(),
    read("system_program"),
];
const VOTING: [Role; 3] = [read("multisig"), read("member").signs().writable(), read("proposal").writable()];
const SYSTEM: [Role; 1] = [read("system_program")];

/// Opens a transaction for votes, at once or as a draft.
#[inline(never)]
pub fn create(call: &Call) -> Outcome {
    let Call { program_id, accounts, data } = *call;
    let mut arguments = Arguments::new(data);
    let index = arguments.u64()?;
    let draft = arguments.is_some()?;
    arguments.end()?;
    let ([view, account, creator, payer, system], _) = take(accounts, &CREATE)?;
    system_program(system)?;
    let multisig = Multisig::load(view, program_id)?;
    let (key, number) = (view.address().as_array(), index.to_le_bytes());
    let at = find(&[MULTISIG, key, TRANSACTION, &number, PROPOSAL], program_id);
    let bump = found("proposal", account, at)?;
    multisig.only(creator, INITIATE)?;
    require(index <= multisig.transaction_index(), Error::InvalidTransactionIndex)?;
    require(!multisig.is_stale(index), Error::StaleProposal)?;

    let seeds = [
        MULTISIG.into(),
        key.into(),
        TRANSACTION.into(),
        (&number).into(),
        PROPOSAL.into(),
        from_ref(&bump).into(),
    ];
    let new = New { payer, account, seeds: &seeds };
    create_account(&new, Proposal::length(multisig.count()), program_id)?;
    let mut proposal = Proposal::begin(account, view.address(), index, bump)?;
    proposal.set(if draft { Status::Draft } else { Status::Active })
}

/// Opens a draft for votes.
pub fn activate(call: &Call) -> Outcome {
    Arguments::new(call.data).end()?;
    let (multisig, mut proposal, _) = voting(call, INITIATE)?;
    proposal.must_be(Status::Draft)?;
    proposal.must_be_current(&multisig)?;
    proposal.set(Status::Active)
}

/// A member's yes, which takes their no back.
#[inline(never)]
pub fn approve(call: &Call) -> Outcome {
    memo(call)?;
    let (multisig, mut proposal, member) = active(call)?;
    let key = member.address();
    let votes = proposal.count(List::Approved, Some(List::Rejected), key, Error::AlreadyApproved)?;
    if votes >= usize::from(multisig.threshold()) {
        proposal.set(Status::Approved)?;
    }
    Ok(())
}

/// A member's no, which takes their yes back.
#[inline(never)]
pub fn reject(call: &Call) -> Outcome {
    memo(call)?;
    let (multisig, mut proposal, member) = active(call)?;
    let key = member.address();
    let votes = proposal.count(List::Rejected, Some(List::Approved), key, Error::AlreadyRejected)?;
    if votes >= multisig.cutoff() {
        proposal.set(Status::Rejected)?;
    }
    Ok(())
}

/// A member's wish to call off what is approved, stale or not.
pub fn cancel(call: &Call) -> Outcome {
    memo(call)?;
    call_off(call)
}

/// The same, after making room for members who came since.
#[inline(never)]
pub fn cancel_v2(call: &Call) -> Outcome {
    memo(call)?;
    let ([view, member, proposal], rest) = take(call.accounts, &VOTING)?;
    let ([system], _) = take(rest, &SYSTEM)?;
    system_program(system)?;
    let multisig = Multisig::load(view, call.program_id)?;
    Proposal::load(proposal, view, call.program_id)?;
    multisig.only(member, VOTE)?;
    grow(member, proposal, Proposal::length(multisig.count()))?;
    call_off(call)
}

#[inline(never)]
fn call_off(call: &Call) -> Outcome {
    let (multisig, mut proposal, member) = voting(call, VOTE)?;
    proposal.must_be(Status::Approved)?;
    // Whoever left has no say in it any more.
    proposal.votes.retain(List::Cancelled, |key| multisig.has(key));
    let votes = proposal.count(List::Cancelled, None, member.address(), Error::AlreadyCancelled)?;
    if votes >= usize::from(multisig.threshold()) {
        proposal.set(Status::Cancelled)?;
    }
    Ok(())
}

fn memo(call: &Call) -> Result<(), Anchor> {
    let mut arguments = Arguments::new(call.data);
    arguments.memo()?;
    arguments.end()
}

fn active<'a>(call: &Call<'a>) -> Outcome<(Multisig<'a>, Proposal<'a>, &'a AccountView)> {
    let (multisig, proposal, member) = voting(call, VOTE)?;
    proposal.must_be(Status::Active)?;
    proposal.must_be_current(&multisig)?;
    Ok((multisig, proposal, member))
}

#[inline(never)]
fn voting<'a>(call: &Call<'a>, role: u8) -> Outcome<(Multisig<'a>, Proposal<'a>, &'a AccountView)> {
    let Call { program_id, accounts, .. } = *call;
    let ([view, member, proposal], _) = take(accounts, &VOTING)?;
    let multisig = Multisig::load(view, program_id)?;
    let proposal = Proposal::load(proposal, view, program_id)?;
    multisig.only(member, role)?;
    Ok((multisig, proposal, member))
}
