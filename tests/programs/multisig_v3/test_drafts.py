"""Proposing: transactions, their instructions, and opening the vote."""

from __future__ import annotations

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.bending import Bent
from tests.programs.multisig_v3.council import (
    ANA,
    BO,
    NEWCOMER,
    PAYEE,
    SQUAD,
    STRANGER,
    TREASURE,
    Council,
    payment,
    refused,
)
from tests.programs.multisig_v3.interface import (
    ITSELF,
    PROGRAM_ID,
    VAULT,
    Code,
    MsTransaction,
    Status,
    authority_address,
    instruction_address,
    transaction_address,
)
from tests.programs.spec import SYSTEM_PROGRAM

FIRST = transaction_address(SQUAD, 1)


def _bump(*seeds: bytes) -> int:
    return Pubkey.find_program_address([b"squad", *seeds], PROGRAM_ID)[1]


# Transactions


@pytest.mark.parametrize("authority", [ITSELF, VAULT])
def test_a_draft_keeps_who_made_it_and_whom_it_signs_as(council: Council, authority: int) -> None:
    council.send(c.create_transaction(SQUAD, 1, BO, authority))
    raw = authority.to_bytes(4, "little")
    vault_bump = _bump(bytes(SQUAD), raw, b"authority")
    assert council.transaction(1) == MsTransaction(
        creator=BO, ms=SQUAD, transaction_index=1, authority_index=authority,
        authority_bump=council.squad.bump if authority == ITSELF else vault_bump, status=Status.DRAFT,
        instruction_index=0, bump=_bump(bytes(SQUAD), (1).to_bytes(4, "little"), b"transaction"),
        approved=[], rejected=[], cancelled=[], executed_index=0,
    )  # fmt: skip
    assert council.squad.transaction_index == 1


@pytest.mark.parametrize("index", [0, 1, 2, 4, 0xFFFFFFFF])
def test_an_index_other_than_the_next_is_refused(council: Council, index: int) -> None:
    council.draft()
    council.draft()
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(c.create_transaction(SQUAD, index, ANA))
    assert council.squad.transaction_index == 2


def test_of_two_proposers_with_one_index_the_second_is_refused_and_tries_again(council: Council) -> None:
    one, two = c.create_transaction(SQUAD, 1, ANA), c.create_transaction(SQUAD, 1, BO)
    council.send(one)
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(two)
    council.send(c.create_transaction(SQUAD, 2, BO))
    assert (council.transaction(1).creator, council.transaction(2).creator) == (ANA, BO)


def test_only_members_propose(council: Council) -> None:
    with refused(Code.KEY_NOT_IN_MULTISIG):
        council.send(c.create_transaction(SQUAD, 1, STRANGER))


@pytest.mark.parametrize("authority", [2, 256, 0xFFFFFFFF])
def test_an_authority_that_was_not_added_is_refused(council: Council, authority: int) -> None:
    with refused(Code.INVALID_AUTHORITY_INDEX):
        council.send(c.create_transaction(SQUAD, 1, ANA, authority))


# Instructions


def test_an_instruction_is_kept_as_it_came(council: Council) -> None:
    metas = [
        AccountMeta(key, signer, writable)
        for key in (TREASURE, PAYEE)
        for signer in (False, True)
        for writable in (False, True)
    ]
    given = [Instruction(STRANGER, bytes(range(200)), metas), Instruction(SYSTEM_PROGRAM, b"", [])]
    index = council.draft(*given)
    kept = [council.instruction(index, number) for number in (1, 2)]
    assert [one.instruction for one in kept] == given
    assert [one.instruction_index for one in kept] == [1, 2]
    assert [one.bump for one in kept] == [_bump(bytes(FIRST), bytes([n]), b"instruction") for n in (1, 2)]
    assert not any(one.executed for one in kept)
    assert council.transaction(index).instruction_index == 2


@pytest.mark.parametrize("number", [0, 1, 3])
def test_an_instruction_out_of_turn_is_refused(council: Council, number: int) -> None:
    council.draft(payment())
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(c.add_instruction(SQUAD, FIRST, number, ANA, payment()))


