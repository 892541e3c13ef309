"""Voting: thresholds, votes that move, calling off, time locks, and what a change leaves behind."""

from __future__ import annotations

import pytest
from solders.pubkey import Pubkey

from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v4 import instructions
from chain.multisig.v4.accounts import (
    Active,
    AddMember,
    Approved,
    Cancelled,
    ChangeThreshold,
    Draft,
    Executed,
    Rejected,
    RemoveMember,
    SetTimeLock,
)
from tests.programs.multisig.council import (
    AMOUNT,
    ANA,
    BO,
    CHI,
    CRANK,
    DEE,
    EVE,
    NEWCOMER,
    PAYEE,
    PEOPLE,
    PROGRAM_ID,
    SQUAD,
    STRANGER,
    Council,
    payment,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.world import actor


@pytest.mark.parametrize("threshold", range(1, 6))
def test_as_many_approvals_as_the_threshold_approve(council: Council, threshold: int) -> None:
    council.change(ChangeThreshold(threshold))
    index = council.propose(payment())
    council.approve(index, *PEOPLE[: threshold - 1])
    assert council.status(index) is Active
    council.approve(index, PEOPLE[threshold - 1])
    assert council.status(index) is Approved
    assert list(council.proposal(index).approved) == PEOPLE[:threshold]


@pytest.mark.parametrize("threshold", range(1, 6))
def test_one_rejection_more_than_can_be_spared_rejects(council: Council, threshold: int) -> None:
    council.change(ChangeThreshold(threshold))
    index, spared = council.propose(payment()), 5 - threshold
    council.reject(index, *PEOPLE[:spared])
    assert council.status(index) is Active
    council.reject(index, PEOPLE[spared])
    assert council.status(index) is Rejected
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.approve(index, EVE)


def test_the_same_vote_again_is_refused_and_the_other_moves_it(council: Council) -> None:
    index = council.propose(payment())
    council.approve(index, ANA, BO)
    with refused(Code.ALREADY_APPROVED):
        council.approve(index, ANA)
    council.reject(index, ANA)
    with refused(Code.ALREADY_REJECTED):
        council.reject(index, ANA)
    proposal = council.proposal(index)
    assert (proposal.approved, proposal.rejected) == ((BO,), (ANA,))
    council.approve(index, ANA, EVE)
    assert council.status(index) is Approved
    assert council.proposal(index).approved == (ANA, BO, EVE)


def test_roles_decide_who_may_do_what(council: Council) -> None:
    council.change(AddMember(Member(NEWCOMER, Roles.VOTE)))
    with refused(Code.UNAUTHORIZED):
        council.draft(payment(), by=NEWCOMER)
    index = council.propose(payment(), by=CRANK)
    with refused(Code.UNAUTHORIZED):
        council.approve(index, CRANK)
    with refused(Code.UNAUTHORIZED):
        council.reject(index, CRANK)
    with refused(Code.NOT_A_MEMBER):
        council.approve(index, STRANGER)
    council.approve(index, NEWCOMER, ANA, EVE)
    with refused(Code.UNAUTHORIZED):
        council.cancel(index, CRANK)
    with refused(Code.UNAUTHORIZED):
        council.execute(index, NEWCOMER)
    with refused(Code.NOT_A_MEMBER):
        council.execute(index, STRANGER)
    before = council.lamports(PAYEE)
    council.execute(index)
    assert council.lamports(PAYEE) - before == AMOUNT
    assert council.status(index) is Executed


def test_a_draft_is_voted_on_once_it_is_activated(council: Council) -> None:
    index = council.draft(payment())
    council.open(index, draft=True)
    assert council.status(index) is Draft
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.approve(index, ANA)
    activation = instructions.activate_proposal(multisig=SQUAD, index=index, member=CRANK, program=PROGRAM_ID)
    council.send(activation)
    assert council.status(index) is Active
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(activation)
    council.approve(index, ANA)


def test_as_many_as_decide_call_off_what_is_approved(council: Council) -> None:
    index = council.approved(payment())
    council.cancel(index, EVE, ANA)
    with refused(Code.ALREADY_CANCELLED):
        council.cancel(index, EVE)
    assert council.status(index) is Approved
    council.cancel(index, DEE)
    assert council.status(index) is Cancelled
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.execute(index)


def test_the_votes_of_who_left_do_not_call_off(council: Council) -> None:
    index = council.approved(payment())
    council.cancel(index, EVE, DEE)
    council.change(RemoveMember(EVE))
    council.cancel(index, CHI)
    assert council.status(index) is Approved
    assert set(council.proposal(index).cancelled) == {CHI, DEE}
    council.cancel(index, ANA)
    assert council.status(index) is Cancelled


def test_members_who_came_since_may_call_off(council: Council) -> None:
    """The account was made for the members of then: whoever does not fit in pays for more room."""
    index = council.approved(payment())
    added = [actor(f"added {n}") for n in range(9)]
    for key in added:
        council.fund(key)
        council.change(AddMember(Member(key, EVERY_ROLE)))
    council.change(ChangeThreshold(14))
    size = len(council.data(_proposal(index)))
    council.cancel(index, *PEOPLE, *added[:8])
    assert council.status(index) is Approved
    council.cancel(index, added[8])
    assert council.status(index) is Cancelled
    account = council.account(_proposal(index))
    assert account is not None
    assert len(account.data) > size
    assert account.lamports >= council.rent(len(account.data))


def test_a_time_lock_runs_from_the_approval(council: Council) -> None:
    council.change(SetTimeLock(600))
    index = council.propose(payment())
    council.later(10_000)
    council.approve(index, ANA, BO, CHI)
    with refused(Code.TIME_LOCK_NOT_RELEASED):
        council.execute(index)
    council.later(599)
    with refused(Code.TIME_LOCK_NOT_RELEASED):
        council.execute(index)
    council.later(1)
    council.execute(index)


def test_what_a_change_makes_stale_is_not_voted_on_any_more(council: Council) -> None:
    stale, undecided = council.propose(payment()), council.draft(payment())
    council.approve(stale, ANA, BO)
    change = council.change(ChangeThreshold(2))
    assert council.squad.stale_transaction_index == change
    for vote in (council.approve, council.reject):
        with refused(Code.STALE_PROPOSAL):
            vote(stale, CHI)
    with refused(Code.STALE_PROPOSAL):
        council.open(undecided)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.execute(stale)


def test_what_was_approved_before_a_change_executes_after_it_but_no_change_does(council: Council) -> None:
    payment_index = council.approved(payment())
    changes = council.propose_changes(ChangeThreshold(1))
    council.approve(changes, ANA, BO, CHI)
    council.change(ChangeThreshold(2))
    with refused(Code.STALE_PROPOSAL):
        council.execute_changes(changes)
    council.execute(payment_index)
    assert council.squad.threshold == 2


def test_only_the_next_number_is_taken_and_a_proposal_needs_its_transaction(council: Council) -> None:
    with refused(Code.INVALID_TRANSACTION_INDEX):
        council.open(1)
    council.propose(payment())
    creation = instructions.create_proposal(multisig=SQUAD, index=1, creator=BO, rent_payer=BO, program=PROGRAM_ID)
    with refused(0):
        council.send(creation)


def _proposal(index: int) -> Pubkey:
    from chain.multisig.v4 import addresses

    return addresses.proposal(SQUAD, index, PROGRAM_ID)
