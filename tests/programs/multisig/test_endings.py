"""Batches, and the rent of what nothing can come of any more."""

from __future__ import annotations

import pytest
from solders.instruction import Instruction

from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import ChangeThreshold, Executed, SetRentCollector
from chain.multisig.v4.message import compile_message
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import (
    ANA,
    BO,
    CHI,
    COLLECTOR,
    CRANK,
    PAYEE,
    PROGRAM_ID,
    SQUAD,
    STRANGER,
    Council,
    payment,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig_v3.bending import Bent

MESSAGES = [compile_message([payment(amount)]) for amount in (1, 10, 100)]


def batch_of_three(council: Council) -> int:
    """A draft with three payments, opened for votes."""
    index = council.squad.transaction_index + 1
    council.send(c.create_batch(index))
    council.open(index, draft=True)
    for number, message in enumerate(MESSAGES, 1):
        council.send(c.add_to_batch(index, number, message))
    council.send(instructions.activate_proposal(multisig=SQUAD, index=index, member=ANA, program=PROGRAM_ID))
    return index


def test_a_batch_is_approved_once_and_done_in_order(council: Council) -> None:
    index = batch_of_three(council)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(c.add_to_batch(index, 4, MESSAGES[0]))
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(c.execute_in_batch(index, 1, MESSAGES[0]))
    council.approve(index, ANA, BO, CHI)
    before = council.lamports(PAYEE)
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(c.execute_in_batch(index, 2, MESSAGES[1]))
    for number, message in enumerate(MESSAGES, 1):
        assert council.status(index) is not Executed
        council.send(c.execute_in_batch(index, number, message))
    assert council.status(index) is Executed
    assert council.lamports(PAYEE) - before == 111
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(c.execute_in_batch(index, 4, MESSAGES[0]))


def test_only_its_creator_adds_to_a_batch(council: Council) -> None:
    council.send(c.create_batch(1))
    council.open(1, draft=True)
    with refused(Code.UNAUTHORIZED):
        council.send(c.add_to_batch(1, 1, MESSAGES[0], by=BO))


def test_a_batch_is_closed_from_its_end(council: Council) -> None:
    index = batch_of_three(council)
    council.approve(index, ANA, BO, CHI)
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(c.close_batch_transaction(index, 3))
    for number, message in enumerate(MESSAGES, 1):
        council.send(c.execute_in_batch(index, number, message))
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(c.close_batch_transaction(index, 2))
    with refused(Code.BATCH_NOT_EMPTY):
        council.send(c.close_batch(index))
    before = council.lamports(COLLECTOR)
    for number in (3, 2, 1):
        council.send(c.close_batch_transaction(index, number))
        assert council.account(c.batch_transaction(index, number)) is None
    council.send(c.close_batch(index))
    assert council.account(addresses.proposal(SQUAD, index, PROGRAM_ID)) is None
    assert council.account(addresses.transaction(SQUAD, index, PROGRAM_ID)) is None
    assert council.lamports(COLLECTOR) > before


# Closing


def executed(council: Council) -> int:
    index = council.approved(payment())
    council.execute(index)
    return index


def rejected(council: Council) -> int:
    index = council.propose(payment())
    council.reject(index, ANA, BO, CHI)
    return index


def cancelled(council: Council) -> int:
    index = council.approved(payment())
    council.cancel(index, ANA, BO, CHI)
    return index


def stale(council: Council) -> int:
    index = council.propose(payment())
    council.change(ChangeThreshold(3))
    return index


def never_proposed(council: Council) -> int:
    index = council.draft(payment())
    council.change(ChangeThreshold(3))
    return index


@pytest.mark.parametrize("ended", [executed, rejected, cancelled, stale, never_proposed])
def test_what_has_ended_gives_its_rent_to_the_collector(council: Council, ended: object) -> None:
    index = ended(council)  # type: ignore[operator]
    keys = [address(SQUAD, index, PROGRAM_ID) for address in (addresses.transaction, addresses.proposal)]
    held = sum(council.lamports(key) for key in keys)
    before = council.lamports(COLLECTOR)
    council.close(index)
    assert council.lamports(COLLECTOR) - before == held
    assert [council.account(key) for key in keys] == [None, None]
    assert held > 0


def active(council: Council) -> int:
    return council.propose(payment())


def approved(council: Council) -> int:
    return council.approved(payment())


def stale_but_approved(council: Council) -> int:
    index = council.approved(payment())
    council.change(ChangeThreshold(3))
    return index


def not_proposed_yet(council: Council) -> int:
    return council.draft(payment())


@pytest.mark.parametrize("alive", [active, approved, stale_but_approved, not_proposed_yet])
def test_what_can_still_come_to_something_is_not_closed(council: Council, alive: object) -> None:
    index = alive(council)  # type: ignore[operator]
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.close(index)


def test_a_change_that_is_stale_is_closed_even_if_it_was_approved(council: Council) -> None:
    index = council.propose_changes(ChangeThreshold(1))
    council.approve(index, ANA, BO, CHI)
    closing = instructions.close_config_transaction(
        multisig=SQUAD, index=index, rent_collector=COLLECTOR, program=PROGRAM_ID
    )
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(closing)
    council.change(ChangeThreshold(2))
    council.send(closing)
    assert council.account(addresses.proposal(SQUAD, index, PROGRAM_ID)) is None


def test_rent_goes_to_nobody_else(council: Council) -> None:
    index = executed(council)
    with refused(Code.INVALID_RENT_COLLECTOR):
        council.close(index, STRANGER)
    council.change(SetRentCollector(None))
    with refused(Code.RENT_RECLAMATION_DISABLED):
        council.close(index)


def test_the_proposal_of_another_number_does_not_end_it(council: Council) -> None:
    """An approved payment beside a rejected one: the rejected one's proposal does not close it."""
    ended, alive = rejected(council), approved(council)
    closing = instructions.close_vault_transaction(
        multisig=SQUAD, index=alive, rent_collector=COLLECTOR, program=PROGRAM_ID
    )
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(Bent(closing).using(1, addresses.proposal(SQUAD, ended, PROGRAM_ID)))


def test_what_was_closed_is_not_executed_nor_proposed_again(council: Council) -> None:
    index = executed(council)
    execution = council.execution(index)
    council.close(index)
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(execution)
    # Somebody sends lamports there: it is no account of the program by that.
    council.fund(addresses.proposal(SQUAD, index, PROGRAM_ID), 10**9)
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(execution)


def test_a_vault_cannot_close_the_transaction_it_is_executing(council: Council) -> None:
    index = council.squad.transaction_index + 1
    closing = instructions.close_vault_transaction(
        multisig=SQUAD, index=index, rent_collector=COLLECTOR, program=PROGRAM_ID
    )
    assert council.approved(closing) == index
    with refused(Code.PROTECTED_ACCOUNT):
        council.execute(index)


@pytest.mark.parametrize("place", range(5))
def test_every_account_of_a_closing_is_checked(council: Council, place: int) -> None:
    index = executed(council)
    closing: Instruction = instructions.close_vault_transaction(
        multisig=SQUAD, index=index, rent_collector=COLLECTOR, program=PROGRAM_ID
    )
    wrong = {
        0: Code.CONSTRAINT_SEEDS,
        1: Code.CONSTRAINT_SEEDS,
        2: Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM,
        3: Code.INVALID_RENT_COLLECTOR,
        4: Code.INVALID_PROGRAM_ID,
    }
    with refused(wrong[place]):
        council.send(Bent(closing).using(place, CRANK))
