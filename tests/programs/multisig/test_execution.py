"""What a vault does: its message to the letter, once, signed by nobody else; lookup tables, own keys, and attacks."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, create_account

from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v4 import addresses, instructions
from chain.multisig.v4.accounts import (
    AddMember,
    CompiledInstruction,
    Executed,
    TableLookup,
    VaultTransactionMessage,
)
from chain.multisig.v4.message import compact, compile_message
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import (
    AMOUNT,
    ANA,
    BO,
    CHI,
    CRANK,
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
from tests.programs.world import actor

TABLE_PROGRAM = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
TABLE = actor("table")


def test_it_is_stored_as_it_was_given_and_done_once(council: Council) -> None:
    index = council.approved(payment(), payment(AMOUNT + 1))
    stored = council.transaction(index)
    assert stored.message == compile_message([payment(), payment(AMOUNT + 1)])
    assert (stored.multisig, stored.creator, stored.index, stored.vault_index) == (SQUAD, ANA, index, 0)
    before = council.lamports(PAYEE)
    council.execute(index)
    assert council.lamports(PAYEE) - before == 2 * AMOUNT + 1
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.execute(index)


def test_what_fails_leaves_it_approved(council: Council) -> None:
    index = council.approved(payment(10**15))
    with refused(1):
        council.execute(index)
    council.cancel(index, ANA, BO, CHI)


@pytest.mark.parametrize("place", range(4, 7))
def test_no_other_account_is_taken_for_one_of_the_message(council: Council, place: int) -> None:
    index = council.approved(payment())
    execution = council.execution(index)
    with refused(Code.INVALID_ACCOUNT):
        council.send(Bent(execution).using(place, STRANGER))


def test_accounts_are_as_many_and_as_writable_as_the_message_says(council: Council) -> None:
    index = council.approved(payment())
    execution = council.execution(index)
    with refused(Code.INVALID_NUMBER_OF_ACCOUNTS):
        council.send(Bent(execution).without_last())
    more = [*execution.accounts, AccountMeta(STRANGER, False, False)]
    with refused(Code.INVALID_NUMBER_OF_ACCOUNTS):
        council.send(Instruction(PROGRAM_ID, execution.data, more))
    for place in (4, 5):
        with refused(Code.INVALID_ACCOUNT):
            council.send(Bent(execution).read_only(place))


def test_another_signer_of_the_message_has_to_sign_the_execution(council: Council) -> None:
    """A payment out of somebody's own pocket, beside the vault's."""
    theirs = Instruction(
        SYSTEM, struct.pack("<IQ", 2, 5), [AccountMeta(STRANGER, True, True), AccountMeta(PAYEE, False, True)]
    )
    index = council.approved(theirs, payment())
    execution = council.execution(index)
    council.send(execution)
    index = council.approved(theirs, payment())
    execution = council.execution(index)
    place = next(n for n, meta in enumerate(execution.accounts) if meta.pubkey == STRANGER)
    with refused(Code.INVALID_ACCOUNT):
        council.send(Bent(execution).unsigned(place))


def test_no_other_vault_signs(council: Council) -> None:
    other = addresses.vault(SQUAD, 1, PROGRAM_ID)
    council.fund(other, 10**12)
    theft = Instruction(
        SYSTEM, struct.pack("<IQ", 2, 5), [AccountMeta(other, True, True), AccountMeta(PAYEE, False, True)]
    )
    index = council.approved(theft)
    execution = council.execution(index)
    place = next(n for n, meta in enumerate(execution.accounts) if meta.pubkey == other)
    with refused(Code.INVALID_ACCOUNT):
        council.send(Bent(execution).unsigned(place))


def test_the_proposal_and_the_transaction_are_never_written_by_what_is_executed(council: Council) -> None:
    for address in (addresses.proposal, addresses.transaction):
        index = council.squad.transaction_index + 1
        wanted = Instruction(SYSTEM, b"\2\0\0\0", [AccountMeta(address(SQUAD, index, PROGRAM_ID), False, True)])
        assert council.approved(wanted) == index
        execution = council.execution(index)
        writable = [
            AccountMeta(m.pubkey, m.is_signer, m.is_writable or m.pubkey == address(SQUAD, index, PROGRAM_ID))
            for m in execution.accounts
        ]
        with refused(Code.PROTECTED_ACCOUNT):
            council.send(Instruction(PROGRAM_ID, execution.data, writable))


def test_a_vault_that_is_a_member_votes_but_cannot_execute_itself_again(council: Council) -> None:
    council.change(AddMember(Member(VAULT, EVERY_ROLE)))
    other = council.propose(payment())
    vote = instructions.approve(multisig=SQUAD, index=other, member=VAULT, program=PROGRAM_ID)
    council.execute(council.approved(vote))
    assert council.proposal(other).approved == (VAULT,)
    again = council.squad.transaction_index + 1
    itself = Instruction(
        PROGRAM_ID,
        c.call("vault_transaction_execute", []).data,
        [
            AccountMeta(SQUAD, False, False),
            AccountMeta(addresses.proposal(SQUAD, again, PROGRAM_ID), False, True),
            AccountMeta(addresses.transaction(SQUAD, again, PROGRAM_ID), False, False),
            AccountMeta(VAULT, True, False),
        ],
    )
    assert council.approved(itself) == again
    with refused(Code.PROTECTED_ACCOUNT):
        council.execute(again)


def test_another_multisigs_papers_are_not_taken_for_its_own(council: Council) -> None:
    """A look-alike of the same people, in which one decides."""
    look_alike = addresses.multisig(OTHER_KEY, PROGRAM_ID)
    council.send(creation(OTHER_KEY, threshold=1))
    theirs = [
        instructions.create_vault_transaction(
            multisig=look_alike, index=1, creator=ANA, rent_payer=ANA, vault_index=0,
            message=compile_message([payment()]), program=PROGRAM_ID,
        ),
        instructions.create_proposal(multisig=look_alike, index=1, creator=ANA, rent_payer=ANA, program=PROGRAM_ID),
        instructions.approve(multisig=look_alike, index=1, member=ANA, program=PROGRAM_ID),
    ]  # fmt: skip
    council.send(*theirs)
    council.propose(payment())
    execution = council.execution(1)
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(Bent(execution).using(1, addresses.proposal(look_alike, 1, PROGRAM_ID)))
    with refused(Code.INVALID_PROPOSAL_STATUS):
        council.send(execution)
    council.approve(1, ANA, BO, CHI)
    with refused(Code.CONSTRAINT_SEEDS):
        council.send(Bent(execution).using(2, addresses.transaction(look_alike, 1, PROGRAM_ID)))
    # Its own papers under it: the vault that the message names is another multisig's.
    whole = Bent(Bent(execution).using(0, look_alike)).using(1, addresses.proposal(look_alike, 1, PROGRAM_ID))
    with refused(Code.INVALID_ACCOUNT):
        council.send(Bent(whole).using(2, addresses.transaction(look_alike, 1, PROGRAM_ID)))


def test_two_proposals_do_not_stand_in_for_each_other(council: Council) -> None:
    one, two = council.approved(payment()), council.propose(payment(5))
    execution = council.execution(two)
    with refused(Code.TRANSACTION_NOT_MATCHING_PROPOSAL):
        council.send(Bent(execution).using(1, addresses.proposal(SQUAD, one, PROGRAM_ID)))


def test_keys_of_its_own_sign_within_one_transaction(council: Council) -> None:
    index = council.squad.transaction_index + 1
    transaction = addresses.transaction(SQUAD, index, PROGRAM_ID)
    key = addresses.ephemeral_signer(transaction, 0, PROGRAM_ID)
    made = create_account(
        CreateAccountParams(from_pubkey=VAULT, to_pubkey=key, lamports=10**7, space=8, owner=STRANGER)
    )
    given = compact(compile_message([made]))
    arguments = b"\0\1" + struct.pack("<I", len(given)) + given + c.NO_MEMO
    accounts = [(SQUAD, "w"), (transaction, "w"), (ANA, "s"), (ANA, "ws"), (SYSTEM, "")]
    council.send(c.call("vault_transaction_create", accounts, arguments))
    council.open(index)
    council.approve(index, ANA, BO, CHI)
    council.execute(index)
    account = council.account(key)
    assert account is not None
    assert account.owner == STRANGER
    too_many = b"\0\x09" + struct.pack("<I", len(given)) + given + c.NO_MEMO
    accounts[1] = (addresses.transaction(SQUAD, index + 1, PROGRAM_ID), "w")
    with refused(Code.INVALID_INSTRUCTION_ARGS):
        council.send(c.call("vault_transaction_create", accounts, too_many))


def _table(*keys: Pubkey) -> Account:
    head = struct.pack("<IQQBBB", 1, 2**64 - 1, 0, 0, 0, 0) + bytes(33)
    return Account(10**9, head[:56].ljust(56, b"\0") + b"".join(map(bytes, keys)), TABLE_PROGRAM)


def _looking_up(*, writable: bytes, readonly: bytes = b"") -> VaultTransactionMessage:
    """The payment, whose payee comes from a table."""
    return VaultTransactionMessage(
        num_signers=1,
        num_writable_signers=1,
        num_writable_non_signers=0,
        account_keys=(VAULT, SYSTEM),
        instructions=(CompiledInstruction(1, bytes((0, 2)), struct.pack("<IQ", 2, AMOUNT)),),
        address_table_lookups=(TableLookup(TABLE, writable, readonly),),
    )


def _execution(council: Council, index: int, *rest: AccountMeta) -> Instruction:
    accounts = [
        (SQUAD, ""),
        (addresses.proposal(SQUAD, index, PROGRAM_ID), "w"),
        (addresses.transaction(SQUAD, index, PROGRAM_ID), ""),
        (CRANK, "s"),
    ]
    made = c.call("vault_transaction_execute", accounts)
    return Instruction(PROGRAM_ID, made.data, [*made.accounts, *rest])


def test_accounts_come_from_lookup_tables(council: Council) -> None:
    council.place(TABLE, _table(STRANGER, EVE, PAYEE))
    index = council.draft(message=_looking_up(writable=bytes((2,)), readonly=bytes((1,))))
    council.open(index)
    council.approve(index, ANA, BO, CHI)
    table, system, eve = (AccountMeta(key, False, False) for key in (TABLE, SYSTEM, EVE))
    vault, payee = AccountMeta(VAULT, False, True), AccountMeta(PAYEE, False, True)
    wrong = AccountMeta(STRANGER, False, True)
    with refused(Code.INVALID_ACCOUNT):
        council.send(_execution(council, index, table, vault, system, wrong, eve))
    with refused(Code.ILLEGAL_ACCOUNT_OWNER):
        council.place(TABLE, replace_owner(_table(STRANGER, EVE, STRANGER), STRANGER))
        council.send(_execution(council, index, table, vault, system, wrong, eve))
    council.place(TABLE, _table(STRANGER))
    with refused(Code.INVALID_ACCOUNT):
        council.send(_execution(council, index, table, vault, system, payee, eve))
    council.place(TABLE, _table(STRANGER, EVE, PAYEE))
    before = council.lamports(PAYEE)
    council.send(_execution(council, index, table, vault, system, payee, eve))
    assert council.lamports(PAYEE) - before == AMOUNT


def replace_owner(account: Account, owner: Pubkey) -> Account:
    """The same with another owner."""
    return Account(account.lamports, account.data, owner)


@pytest.mark.parametrize(
    "bend",
    [
        lambda message: replace(message, num_signers=9),
        lambda message: replace(message, num_writable_signers=2),
        lambda message: replace(message, num_writable_non_signers=3),
        lambda message: replace(message, instructions=(CompiledInstruction(9, b"", b""),)),
        lambda message: replace(message, instructions=(CompiledInstruction(2, bytes((9,)), b""),)),
    ],
)
def test_a_message_that_nobody_could_execute_is_refused(council: Council, bend: object) -> None:
    message = compile_message([payment()])
    with refused(Code.INVALID_TRANSACTION_MESSAGE):
        council.draft(message=bend(message))  # type: ignore[operator]


def test_who_may_only_execute_does_so(council: Council) -> None:
    council.change(AddMember(Member(STRANGER, Roles.EXECUTE)))
    index = council.approved(payment())
    council.execute(index, STRANGER)
    assert council.status(index) is Executed
