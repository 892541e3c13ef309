"""Creating a multisig and changing it: by its members' vote, by a config authority, and the program's configuration."""

from __future__ import annotations

import struct

import pytest
from solders.account import Account
from solders.pubkey import Pubkey

from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import (
    AddMember,
    ChangeThreshold,
    ConfigAction,
    Multisig,
    RemoveMember,
    SetRentCollector,
    SetTimeLock,
)
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import (
    ANA,
    BO,
    CHI,
    COLLECTOR,
    CONFIG,
    CRANK,
    CREATE_KEY,
    DEE,
    EVE,
    FEE,
    INITIALIZER,
    MEMBERS,
    NEWCOMER,
    OTHER_KEY,
    PEOPLE,
    PROGRAM_ID,
    RULER,
    SQUAD,
    STRANGER,
    TREASURY,
    Council,
    creation,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig_v3.bending import Bent
from tests.programs.world import actor

OTHER = addresses.multisig(OTHER_KEY, PROGRAM_ID)
THREE_MONTHS = 90 * 24 * 3600


def multisig_at(council: Council, address: Pubkey) -> Multisig:
    return Multisig.from_account(PROGRAM_ID, council.data(address), PROGRAM_ID)


# Creation


def test_a_multisig_is_as_it_was_asked_for_and_costs_the_fee(council: Council) -> None:
    before = council.lamports(TREASURY)
    council.send(creation(OTHER_KEY, threshold=2, time_lock=60, authority=RULER, collector=None))
    found = multisig_at(council, OTHER)
    assert (found.create_key, found.config_authority, found.rent_collector) == (OTHER_KEY, RULER, None)
    assert (found.threshold, found.time_lock) == (2, 60)
    assert (found.transaction_index, found.stale_transaction_index) == (0, 0)
    assert list(found.members) == sorted(MEMBERS, key=lambda member: bytes(member.key))
    assert council.lamports(TREASURY) - before == FEE


@pytest.mark.parametrize(
    ("members", "threshold", "time_lock", "code"),
    [
        ((), 1, 0, Code.EMPTY_MEMBERS),
        ((*MEMBERS, MEMBERS[0]), 3, 0, Code.DUPLICATE_MEMBER),
        (MEMBERS, 0, 0, Code.INVALID_THRESHOLD),
        (MEMBERS, 6, 0, Code.INVALID_THRESHOLD),
        ([Member(ANA, Roles.VOTE | Roles.EXECUTE)], 1, 0, Code.NO_PROPOSERS),
        ([Member(ANA, Roles.INITIATE | Roles.EXECUTE)], 1, 0, Code.NO_VOTERS),
        ([Member(ANA, Roles.INITIATE | Roles.VOTE)], 1, 0, Code.NO_EXECUTORS),
        ([Member(ANA, Roles(15))], 1, 0, Code.UNKNOWN_PERMISSION),
        (MEMBERS, 3, THREE_MONTHS + 1, Code.TIME_LOCK_EXCEEDS_MAX_ALLOWED),
    ],
)
def test_a_multisig_that_cannot_be_is_refused(
    council: Council, members: list[Member], threshold: int, time_lock: int, code: Code
) -> None:
    with refused(code):
        council.send(creation(OTHER_KEY, members, threshold, time_lock))


def test_the_create_key_signs_and_is_used_once(council: Council) -> None:
    made = creation(OTHER_KEY)
    unsigned = [m if m.pubkey != OTHER_KEY else type(m)(m.pubkey, False, False) for m in made.accounts]
    with refused(Code.ACCOUNT_NOT_SIGNER):
        council.send(type(made)(made.program_id, made.data, unsigned))
    with refused(0):
        council.send(creation(CREATE_KEY))


def test_the_fee_goes_to_the_programs_treasury_alone(council: Council) -> None:
    made = creation(OTHER_KEY)
    elsewhere = [m if m.pubkey != TREASURY else type(m)(STRANGER, False, True) for m in made.accounts]
    with refused(Code.INVALID_ACCOUNT):
        council.send(type(made)(made.program_id, made.data, elsewhere))


# By vote


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        ([AddMember(Member(ANA, EVERY_ROLE))], Code.DUPLICATE_MEMBER),
        ([AddMember(Member(NEWCOMER, Roles(8)))], Code.UNKNOWN_PERMISSION),
        ([RemoveMember(STRANGER)], Code.NOT_A_MEMBER),
        ([ChangeThreshold(0)], Code.INVALID_THRESHOLD),
        ([ChangeThreshold(6)], Code.INVALID_THRESHOLD),
        ([RemoveMember(ANA), RemoveMember(BO), RemoveMember(CHI)], Code.INVALID_THRESHOLD),
        ([SetTimeLock(THREE_MONTHS + 1)], Code.TIME_LOCK_EXCEEDS_MAX_ALLOWED),
        ([*(RemoveMember(key) for key in (*PEOPLE, CRANK))], Code.REMOVE_LAST_MEMBER),
    ],
)
def test_changes_that_cannot_be_are_refused_whole(council: Council, actions: list[ConfigAction], code: Code) -> None:
    index = council.propose_changes(*actions)
    council.approve(index, *PEOPLE[:3])
    before = council.data(SQUAD)
    with refused(code):
        council.execute_changes(index)
    assert council.data(SQUAD) == before


