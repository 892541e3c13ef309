"""Creating a multisig: what it keeps, and what is refused."""

from __future__ import annotations

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.bending import Bent
from tests.programs.multisig_v3.council import CREATE_KEY, MEMBERS, SQUAD, STRANGER, Council, refused
from tests.programs.multisig_v3.interface import PROGRAM_ID, Code, Ms, multisig_address
from tests.programs.world import actor

KEY = actor("another create key")
ADDRESS = multisig_address(KEY)


def _create(threshold: int = 2, members: list[Pubkey] = MEMBERS, meta: bytes = b"") -> Instruction:
    return c.create(STRANGER, KEY, threshold, members, meta)


def test_it_begins_with_one_vault_and_no_transaction(council: Council) -> None:
    assert council.squad == Ms(
        threshold=3, authority_index=1, transaction_index=0, ms_change_index=0,
        bump=Pubkey.find_program_address([b"squad", bytes(CREATE_KEY), b"multisig"], PROGRAM_ID)[1],
        create_key=CREATE_KEY, allow_external_execute=False, keys=MEMBERS,
    )  # fmt: skip
    account = council.account(SQUAD)
    assert account is not None
    assert (account.owner, len(account.data)) == (PROGRAM_ID, 58 + 32 * 5)
    assert account.lamports == council.rent(len(account.data))


def test_members_are_sorted_and_each_is_kept_once(council: Council) -> None:
    council.send(_create(members=[*MEMBERS[::-1], MEMBERS[2]]))
    assert Ms.decode(council.data(ADDRESS)).keys == MEMBERS


def test_lamports_sent_in_advance_do_not_hinder(council: Council) -> None:
    council.fund(ADDRESS, 1)
    council.send(_create(meta="Füße".encode()))
    assert council.lamports(ADDRESS) == council.rent(58 + 32 * 5)


@pytest.mark.parametrize("threshold", [1, 5])
def test_any_number_of_members_may_decide(council: Council, threshold: int) -> None:
    council.send(_create(threshold))
    assert Ms.decode(council.data(ADDRESS)).threshold == threshold


@pytest.mark.parametrize("threshold", [0, 6, 0xFFFF])
def test_a_threshold_that_nobody_or_nothing_can_meet_is_refused(council: Council, threshold: int) -> None:
    with refused(Code.INVALID_THRESHOLD):
        council.send(_create(threshold))


def test_a_member_named_twice_does_not_count_twice(council: Council) -> None:
    with refused(Code.INVALID_THRESHOLD):
        council.send(_create(2, [MEMBERS[0], MEMBERS[0]]))


def test_a_multisig_of_nobody_is_refused(council: Council) -> None:
    with refused(Code.EMPTY_MEMBERS):
        council.send(_create(1, []))


def test_a_hundred_and_five_members_are_the_most(council: Council) -> None:
    members = [actor(f"crowd {n}") for n in range(106)]
    with refused(Code.MAX_MEMBERS_REACHED):
        council.send(_create(1, members))
    council.send(_create(1, members[:105]))
    council.fund(members[0])
    council.send(c.create_transaction(ADDRESS, 1, members[0], 1))


def test_an_address_is_taken_once(council: Council) -> None:
    council.send(_create())
    with refused(0):  # the system program's, for an account that is in use
        council.send(_create(1))
    assert Ms.decode(council.data(ADDRESS)).threshold == 2


BENT = Bent(_create())
REFUSALS = {
    "another address": (BENT.using(0, SQUAD), Code.CONSTRAINT_SEEDS),
    "a multisig that is read-only": (BENT.read_only(0), Code.CONSTRAINT_MUT),
    "a creator who does not sign": (BENT.unsigned(1), Code.ACCOUNT_NOT_SIGNER),
    "a creator who is read-only": (BENT.read_only(1), Code.CONSTRAINT_MUT),
    "another system program": (BENT.using(2, STRANGER), Code.INVALID_PROGRAM_ID),
    "an account too few": (BENT.without_last(), Code.ACCOUNT_NOT_ENOUGH_KEYS),
    "a byte too many": (BENT.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    "a byte too few": (BENT.with_data(_create().data[:-1]), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    "a description that is no text": (_create(meta=b"\xff"), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    "an unknown instruction": (BENT.with_data(bytes(8)), Code.INSTRUCTION_FALLBACK_NOT_FOUND),
    "no instruction": (BENT.with_data(b"\x18\x1e"), Code.INSTRUCTION_FALLBACK_NOT_FOUND),
}


@pytest.mark.parametrize(("instruction", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_is_refused(council: Council, instruction: Instruction, code: Code) -> None:
    with refused(code):
        council.send(instruction)
    assert council.account(ADDRESS) is None
