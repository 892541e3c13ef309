"""Voting: thresholds, votes that move, calling off, and transactions that a change left behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.bending import Bent
from tests.programs.multisig_v3.council import (
    ANA,
    BO,
    CHI,
    CREATE_KEY,
    DEE,
    EVE,
    MEMBERS,
    NEWCOMER,
    SQUAD,
    STRANGER,
    Council,
    payment,
    refused,
)
from tests.programs.multisig_v3.interface import Code, Status, multisig_address, transaction_address
from tests.programs.world import actor

Vote = Callable[[Pubkey, Pubkey, Pubkey], Instruction]
FIRST = transaction_address(SQUAD, 1)


@pytest.mark.parametrize("threshold", range(1, 6))
def test_as_many_approvals_as_the_threshold_make_it_ready(council: Council, threshold: int) -> None:
    council.decide(c.change_threshold(SQUAD, threshold))
    index = council.propose(payment())
    council.approve(index, *MEMBERS[: threshold - 1])
    assert council.transaction(index).status is Status.ACTIVE
    council.approve(index, MEMBERS[threshold - 1])
    assert council.transaction(index).status is Status.EXECUTE_READY
    assert council.transaction(index).approved == MEMBERS[:threshold]


@pytest.mark.parametrize("threshold", range(1, 6))
def test_one_rejection_more_than_can_be_spared_ends_it(council: Council, threshold: int) -> None:
    council.decide(c.change_threshold(SQUAD, threshold))
    index, spared = council.propose(payment()), len(MEMBERS) - threshold
    council.reject(index, *MEMBERS[:spared])
    assert council.transaction(index).status is Status.ACTIVE
    council.reject(index, MEMBERS[spared])
    assert council.transaction(index).status is Status.REJECTED
    assert council.transaction(index).rejected == MEMBERS[: spared + 1]


def test_the_same_vote_again_changes_nothing(council: Council) -> None:
    index = council.propose(payment())
    council.approve(index, ANA)
    council.reject(index, BO)
    before = council.data(transaction_address(SQUAD, index))
    council.approve(index, ANA, ANA, ANA)
    council.reject(index, BO, BO, BO)
    assert council.data(transaction_address(SQUAD, index)) == before


def test_a_vote_the_other_way_moves_the_vote(council: Council) -> None:
    index = council.propose(payment())
    council.approve(index, EVE, ANA)
    council.reject(index, ANA, CHI)
    council.approve(index, CHI)
    transaction = council.transaction(index)
    assert (transaction.approved, transaction.rejected) == ([CHI, EVE], [ANA])
    assert transaction.status is Status.ACTIVE


def test_as_many_as_decide_call_off_what_is_ready(council: Council) -> None:
    index = council.ready(payment())
    council.cancel(index, EVE, ANA, EVE)
    assert council.transaction(index).status is Status.EXECUTE_READY
    council.cancel(index, DEE)
    transaction = council.transaction(index)
    assert (transaction.status, transaction.cancelled) == (Status.CANCELLED, [ANA, DEE, EVE])
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.execute(index)


def test_members_who_were_added_since_may_call_it_off(council: Council) -> None:
    """The account was made for the members of then: whoever does not fit in pays for more room."""
    added = [actor(f"added {n}") for n in range(11)]
    council.decide(c.change_threshold(SQUAD, 5))
    index = council.ready(payment())
    size = len(council.data(transaction_address(SQUAD, index)))
    _enroll(council, added)
    council.decide(c.change_threshold(SQUAD, 16))
    council.cancel(index, *MEMBERS, *added[:10])
    assert council.transaction(index).status is Status.EXECUTE_READY
    council.cancel(index, added[10])
    transaction, account = council.transaction(index), council.account(transaction_address(SQUAD, index))
    assert account is not None
    assert (transaction.status, len(transaction.cancelled)) == (Status.CANCELLED, 16)
    assert len(account.data) == size + 32 * 6
    assert account.lamports >= council.rent(len(account.data))


# What a change left behind


@pytest.mark.parametrize("vote", [c.approve, c.reject])
def test_a_vote_from_before_a_change_is_over(council: Council, vote: Vote) -> None:
    stale = council.propose(payment())
    council.approve(stale, ANA, BO)
    council.decide(c.change_threshold(SQUAD, 2))
    with refused(Code.DEPRECATED_TRANSACTION):
        council.send(vote(SQUAD, transaction_address(SQUAD, stale), CHI))
    assert council.transaction(stale).status is Status.ACTIVE


def test_what_was_ready_before_a_change_is_executed_or_called_off_after_it(council: Council) -> None:
    one, two = council.ready(payment()), council.ready(payment())
    council.decide(c.change_threshold(SQUAD, 2))
    council.execute(one)
    council.cancel(two, ANA, BO)
    assert council.transaction(one).status is Status.EXECUTED
    assert council.transaction(two).status is Status.CANCELLED


def test_a_transaction_after_the_change_is_voted_on(council: Council) -> None:
    council.decide(c.change_threshold(SQUAD, 2))
    index = council.propose(payment())
    council.approve(index, ANA, BO)
    assert council.transaction(index).status is Status.EXECUTE_READY


# Refusals


@pytest.mark.parametrize("vote", [c.approve, c.reject])
def test_only_members_vote(council: Council, vote: Vote) -> None:
    council.propose(payment())
    with refused(Code.KEY_NOT_IN_MULTISIG):
        council.send(vote(SQUAD, FIRST, STRANGER))


def test_only_members_call_off(council: Council) -> None:
    council.ready(payment())
    with refused(Code.KEY_NOT_IN_MULTISIG):
        council.send(c.cancel(SQUAD, FIRST, STRANGER))


def _drafted(council: Council) -> None:
    council.draft(payment())


def _active(council: Council) -> None:
    council.propose(payment())


def _ready(council: Council) -> None:
    council.ready(payment())


def _executed(council: Council) -> None:
    council.execute(council.ready(payment()))


def _rejected(council: Council) -> None:
    council.reject(council.propose(payment()), ANA, BO, CHI)


def _cancelled(council: Council) -> None:
    council.cancel(council.ready(payment()), ANA, BO, CHI)


STATES = (_drafted, _active, _ready, _executed, _rejected, _cancelled)
ALLOWED: dict[Vote, Callable[[Council], None]] = {c.approve: _active, c.reject: _active, c.cancel: _ready}


@pytest.mark.parametrize("vote", ALLOWED, ids=lambda vote: vote.__name__)
@pytest.mark.parametrize("reach", STATES, ids=lambda reach: reach.__name__)
def test_each_vote_has_its_one_state(council: Council, vote: Vote, reach: Callable[[Council], None]) -> None:
    reach(council)
    if ALLOWED[vote] is reach:
        council.send(vote(SQUAD, FIRST, EVE))
    else:
        with refused(Code.INVALID_TRANSACTION_STATE):
            council.send(vote(SQUAD, FIRST, EVE))


def test_a_vote_through_another_multisig_is_refused(council: Council) -> None:
    """One that the attacker made, of which only the attacker is a member."""
    other = multisig_address(actor("poison"))
    council.send(c.create(STRANGER, actor("poison"), 1, [STRANGER]))
    index = council.propose(payment())
    for vote in (c.approve, c.reject, c.cancel):
        with refused(Code.CONSTRAINT_SEEDS):
            council.send(vote(other, transaction_address(SQUAD, index), STRANGER))
    assert multisig_address(CREATE_KEY) == SQUAD != other


APPROVE, CANCEL = Bent(c.approve(SQUAD, FIRST, EVE)), Bent(c.cancel(SQUAD, FIRST, EVE))
REFUSALS = {
    "approve: a member who does not sign": (APPROVE.unsigned(2), Code.ACCOUNT_NOT_SIGNER),
    "approve: a member who is read-only": (APPROVE.read_only(2), Code.CONSTRAINT_MUT),
    "approve: a transaction that is read-only": (APPROVE.read_only(1), Code.CONSTRAINT_MUT),
    "approve: a multisig for a transaction": (APPROVE.using(1, SQUAD), Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
    "approve: a stranger's account": (APPROVE.using(1, STRANGER), Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM),
    "approve: an account too few": (APPROVE.without_last(), Code.ACCOUNT_NOT_ENOUGH_KEYS),
    "approve: a byte too many": (APPROVE.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    "cancel: a member who does not sign": (CANCEL.unsigned(2), Code.ACCOUNT_NOT_SIGNER),
    "cancel: a multisig that is read-only": (CANCEL.read_only(0), Code.CONSTRAINT_MUT),
    "cancel: another system program": (CANCEL.using(3, STRANGER), Code.INVALID_PROGRAM_ID),
    "cancel: a byte too many": (CANCEL.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
}


@pytest.mark.parametrize(("instruction", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_is_refused(council: Council, instruction: Instruction, code: Code) -> None:
    council.propose(payment())
    with refused(code):
        council.send(instruction)


def _enroll(council: Council, members: list[Pubkey]) -> None:
    council.fund_squad()
    for member in members:
        council.fund(member)
        council.decide(c.add_member(SQUAD, member))


def test_a_newcomer_votes_on_what_comes_after(council: Council) -> None:
    _enroll(council, [NEWCOMER])
    index = council.propose(payment())
    council.approve(index, ANA, BO, NEWCOMER)
    assert council.transaction(index).status is Status.EXECUTE_READY
