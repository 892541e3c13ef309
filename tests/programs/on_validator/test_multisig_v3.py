"""The multisig program on a real validator: a payment, and a change of members that lengthens its account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from tests.programs import parts
from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.council import (
    AMOUNT,
    MEMBERS,
    MULTISIG_V3,
    NEWCOMER,
    PAYEE,
    SQUAD,
    TREASURE,
    Council,
    payment,
)
from tests.programs.multisig_v3.interface import ITSELF, PROGRAM_ID, VAULT, Ms, MsTransaction, Status
from tests.programs.multisig_v3.interface import transaction_address as transaction_at
from tests.programs.on_validator.validator import Node, dump, running
from tests.programs.world import actor, keypair

PAYER = keypair("crank")
KEYS = {pair.pubkey(): pair for pair in (keypair(f"member {n}") for n in range(5))}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A validator with the program and a multisig of five."""
    binary = parts.validator()
    folder = tmp_path_factory.mktemp("validator")
    council = Council()
    council.fund_squad()
    made = {key: account for key in (SQUAD, TREASURE, *MEMBERS) if (account := council.account(key)) is not None}
    program = ("--upgradeable-program", str(PROGRAM_ID), str(MULTISIG_V3.resolve()), str(actor("admin")))
    preloaded = str(dump(made, folder / "accounts"))
    with running(binary, folder, PAYER.pubkey(), "--account-dir", preloaded, *program) as node:
        yield node


def _send(node: Node, *instructions: Instruction) -> None:
    needed = {meta.pubkey for one in instructions for meta in one.accounts if meta.is_signer}
    node.send(instructions, [PAYER, *(KEYS[key] for key in needed)])


def _data(node: Node, address: Pubkey) -> bytes:
    found = node.account(address)
    assert found is not None
    return found.data


def _decide(node: Node, index: int, authority: int, *instructions: Instruction) -> None:
    """One proposes, three approve, the last executes: in two transactions, as each takes a second to be confirmed."""
    proposer, *_, last = MEMBERS
    transaction = transaction_at(SQUAD, index)
    additions = [
        c.add_instruction(SQUAD, transaction, number, proposer, one) for number, one in enumerate(instructions, 1)
    ]
    opened = c.create_transaction(SQUAD, index, proposer, authority)
    _send(node, opened, *additions, c.activate(SQUAD, transaction, proposer))
    approvals = [c.approve(SQUAD, transaction, member) for member in (MEMBERS[1], MEMBERS[2], last)]
    _send(node, *approvals, c.execute(SQUAD, transaction, last, instructions))
    assert MsTransaction.decode(_data(node, transaction)).status is Status.EXECUTED


def test_five_keys_pay_and_change_their_members_on_a_real_validator(node: Node) -> None:
    _decide(node, 1, VAULT, payment(AMOUNT), payment(AMOUNT + 1))
    paid = node.account(PAYEE)
    assert paid is not None
    assert paid.lamports == 2 * AMOUNT + 1
    _decide(node, 2, ITSELF, c.add_member(SQUAD, NEWCOMER), c.change_threshold(SQUAD, 4))
    squad = Ms.decode(_data(node, SQUAD))
    assert squad.keys == sorted([*MEMBERS, NEWCOMER], key=bytes)
    assert (squad.threshold, squad.ms_change_index) == (4, 2)
