"""What only the multisig itself can do: members, threshold, vaults."""

from __future__ import annotations

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.bending import Bent
from tests.programs.multisig_v3.council import (
    ANA,
    BO,
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
from tests.programs.multisig_v3.interface import Code, authority_address
from tests.programs.world import actor


def _refused(council: Council, code: Code, *instructions: Instruction) -> None:
    before = council.squad.keys, council.squad.threshold, council.squad.ms_change_index
    with refused(code):
        council.decide(*instructions)
    assert (council.squad.keys, council.squad.threshold, council.squad.ms_change_index) == before


# Members


def test_a_member_is_added_in_its_place(council: Council) -> None:
    council.fund_squad()
    index = council.decide(c.add_member(SQUAD, NEWCOMER))
    squad = council.squad
    assert squad.keys == sorted([*MEMBERS, NEWCOMER], key=bytes)
    assert (squad.threshold, squad.ms_change_index) == (3, index)


def test_adding_a_member_again_changes_nothing(council: Council) -> None:
    council.decide(c.add_member(SQUAD, BO))
    assert council.squad.keys == MEMBERS
    assert council.squad.ms_change_index == 0


def test_the_multisig_pays_the_rent_of_a_new_member(council: Council) -> None:
    size = len(council.data(SQUAD))
    missing = council.rent(size + 32) - council.lamports(SQUAD)
    council.fund_squad(missing - 1)
    _refused(council, Code.NOT_ENOUGH_LAMPORTS, c.add_member(SQUAD, NEWCOMER))
    council.fund_squad(1)
    council.decide(c.add_member(SQUAD, NEWCOMER))
    assert len(council.data(SQUAD)) == size + 32


def test_a_place_that_became_free_costs_nothing(council: Council) -> None:
    council.decide(c.remove_member(SQUAD, DEE))
    council.decide(c.add_member(SQUAD, NEWCOMER))
    assert council.squad.keys == sorted([*MEMBERS[:3], EVE, NEWCOMER], key=bytes)


def test_a_hundred_and_sixth_member_is_refused(council: Council) -> None:
    council.fund_squad()
    crowd = [actor(f"crowd {n}") for n in range(100)]
    for at in range(0, 100, 10):
        council.decide(*(c.add_member(SQUAD, member) for member in crowd[at : at + 10]))
    assert len(council.squad.keys) == 105
    _refused(council, Code.MAX_MEMBERS_REACHED, c.add_member(SQUAD, NEWCOMER))


def test_a_member_is_removed_and_has_no_say_any_more(council: Council) -> None:
    index = council.decide(c.remove_member(SQUAD, EVE))
    assert (council.squad.keys, council.squad.ms_change_index) == (MEMBERS[:4], index)
    with refused(Code.KEY_NOT_IN_MULTISIG):
        council.approve(council.propose(payment()), EVE)


def test_removing_lowers_a_threshold_that_nobody_could_meet(council: Council) -> None:
    thresholds: list[int] = []
    while len(council.squad.keys) > 1:
        council.decide(c.remove_member(SQUAD, council.squad.keys[-1]))
        thresholds.append(council.squad.threshold)
    assert thresholds == [3, 3, 2, 1]
    _refused(council, Code.CANNOT_REMOVE_SOLO_MEMBER, c.remove_member(SQUAD, ANA))


@pytest.mark.parametrize("key", [STRANGER, NEWCOMER])
def test_who_is_no_member_is_not_removed(council: Council, key: Pubkey) -> None:
    _refused(council, Code.KEY_NOT_IN_MULTISIG, c.remove_member(SQUAD, key))
    _refused(council, Code.KEY_NOT_IN_MULTISIG, c.remove_member_and_change_threshold(SQUAD, key, 2))


# Thresholds


@pytest.mark.parametrize(("wanted", "becomes"), [(1, 1), (4, 4), (5, 5), (6, 5), (0xFFFF, 5)])
def test_a_threshold_above_the_members_becomes_their_number(council: Council, wanted: int, becomes: int) -> None:
    index = council.decide(c.change_threshold(SQUAD, wanted))
    assert (council.squad.threshold, council.squad.ms_change_index) == (becomes, index)


def test_a_threshold_of_nobody_is_refused(council: Council) -> None:
    council.fund_squad()
    for instruction in (
        c.change_threshold(SQUAD, 0),
        c.remove_member_and_change_threshold(SQUAD, EVE, 0),
        c.add_member_and_change_threshold(SQUAD, NEWCOMER, 0),
    ):
        _refused(council, Code.INVALID_THRESHOLD, instruction)


@pytest.mark.parametrize(("wanted", "becomes"), [(1, 1), (4, 4), (5, 4)])
def test_removing_counts_before_the_threshold_changes(council: Council, wanted: int, becomes: int) -> None:
    index = council.decide(c.remove_member_and_change_threshold(SQUAD, EVE, wanted))
    squad = council.squad
    assert (squad.keys, squad.threshold, squad.ms_change_index) == (MEMBERS[:4], becomes, index)


@pytest.mark.parametrize(("wanted", "becomes"), [(1, 1), (6, 6), (7, 6)])
def test_adding_counts_before_the_threshold_changes(council: Council, wanted: int, becomes: int) -> None:
    council.fund_squad()
    index = council.decide(c.add_member_and_change_threshold(SQUAD, NEWCOMER, wanted))
    squad = council.squad
    assert (len(squad.keys), squad.threshold, squad.ms_change_index) == (6, becomes, index)


def test_several_changes_fit_into_one_transaction(council: Council) -> None:
    """A member exchanged: nobody ever decides with fewer or more."""
    council.fund_squad()
    council.decide(c.add_member(SQUAD, NEWCOMER), c.remove_member(SQUAD, EVE))
    assert council.squad.keys == sorted([*MEMBERS[:4], NEWCOMER], key=bytes)
    assert council.squad.threshold == 3


def test_every_transaction_that_exists_becomes_stale_drafts_of_later_included(council: Council) -> None:
    change = council.ready(c.change_threshold(SQUAD, 2), authority=0)
    later = council.draft(payment())
    council.execute(change)
    assert council.squad.ms_change_index == later
    with refused(Code.DEPRECATED_TRANSACTION):
        council.activate(later)


def test_a_change_that_was_ready_is_executed_though_another_came_first(council: Council) -> None:
    one = council.ready(c.change_threshold(SQUAD, 2), authority=0)
    council.decide(c.change_threshold(SQUAD, 5))
    council.execute(one)
    assert council.squad.threshold == 2


# Vaults


def test_a_vault_is_added_and_votes_go_on(council: Council) -> None:
    pending = council.propose(payment())
    council.decide(c.add_authority(SQUAD))
    assert (council.squad.authority_index, council.squad.ms_change_index) == (2, 0)
    council.approve(pending, ANA)
    council.fund(authority_address(SQUAD, 2))
    council.execute(council.ready(payment(authority=2), authority=2))


# Nobody but the multisig itself

CHANGES = {
    "add_member": c.add_member(SQUAD, STRANGER),
    "remove_member": c.remove_member(SQUAD, ANA),
    "remove_member_and_change_threshold": c.remove_member_and_change_threshold(SQUAD, ANA, 1),
    "add_member_and_change_threshold": c.add_member_and_change_threshold(SQUAD, STRANGER, 1),
    "change_threshold": c.change_threshold(SQUAD, 1),
    "add_authority": c.add_authority(SQUAD),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_nobody_changes_the_multisig_from_outside(council: Council, change: Instruction) -> None:
    before, bent = council.data(SQUAD), Bent(change)
    for wrong, code in (
        (bent.unsigned(0), Code.ACCOUNT_NOT_SIGNER),
        (bent.read_only(0), Code.CONSTRAINT_MUT),
        (bent.using(0, STRANGER), Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM),
        (bent.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    ):
        with refused(code):
            council.send(wrong)
    assert council.data(SQUAD) == before


@pytest.mark.parametrize("name", ["add_member", "add_member_and_change_threshold"])
def test_wrong_programs_and_sysvars_are_refused(council: Council, name: str) -> None:
    for place in (1, 2):
        _refused(council, Code.INVALID_PROGRAM_ID, Bent(CHANGES[name]).using(place, STRANGER))
