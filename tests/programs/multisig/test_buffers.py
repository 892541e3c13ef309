"""Messages too long for one transaction: put together in a buffer, and proposed as they were announced."""

from __future__ import annotations

import struct
from hashlib import sha256

import pytest
from solders.account import Account

from chain.multisig.v4 import addresses
from chain.multisig.v4.accounts import RemoveMember
from tests.programs.multisig import calls as c
from tests.programs.multisig.buffers import EMPTY, GIVEN, HALF, MESSAGE, begin, buffer_of, close, extend, propose
from tests.programs.multisig.council import (
    ANA,
    BO,
    CHI,
    OTHER_KEY,
    PAYEE,
    PROGRAM_ID,
    SQUAD,
    STRANGER,
    Council,
    creation,
    refused,
)
from tests.programs.multisig.errors import Code
from tests.programs.multisig_v3.bending import Bent
from tests.programs.world import actor

LONGEST = 4_000


@pytest.fixture
def begun(council: Council) -> Council:
    """With half of the message in a buffer."""
    council.send(begin())
    return council


@pytest.fixture
def whole(begun: Council) -> Council:
    """With all of it."""
    begun.send(extend(GIVEN[HALF:]))
    return begun


def test_what_was_put_together_is_proposed_and_done(whole: Council) -> None:
    rent, before = whole.lamports(buffer_of()), whole.lamports(ANA)
    whole.send(propose())
    assert whole.transaction(1).message == MESSAGE
    assert whole.account(buffer_of()) is None
    assert whole.lamports(ANA) - before == rent
    whole.open(1)
    whole.approve(1, ANA, BO, CHI)
    paid = whole.lamports(PAYEE)
    whole.execute(1)
    assert whole.lamports(PAYEE) - paid == 60


def test_a_buffer_is_as_it_was_announced(begun: Council) -> None:
    account = begun.account(buffer_of())
    assert account is not None
    head = bytes(SQUAD) + bytes(ANA) + bytes(2) + sha256(GIVEN).digest() + struct.pack("<H", len(GIVEN))
    filled = head + struct.pack("<I", HALF) + GIVEN[:HALF]
    assert account.data[8:] == filled + bytes(len(GIVEN) - HALF)
    assert account.lamports == begun.rent(len(account.data))


def test_less_than_the_whole_is_not_proposed(begun: Council) -> None:
    with refused(Code.FINAL_BUFFER_SIZE_MISMATCH):
        begun.send(propose())


def test_another_message_than_announced_is_not_proposed(begun: Council) -> None:
    begun.send(extend(GIVEN[HALF:-1] + bytes((GIVEN[-1] ^ 1,))))
    with refused(Code.FINAL_BUFFER_HASH_MISMATCH):
        begun.send(propose())


def test_no_part_goes_beyond_the_announced_length(begun: Council) -> None:
    with refused(Code.FINAL_BUFFER_SIZE_EXCEEDED):
        begun.send(extend(GIVEN[HALF:] + b"\0"))
    with refused(Code.FINAL_BUFFER_SIZE_EXCEEDED):
        begun.send(begin(part=GIVEN[:HALF], number=1, size=HALF - 1))


def test_a_buffer_has_a_limit(council: Council) -> None:
    with refused(Code.FINAL_BUFFER_SIZE_EXCEEDED):
        council.send(begin(part=b"", size=LONGEST + 1))
    council.send(begin(part=b"", size=LONGEST))


def test_the_longest_message_is_kept(council: Council) -> None:
    """Instructions of nothing, of which each takes more in the account than in the buffer."""
    many = b"\0\0\0" + b"\1" + bytes(32) + b"\xff" + bytes(4 * 255) + b"\0"
    council.send(begin(part=many[:600], whole=many))
    council.send(extend(many[600:]))
    council.send(propose())
    assert len(council.transaction(1).message.instructions) == 255


def test_a_message_that_no_vault_could_do_is_refused(council: Council) -> None:
    council.send(begin(part=EMPTY[:5], whole=EMPTY[:5]))
    with refused(Code.INVALID_TRANSACTION_MESSAGE):
        council.send(propose())


def test_only_who_may_propose_begins_one(council: Council) -> None:
    with refused(Code.NOT_A_MEMBER):
        council.send(begin(by=STRANGER))


def test_only_its_creator_has_a_say_in_it(whole: Council) -> None:
    for made in (extend(b"", BO, buffer_of()), close(BO, buffer_of()), propose(by=BO)):
        with refused(Code.UNAUTHORIZED):
            whole.send(made)
    with refused(Code.CONSTRAINT_ADDRESS):
        whole.send(Bent(propose()).using(6, BO))


def test_a_creator_who_left_proposes_no_more_but_has_the_rent_back(whole: Council) -> None:
    whole.change(RemoveMember(ANA))
    with refused(Code.NOT_A_MEMBER):
        whole.send(propose(2))
    with refused(Code.NOT_A_MEMBER):
        whole.send(extend(b""))
    rent, before = whole.lamports(buffer_of()), whole.lamports(ANA)
    with refused(Code.CONSTRAINT_MUT):
        whole.send(c.call("transaction_buffer_close", [(SQUAD, ""), (buffer_of(), "w"), (ANA, "s")]))
    whole.send(close())
    assert whole.lamports(ANA) - before == rent
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        whole.send(close())


def test_the_argument_says_nothing_but_the_vault_that_was_announced(whole: Council) -> None:
    with refused(Code.INVALID_INSTRUCTION_ARGS):
        whole.send(propose(message=GIVEN[:100]))
    with refused(Code.INVALID_INSTRUCTION_ARGS):
        whole.send(propose(message=b""))
    with refused(Code.INVALID_INSTRUCTION_ARGS):
        whole.send(propose(vault=1))


def test_a_buffer_that_looks_alike_or_is_anothers_is_not_believed(whole: Council) -> None:
    data, forged = whole.data(buffer_of()), actor("forged buffer")
    whole.place(forged, Account(10**9, data, PROGRAM_ID))
    with refused(Code.CONSTRAINT_SEEDS):
        whole.send(Bent(propose()).using(5, forged))
    whole.place(forged, Account(10**9, data, STRANGER))
    with refused(Code.ACCOUNT_OWNED_BY_WRONG_PROGRAM):
        whole.send(Bent(propose()).using(5, forged))
    with refused(Code.ACCOUNT_DISCRIMINATOR_MISMATCH):
        whole.send(Bent(propose()).using(5, SQUAD))
    whole.send(creation(OTHER_KEY))
    with refused(Code.CONSTRAINT_SEEDS):
        whole.send(Bent(extend(b"")).using(0, addresses.multisig(OTHER_KEY, PROGRAM_ID)))
    with refused(Code.CONSTRAINT_SEEDS):
        whole.send(propose(2))
