"""Executing: whole transactions, instructions one after the other, whom they sign as, and what is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.bending import Bent
from tests.programs.multisig_v3.council import (
    AMOUNT,
    ANA,
    BO,
    CHI,
    EVE,
    PAYEE,
    SQUAD,
    STRANGER,
    TREASURE,
    Council,
    payment,
    refused,
)
from tests.programs.multisig_v3.interface import (
    PROGRAM_ID,
    VAULT,
    Code,
    Status,
    authority_address,
    instruction_address,
    transaction_address,
)
from tests.programs.spec import SYSTEM_PROGRAM
from tests.programs.world import Refused, actor

TOO_MUCH = 10**15


@pytest.fixture
def paid(council: Council) -> Callable[[], int]:
    """What the payee got since."""
    before = council.lamports(PAYEE)
    return lambda: council.lamports(PAYEE) - before


def _runtime_refuses(council: Council, instruction: Instruction, why: str) -> None:
    with pytest.raises(Refused) as found:
        council.send(instruction)
    assert why in found.value.name, found.value


# Whole transactions


def test_all_instructions_are_executed_in_order(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(payment(1), payment(20), payment(300))
    council.execute(index, EVE)
    assert paid() == 321
    transaction = council.transaction(index)
    assert (transaction.status, transaction.executed_index) == (Status.EXECUTED, 0)


def test_one_failing_instruction_undoes_them_all(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(payment(1), payment(TOO_MUCH))
    with pytest.raises(Refused):
        council.execute(index)
    assert paid() == 0
    assert council.transaction(index).status is Status.EXECUTE_READY


def test_it_is_executed_once(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(payment())
    execution = council.execution(index)
    council.send(execution)
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.send(execution)
    assert paid() == AMOUNT


def test_an_instruction_may_name_many_accounts_and_one_often(council: Council, paid: Callable[[], int]) -> None:
    crowd = [AccountMeta(actor(f"bystander {n}"), False, False) for n in range(40)]
    crowded = Instruction(SYSTEM_PROGRAM, payment().data, [*payment().accounts, *crowd, *crowd])
    index = council.ready(crowded, payment())
    council.execute(index)
    assert paid() == 2 * AMOUNT


def test_another_signer_of_an_instruction_has_to_sign_the_execution(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(transfer(TransferParams(from_pubkey=STRANGER, to_pubkey=PAYEE, lamports=5)))
    execution = council.execution(index)
    _runtime_refuses(council, Bent(execution).unsigned(_place(execution, STRANGER)), "PrivilegeEscalation")
    council.send(execution)
    assert paid() == 5


def test_a_vault_signs_for_itself_alone(council: Council) -> None:
    council.decide(c.add_authority(SQUAD))
    council.fund(authority_address(SQUAD, 2))
    _runtime_refuses(council, council.execution(council.ready(payment(7, authority=2))), "PrivilegeEscalation")
    council.execute(council.ready(payment(7, authority=2), authority=2))


@pytest.mark.parametrize("authority", [VAULT, 2])
def test_a_vault_does_not_sign_for_the_multisig(council: Council, authority: int) -> None:
    council.decide(c.add_authority(SQUAD))
    index = council.ready(c.change_threshold(SQUAD, 1), authority=authority)
    _runtime_refuses(council, council.execution(index), "PrivilegeEscalation")
    assert council.squad.threshold == 3


def test_the_multisig_does_not_sign_for_a_vault(council: Council, paid: Callable[[], int]) -> None:
    _runtime_refuses(council, council.execution(council.ready(payment(), authority=0)), "PrivilegeEscalation")
    assert paid() == 0


def test_what_is_executed_cannot_execute_itself_again(council: Council, paid: Callable[[], int]) -> None:
    """A vault that is a member can execute, but by then the transaction is not ready any more."""
    council.fund_squad()
    council.decide(c.add_member(SQUAD, TREASURE))
    index = council.squad.transaction_index + 1
    again = c.execute(SQUAD, transaction_address(SQUAD, index), TREASURE, [])
    assert council.ready(payment(), again) == index
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.execute(index)
    council.execute_one(index, 1)
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.execute_one(index, 2)
    assert paid() == AMOUNT


# One after the other


def test_instructions_are_executed_one_after_the_other(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(payment(1), payment(20))
    council.execute_one(index, 1, BO)
    transaction = council.transaction(index)
    assert (paid(), transaction.status, transaction.executed_index) == (1, Status.EXECUTE_READY, 1)
    assert [council.instruction(index, number).executed for number in (1, 2)] == [True, False]
    council.execute_one(index, 2, CHI)
    transaction = council.transaction(index)
    assert (paid(), transaction.status, transaction.executed_index) == (21, Status.EXECUTED, 2)


def test_out_of_turn_is_refused(council: Council) -> None:
    index = council.ready(payment(1), payment(20), payment(300))
    with refused(Code.INVALID_INSTRUCTION_ACCOUNT):
        council.execute_one(index, 2)
    council.execute_one(index, 1)
    with refused(Code.TRANSACTION_ALREADY_EXECUTED):
        council.execute_one(index, 1)
    with refused(Code.INVALID_INSTRUCTION_ACCOUNT):
        council.execute_one(index, 3)


def test_what_was_begun_singly_is_not_executed_whole(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(payment(1), payment(20))
    council.execute_one(index, 1)
    with refused(Code.PARTIAL_EXECUTION):
        council.execute(index)
    assert paid() == 1


def test_what_was_begun_can_be_called_off(council: Council) -> None:
    index = council.ready(payment(1), payment(20))
    council.execute_one(index, 1)
    council.cancel(index, ANA, BO, CHI)
    with refused(Code.INVALID_TRANSACTION_STATE):
        council.execute_one(index, 2)


def test_a_change_between_two_instructions_does_not_stop_the_second(council: Council) -> None:
    index = council.ready(c.change_threshold(SQUAD, 2), c.change_threshold(SQUAD, 4), authority=0)
    council.execute_one(index, 1)
    assert (council.squad.threshold, council.squad.ms_change_index) == (2, index)
    council.execute_one(index, 2)
    assert council.squad.threshold == 4


# Refusals


def _place(instruction: Instruction, key: Pubkey) -> int:
    keys = [meta.pubkey for meta in instruction.accounts]
    return keys.index(key)


STATES: dict[str, Callable[[Council], object]] = {
    "a draft": lambda council: council.draft(payment()),
    "while it is voted on": lambda council: council.propose(payment()),
    "with two approvals of three": lambda council: council.approve(council.propose(payment()), ANA, BO),
    "after it was rejected": lambda council: council.reject(council.propose(payment()), ANA, BO, CHI),
    "after it was called off": lambda council: council.cancel(council.ready(payment()), ANA, BO, CHI),
}


@pytest.mark.parametrize("reach", STATES.values(), ids=STATES.keys())
def test_is_not_executed(council: Council, paid: Callable[[], int], reach: Callable[[Council], object]) -> None:
    reach(council)
    for execution in (council.execution(1), council.single(1, 1)):
        with refused(Code.INVALID_TRANSACTION_STATE):
            council.send(execution)
    assert paid() == 0


def test_only_members_execute(council: Council, paid: Callable[[], int]) -> None:
    index = council.ready(payment())
    for execution in (council.execution(index, STRANGER), council.single(index, 1, STRANGER)):
        with refused(Code.KEY_NOT_IN_MULTISIG):
            council.send(execution)
    assert paid() == 0


def test_a_member_who_was_removed_does_not_execute(council: Council) -> None:
    index = council.ready(payment())
    council.decide(c.remove_member(SQUAD, EVE))
    with refused(Code.KEY_NOT_IN_MULTISIG):
        council.execute(index, EVE)
    council.execute(index)


@pytest.mark.parametrize(
    ("instead", "where"), [(STRANGER, PAYEE), (STRANGER, TREASURE), (STRANGER, SYSTEM_PROGRAM), (SQUAD, PAYEE)]
)
def test_other_accounts_than_those_voted_on_are_refused(council: Council, instead: Pubkey, where: Pubkey) -> None:
    index = council.ready(payment())
    for execution in (council.execution(index), council.single(index, 1)):
        bent = Bent(execution).using(_place(execution, where), instead)
        with refused(Code.INVALID_INSTRUCTION_ACCOUNT):
            council.send(bent)


def test_an_instruction_of_another_transaction_is_refused(council: Council, paid: Callable[[], int]) -> None:
    index, other = council.ready(payment()), council.draft(payment(), by=EVE)
    foreign = instruction_address(transaction_address(SQUAD, other), 1)
    for execution in (council.execution(index), council.single(index, 1)):
        place = _place(execution, instruction_address(transaction_address(SQUAD, index), 1))
        with refused(Code.CONSTRAINT_SEEDS):
            council.send(Bent(execution).using(place, foreign))
    assert paid() == 0


def test_one_instruction_in_the_place_of_another_is_refused(council: Council) -> None:
    index = council.ready(payment(1), payment(2))
    execution = council.execution(index)
    one, two = (instruction_address(transaction_address(SQUAD, index), number) for number in (1, 2))
    with refused(Code.INVALID_INSTRUCTION_ACCOUNT):
        council.send(Bent(execution).using(_place(execution, one), two))


def test_a_forged_instruction_is_refused(council: Council) -> None:
    """The right bytes in an account of somebody else."""
    index = council.ready(payment())
    execution = council.execution(index)
    address = instruction_address(transaction_address(SQUAD, index), 1)
    forged = actor("forged")
    council.place(forged, Account(10**9, council.data(address), STRANGER))
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        council.send(Bent(execution).using(_place(execution, address), forged))


LISTS: dict[str, Callable[[bytes], bytes]] = {
    "one account too few": lambda places: places[:-1],
    "one account too many": lambda places: places + b"\0",
    "none": lambda _: b"",
    "an account that was not passed": lambda places: places[:-1] + b"\xff",
}


@pytest.mark.parametrize("bend", LISTS.values(), ids=LISTS.keys())
def test_a_list_of_another_length_is_refused(
    council: Council, paid: Callable[[], int], bend: Callable[[bytes], bytes]
) -> None:
    execution = council.execution(council.ready(payment()))
    places = bend(execution.data[12:])
    with refused(Code.INVALID_NUMBER_OF_ACCOUNTS):
        council.send(Bent(execution).with_data(execution.data[:8] + struct.pack("<I", len(places)) + places))
    assert paid() == 0


@pytest.mark.parametrize("more", [[AccountMeta(PAYEE, False, False)], None])
def test_another_number_of_accounts_is_refused(council: Council, more: list[AccountMeta] | None) -> None:
    single = council.single(council.ready(payment()), 1)
    accounts = single.accounts[:-1] if more is None else single.accounts + more
    with refused(Code.INVALID_NUMBER_OF_ACCOUNTS):
        council.send(Instruction(PROGRAM_ID, single.data, accounts))
    with refused(Code.INVALID_NUMBER_OF_ACCOUNTS):
        council.send(Instruction(PROGRAM_ID, single.data, single.accounts[:4]))


def test_flags_and_data_are_checked(council: Council) -> None:
    index = council.ready(payment())
    for right, member in ((council.execution(index), 2), (council.single(index, 1), 3)):
        bent = Bent(right)
        for wrong, code in (
            (bent.unsigned(member), Code.ACCOUNT_NOT_SIGNER),
            (bent.read_only(0), Code.CONSTRAINT_MUT),
            (bent.read_only(1), Code.CONSTRAINT_MUT),
            (bent.using(1, SQUAD), Code.ACCOUNT_DISCRIMINATOR_MISMATCH),
            (bent.saying_more(), Code.INSTRUCTION_DID_NOT_DESERIALIZE),
        ):
            with refused(code):
                council.send(wrong)