def test_only_the_creator_adds_instructions(council: Council) -> None:
    council.draft()
    for other, code in ((BO, Code.CONSTRAINT_RAW), (STRANGER, Code.KEY_NOT_IN_MULTISIG)):
        with refused(code):
            council.send(c.add_instruction(SQUAD, FIRST, 1, other, payment()))


def test_what_is_being_voted_on_no_longer_changes(council: Council) -> None:
    council.propose(payment())
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.send(c.add_instruction(SQUAD, FIRST, 2, ANA, payment()))


@pytest.mark.parametrize("flag", [32, 33])
def test_a_flag_that_is_neither_yes_nor_no_is_refused(council: Council, flag: int) -> None:
    council.draft()
    right = c.add_instruction(SQUAD, FIRST, 1, ANA, payment())
    data = bytearray(right.data)
    data[8 + 32 + 4 + flag] = 2
    with refused(Code.INSTRUCTION_DID_NOT_DESERIALIZE):
        council.send(Bent(right).with_data(bytes(data)))


# Opening the vote


def test_a_draft_without_instructions_is_not_voted_on(council: Council) -> None:
    council.draft()
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.activate(1)


def test_only_the_creator_opens_the_vote_and_once(council: Council) -> None:
    council.draft(payment())
    for other, code in ((BO, Code.CONSTRAINT_RAW), (STRANGER, Code.KEY_NOT_IN_MULTISIG)):
        with refused(code):
            council.activate(1, other)
    council.activate(1)
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.activate(1)


def test_a_draft_from_before_a_change_is_never_voted_on(council: Council) -> None:
    stale = council.draft(payment())
    council.decide(c.change_threshold(SQUAD, 2))
    with refused(Code.DEPRECATED_TRANSACTION):
        council.activate(stale)


# Wrong accounts

CREATE = Bent(c.create_transaction(SQUAD, 2, ANA))
ADD = Bent(c.add_instruction(SQUAD, FIRST, 1, ANA, payment()))
ACTIVATE = Bent(c.activate(SQUAD, FIRST, ANA))
FIRST_INSTRUCTION = instruction_address(FIRST, 1)
REFUSALS = {
    "create: another program's multisig": (CREATE.using(0, PAYEE), Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM),
    "create: a transaction for a multisig": (CREATE.using(0, FIRST), Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
    "create: a multisig that is read-only": (CREATE.read_only(0), Code.CONSTRAINT_MUT),
    "create: a creator who does not sign": (CREATE.unsigned(2), Code.ACCOUNT_NOT_SIGNER),
    "create: another system program": (CREATE.using(3, STRANGER), Code.INVALID_PROGRAM_ID),
    "create: a byte too many": (CREATE.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    "add: a multisig for a transaction": (ADD.using(1, SQUAD), Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
    "add: another place": (ADD.using(2, NEWCOMER), Code.CONSTRAINT_SEEDS),
    "add: a creator who does not sign": (ADD.unsigned(3), Code.ACCOUNT_NOT_SIGNER),
    "add: an instruction that is read-only": (ADD.read_only(2), Code.CONSTRAINT_MUT),
    "add: another system program": (ADD.using(4, STRANGER), Code.INVALID_PROGRAM_ID),
    "add: a byte too many": (ADD.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
    "activate: an account too few": (ACTIVATE.without_last(), Code.ACCOUNT_NOT_ENOUGH_KEYS),
    "activate: a transaction that is read-only": (ACTIVATE.read_only(1), Code.CONSTRAINT_MUT),
    "activate: a creator who does not sign": (ACTIVATE.unsigned(2), Code.ACCOUNT_NOT_SIGNER),
    "activate: a byte too many": (ACTIVATE.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
}


@pytest.mark.parametrize(("instruction", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_is_refused(council: Council, instruction: Instruction, code: Code) -> None:
    council.draft()
    with refused(code):
        council.send(instruction)


def test_two_vaults_of_one_multisig_are_apart() -> None:
    assert len({authority_address(SQUAD, index) for index in range(4)}) == 4