def test_changes_are_made_together_and_make_what_was_there_stale(council: Council) -> None:
    council.propose()
    index = council.change(
        AddMember(Member(NEWCOMER, Roles.VOTE)), RemoveMember(EVE), ChangeThreshold(4), SetTimeLock(30)
    )
    squad = council.squad
    assert {member.key for member in squad.members} == {ANA, BO, CHI, DEE, CRANK, NEWCOMER}
    assert (squad.threshold, squad.time_lock, squad.stale_transaction_index) == (4, 30, index)


def test_members_come_up_to_the_limit(council: Council) -> None:
    before = len(council.data(SQUAD))
    newcomers = [Member(actor(f"one of many {n}"), Roles.VOTE) for n in range(99)]
    for at in range(0, 99, 11):
        council.change(*(AddMember(member) for member in newcomers[at : at + 11]))
    assert len(council.squad.members) == 105
    account = council.account(SQUAD)
    assert account is not None
    assert len(account.data) == before + 33 * 99
    assert account.lamports >= council.rent(len(account.data))
    index = council.propose_changes(AddMember(Member(NEWCOMER, Roles.VOTE)))
    council.approve(index, *PEOPLE[:3])
    with refused(Code.TOO_MANY_MEMBERS):
        council.execute_changes(index)


def test_a_rent_collector_comes_and_goes_and_makes_nothing_stale(council: Council) -> None:
    members = council.squad.members
    for collector in (None, STRANGER, COLLECTOR, None):
        council.change(SetRentCollector(collector))
        squad = council.squad
        assert (squad.rent_collector, squad.members, squad.stale_transaction_index) == (collector, members, 0)


def test_no_change_without_an_action(council: Council) -> None:
    with refused(Code.NO_ACTIONS):
        council.propose_changes()


def test_a_change_waits_for_the_time_lock_too(council: Council) -> None:
    council.change(SetTimeLock(60))
    index = council.propose_changes(ChangeThreshold(1))
    council.approve(index, ANA, BO, CHI)
    with refused(Code.TIME_LOCK_NOT_RELEASED):
        council.execute_changes(index)
    council.later(60)
    council.execute_changes(index)


def test_no_change_is_executed_as_a_payment_nor_the_other_way_round(council: Council) -> None:
    changes = council.propose_changes(ChangeThreshold(1))
    council.approve(changes, ANA, BO, CHI)
    made = instructions.execute_config_transaction(
        multisig=SQUAD, index=changes, member=CRANK, rent_payer=CRANK, program=PROGRAM_ID
    )
    as_payment = c.call(
        "vault_transaction_execute",
        [(SQUAD, ""), (made.accounts[2].pubkey, "w"), (made.accounts[3].pubkey, ""), (CRANK, "s")],
    )
    with refused(Code.ACCOUNT_DISCRIMINATOR_MISMATCH):
        council.send(as_payment)


# By a config authority


@pytest.fixture
def ruled(council: Council) -> Council:
    """With another multisig, which has a config authority."""
    council.send(creation(OTHER_KEY, authority=RULER))
    return council


