"""What a vault's own message could do to its multisig by calling the program again, and what members who left could."""

from __future__ import annotations

import struct

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction

from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import (
    AddMember,
    Approved,
    ChangeThreshold,
    Executed,
    RemoveMember,
)
from chain.multisig.v4.message import compile_message
from tests.programs.multisig import calls as c
from tests.programs.multisig import test_buffers as buffers
from tests.programs.multisig import test_limits as limits
from tests.programs.multisig.council import (
    ANA,
    BO,
    CHI,
    COLLECTOR,
    DEE,
    EVE,
    OTHER_KEY,
    PAYEE,
    PROGRAM_ID,
    SQUAD,
    STRANGER,
    VAULT,
    Council,
    creation,
    payment,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig_v3.bending import Bent
from tests.programs.world import Refused, actor

OTHER = addresses.multisig(OTHER_KEY, PROGRAM_ID)


@pytest.fixture
def joined(council: Council) -> Council:
    """With a vault that is a member in every role."""
    council.change(AddMember(Member(VAULT, EVERY_ROLE)))
    return council


def test_one_approved_payment_is_not_made_twice_by_another(joined: Council) -> None:
    """The second executes the first, twice in a row."""
    first = joined.approved(payment(5))
    inner = joined.execution(first, VAULT)
    # The vault is the payer of the inner payment too, so it signs for both.
    signed = [AccountMeta(m.pubkey, m.is_signer or m.pubkey == VAULT, m.is_writable) for m in inner.accounts]
    again = Instruction(PROGRAM_ID, inner.data, signed)
    before = joined.lamports(PAYEE)
    twice = joined.approved(again, again)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        joined.execute(twice)
    assert joined.status(first) is Approved
    once = joined.approved(again)
    joined.execute(once)
    assert (joined.status(first), joined.status(once)) == (Executed, Executed)
    assert joined.lamports(PAYEE) - before == 5


def test_a_vaults_vote_is_one_vote(joined: Council) -> None:
    """A message that approves another transaction as the vault, three times."""
    target = joined.propose(payment(5))
    vote = instructions.approve(multisig=SQUAD, index=target, member=VAULT, program=PROGRAM_ID)
    with refused(Code.ALREADY_APPROVED):
        joined.execute(joined.approved(vote, vote, vote))
    joined.execute(joined.approved(vote))
    assert joined.proposal(target).approved == (VAULT,)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        joined.execute(target)


def test_a_vault_is_not_the_config_authority_of_a_multisig_without_one(joined: Council) -> None:
    change = c.controlled("multisig_change_threshold", SQUAD, struct.pack("<H", 1), by=VAULT)
    with refused(Code.UNAUTHORIZED):
        joined.execute(joined.approved(change))
    limit = limits.limit_of()
    remove = c.call(
        "multisig_remove_spending_limit", [(SQUAD, ""), (VAULT, "s"), (limit, "w"), (PAYEE, "w")], c.NO_MEMO
    )
    limits.change(joined, [limits.NAMED], [limit])
    with refused(Code.UNAUTHORIZED):
        joined.execute(joined.approved(remove))


OWN = {
    "approve": lambda own: instructions.approve(member=VAULT, **own),
    "cancel": lambda own: instructions.cancel(member=VAULT, **own),
    "close": lambda own: instructions.close_vault_transaction(rent_collector=COLLECTOR, **own),
}


@pytest.mark.parametrize("how", OWN)
def test_a_message_does_nothing_to_its_own_proposal(joined: Council, how: str) -> None:
    """It cannot vote on it, call it off or close it while it is executed."""
    index = joined.squad.transaction_index + 1
    found = joined.approved(OWN[how]({"multisig": SQUAD, "index": index, "program": PROGRAM_ID}))
    assert found == index
    with refused(Code.PROTECTED_ACCOUNT):
        joined.execute(found)
    assert joined.status(found) is Approved


def test_a_batch_does_not_go_on_from_within(joined: Council) -> None:
    """Its first transaction executes the second."""
    index = joined.squad.transaction_index + 1
    second = compile_message([payment(5)])
    inner = c.execute_in_batch(index, 2, second, by=VAULT)
    # The vault pays in the inner message too, so it signs for both.
    metas = [AccountMeta(m.pubkey, m.is_signer or m.pubkey == VAULT, m.is_writable) for m in inner.accounts]
    first = compile_message([Instruction(PROGRAM_ID, inner.data, metas)])
    joined.send(c.create_batch(index))
    joined.open(index, draft=True)
    for number, message in ((1, first), (2, second)):
        joined.send(c.add_to_batch(index, number, message))
    joined.send(instructions.activate_proposal(multisig=SQUAD, index=index, member=ANA, program=PROGRAM_ID))
    joined.approve(index, ANA, BO, CHI)
    with refused(Code.PROTECTED_ACCOUNT):
        joined.send(c.execute_in_batch(index, 1, first))


def test_a_batch_is_not_executed_as_anything_else(council: Council) -> None:
    """A batch, a change and a payment have addresses of the same kind; one cannot be executed as another."""
    council.send(c.create_batch(1))
    council.open(1)
    council.approve(1, ANA, BO, CHI)
    accounts = [
        (SQUAD, ""),
        (addresses.proposal(SQUAD, 1, PROGRAM_ID), "w"),
        (addresses.transaction(SQUAD, 1, PROGRAM_ID), ""),
    ]
    with refused(Code.ACCOUNT_DISCRIMINATOR_MISMATCH):
        council.send(c.call("vault_transaction_execute", [*accounts, (ANA, "s")]))
    change = instructions.execute_config_transaction(
        multisig=SQUAD, index=1, member=ANA, rent_payer=ANA, program=PROGRAM_ID
    )
    with refused(Code.ACCOUNT_DISCRIMINATOR_MISMATCH):
        council.send(change)
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(c.execute_in_batch(1, 1, compile_message([payment()])))


def test_votes_for_a_batch_do_not_execute_what_is_added_later(council: Council) -> None:
    message = compile_message([payment(5)])
    council.send(c.create_batch(1))
    council.open(1)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(c.add_to_batch(1, 1, message))
    council.approve(1, ANA, BO, CHI)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(c.add_to_batch(1, 1, message))


def test_who_left_neither_votes_nor_executes(council: Council) -> None:
    council.change(AddMember(Member(STRANGER, EVERY_ROLE)))
    before = council.approved(payment(5))
    council.change(RemoveMember(STRANGER))
    after = council.propose(payment(6))
    for made in (
        instructions.approve(multisig=SQUAD, index=after, member=STRANGER, program=PROGRAM_ID),
        instructions.reject(multisig=SQUAD, index=after, member=STRANGER, program=PROGRAM_ID),
        instructions.cancel(multisig=SQUAD, index=before, member=STRANGER, program=PROGRAM_ID),
        council.execution(before, STRANGER),
        c.create_batch(after + 1, by=STRANGER),
        buffers.begin(by=STRANGER),
    ):
        with refused(Code.NOT_A_MEMBER):
            council.send(made)


def test_who_leaves_and_comes_back_has_no_vote_from_before(council: Council) -> None:
    index = council.propose(payment())
    council.approve(index, EVE, BO)
    council.change(RemoveMember(EVE))
    council.change(AddMember(Member(EVE, EVERY_ROLE)))
    for member in (EVE, CHI):
        with refused(Code.STALE_PROPOSAL):
            council.approve(index, member)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.execute(index)


def test_a_lower_threshold_executes_nothing_that_waited(council: Council) -> None:
    waiting = council.propose(payment())
    council.approve(waiting, ANA, BO)
    council.change(ChangeThreshold(2))
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.execute(waiting)
    with refused(Code.STALE_PROPOSAL):
        council.approve(waiting, CHI)


def test_two_changes_approved_together_are_not_both_made(council: Council) -> None:
    """The second was voted on under rules that the first ended."""
    first, second = (council.propose_changes(ChangeThreshold(n)) for n in (2, 1))
    for index in (first, second):
        council.approve(index, ANA, BO, CHI)
    council.execute_changes(first)
    with refused(Code.STALE_PROPOSAL):
        council.execute_changes(second)
    assert council.squad.threshold == 2


def test_a_vote_is_counted_for_the_proposal_that_was_named(council: Council) -> None:
    """The same members, another multisig of theirs: votes there do not count here, nor here there."""
    council.send(creation(OTHER_KEY))
    here = council.propose(payment())
    by = {"creator": ANA, "rent_payer": ANA, "program": PROGRAM_ID, "multisig": OTHER, "index": 1}
    council.send(
        instructions.create_vault_transaction(vault_index=0, message=compile_message([payment()]), **by),
        instructions.create_proposal(**by),
    )
    vote = instructions.approve(multisig=SQUAD, index=here, member=DEE, program=PROGRAM_ID)
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(Bent(vote).using(2, addresses.proposal(OTHER, 1, PROGRAM_ID)))
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(Bent(vote).using(0, OTHER))
    for member in (ANA, BO, CHI):
        council.send(instructions.approve(multisig=OTHER, index=1, member=member, program=PROGRAM_ID))
    assert council.proposal(here).approved == ()
    with pytest.raises(Refused):
        council.execute(here)


def test_signers_of_the_execution_lend_the_message_no_more_than_it_names(council: Council) -> None:
    """Who executes signs for that alone: a message that does not name them as a signer cannot use their signature."""
    theft = Instruction(
        payment().program_id, payment().data, [AccountMeta(ANA, False, True), AccountMeta(PAYEE, False, True)]
    )
    index = council.approved(theft)
    before = council.lamports(ANA)
    with pytest.raises(Refused):
        council.execute(index, ANA)
    assert council.lamports(ANA) == before


def test_roles_are_held_by_each_member_alone(council: Council) -> None:
    council.change(AddMember(Member(STRANGER, Roles.INITIATE)))
    index = council.propose(payment(), by=STRANGER)
    with refused(Code.UNAUTHORIZED):
        council.approve(index, STRANGER)
    council.approve(index, ANA, BO, CHI)
    with refused(Code.UNAUTHORIZED):
        council.execute(index, STRANGER)
    with refused(Code.UNAUTHORIZED):
        council.cancel(index, STRANGER)


def test_a_multisig_at_another_address_is_not_believed(council: Council) -> None:
    """Were such an account ever to come about, it would still have no vault and no transactions."""
    forged = actor("forged multisig")
    council.place(forged, Account(10**9, council.data(SQUAD), PROGRAM_ID))
    made = instructions.create_vault_transaction(
        multisig=forged,
        index=1,
        creator=ANA,
        rent_payer=ANA,
        vault_index=0,
        message=compile_message([payment()]),
        program=PROGRAM_ID,
    )
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(made)


@pytest.mark.parametrize("decided", ["open", "rejected", "executed", "cancelled"])
def test_only_what_is_approved_is_called_off(council: Council, decided: str) -> None:
    index = council.propose(payment())
    if decided == "rejected":
        council.reject(index, ANA, BO, CHI)
    if decided in ("executed", "cancelled"):
        council.approve(index, ANA, BO, CHI)
    if decided == "executed":
        council.execute(index)
    if decided == "cancelled":
        council.cancel(index, ANA, BO, CHI)
    vote = instructions.cancel(multisig=SQUAD, index=index, member=DEE, program=PROGRAM_ID)
    first = c.call("proposal_cancel", [(m.pubkey, "w" * m.is_writable + "s" * m.is_signer) for m in vote.accounts[:3]])
    for made in (vote, Instruction(PROGRAM_ID, first.data + c.NO_MEMO, first.accounts)):
        with refused(Code.INVALID_PROPOSAL_STATUS):
            council.send(made)