def test_a_config_authority_changes_everything_alone(ruled: Council) -> None:
    newcomer = bytes(NEWCOMER) + bytes([Roles.VOTE])
    for name, arguments in {
        "multisig_add_member": newcomer,
        "multisig_remove_member": bytes(EVE),
        "multisig_change_threshold": struct.pack("<H", 2),
        "multisig_set_time_lock": struct.pack("<I", 90),
        "multisig_set_rent_collector": b"\0",
    }.items():
        ruled.send(c.controlled(name, OTHER, arguments))
    found = multisig_at(ruled, OTHER)
    assert {member.key for member in found.members} == {ANA, BO, CHI, DEE, CRANK, NEWCOMER}
    assert (found.threshold, found.time_lock, found.rent_collector) == (2, 90, None)
    ruled.send(c.controlled("multisig_set_config_authority", OTHER, bytes(32)))
    with refused(Code.UNAUTHORIZED):
        ruled.send(c.controlled("multisig_change_threshold", OTHER, struct.pack("<H", 1)))


def test_nobody_else_does(ruled: Council) -> None:
    one = struct.pack("<H", 1)
    with refused(Code.UNAUTHORIZED):
        ruled.send(c.controlled("multisig_change_threshold", OTHER, one, by=ANA))
    with refused(Code.UNAUTHORIZED):
        ruled.send(c.controlled("multisig_change_threshold", SQUAD, one))
    # A multisig without one has the zero address there, for which nobody signs.
    with refused(Code.ACCOUNT_NOT_SIGNER):
        ruled.send(c.call("multisig_change_threshold", [(SQUAD, "w"), (Pubkey.default(), "")], one + c.NO_MEMO))


def test_room_for_a_member_needs_somebody_who_pays(ruled: Council) -> None:
    newcomer = bytes(NEWCOMER) + bytes([Roles.VOTE]) + c.NO_MEMO
    with refused(Code.MISSING_ACCOUNT):
        ruled.send(c.call("multisig_add_member", [(OTHER, "w"), (RULER, "s")], newcomer))
    nobody = [(OTHER, "w"), (RULER, "s"), (PROGRAM_ID, ""), (PROGRAM_ID, "")]
    with refused(Code.MISSING_ACCOUNT):
        ruled.send(c.call("multisig_add_member", nobody, newcomer))


def test_the_members_of_a_ruled_multisig_change_nothing(ruled: Council) -> None:
    made = instructions.create_config_transaction(
        multisig=OTHER, index=1, creator=ANA, rent_payer=ANA, actions=[ChangeThreshold(1)], program=PROGRAM_ID
    )
    with refused(Code.NOT_SUPPORTED_FOR_CONTROLLED):
        ruled.send(made)


# The program's configuration


def test_the_configuration_is_made_once_and_changed_by_its_authority(council: Council) -> None:
    council.remove(CONFIG)
    arguments = bytes(RULER) + (5).to_bytes(8, "little") + bytes(TREASURY)
    init = c.call("program_config_init", [(CONFIG, "w"), (INITIALIZER, "ws"), (c.SYSTEM_PROGRAM, "")], arguments)
    council.fund(INITIALIZER)
    with refused(Code.UNAUTHORIZED):
        council.send(Bent(init).using(1, RULER))
    council.send(init)
    with refused(0):
        council.send(init)
    fee = c.configure("program_config_set_multisig_creation_fee", (9).to_bytes(8, "little"))
    council.send(fee)
    assert council.data(CONFIG)[40:48] == (9).to_bytes(8, "little")
    council.send(c.configure("program_config_set_treasury", bytes(ANA)))
    assert council.data(CONFIG)[48:80] == bytes(ANA)
    council.send(c.configure("program_config_set_authority", bytes(BO)))
    with refused(Code.UNAUTHORIZED):
        council.send(fee)


def test_another_programs_configuration_is_not_believed(council: Council) -> None:
    elsewhere = actor("a configuration of one's own")
    council.place(elsewhere, Account(10**9, council.data(CONFIG), PROGRAM_ID))
    made = creation(OTHER_KEY)
    bent = [replace_key(meta, CONFIG, elsewhere) for meta in made.accounts]
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(type(made)(made.program_id, made.data, bent))


def test_the_first_way_to_create_one_is_over(council: Council) -> None:
    with refused(Code.MULTISIG_CREATE_DEPRECATED):
        council.send(c.call("multisig_create", []))


def replace_key(meta: object, old: Pubkey, new: Pubkey) -> object:
    """The same account's flags with another key."""
    kind = type(meta)
    return kind(new if meta.pubkey == old else meta.pubkey, meta.is_signer, meta.is_writable)  # type: ignore[attr-defined]
