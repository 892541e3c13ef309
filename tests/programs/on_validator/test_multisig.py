"""The multisig program on a real validator: a payment that a crank executes, and a change of members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.model import EVERY_ROLE, Member
from chain.multisig.v4 import accounts, addresses, instructions
from chain.multisig.v4.message import compile_message
from tests.programs import parts
from tests.programs.multisig.council import (
    AMOUNT,
    CONFIG,
    CRANK,
    MULTISIG,
    NEWCOMER,
    PAYEE,
    PEOPLE,
    PROGRAM_ID,
    SQUAD,
    VAULT,
    Council,
    payment,
)
from tests.programs.on_validator.validator import Node, dump, running
from tests.programs.world import actor, keypair

PAYER = keypair("payer of fees")
KEYS = {pair.pubkey(): pair for pair in (keypair("crank"), *(keypair(f"member {n}") for n in range(5)))}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A validator with the program, its configuration and a multisig of five and a crank."""
    binary = parts.validator()
    folder = tmp_path_factory.mktemp("validator")
    council = Council()
    wanted = (SQUAD, VAULT, CONFIG, CRANK, *PEOPLE)
    made = {key: account for key in wanted if (account := council.account(key)) is not None}
    program = ("--upgradeable-program", str(PROGRAM_ID), str(MULTISIG.resolve()), str(actor("admin")))
    preloaded = str(dump(made, folder / "accounts"))
    with running(binary, folder, PAYER.pubkey(), "--account-dir", preloaded, *program) as node:
        yield node


def _send(node: Node, *wanted: Instruction) -> None:
    needed = {meta.pubkey for one in wanted for meta in one.accounts if meta.is_signer}
    node.send(wanted, [PAYER, *(KEYS[key] for key in needed)])


def _read(node: Node, address: Pubkey) -> bytes:
    found = node.account(address)
    assert found is not None
    return found.data


def _approve(node: Node, index: int) -> None:
    approvals = [
        instructions.approve(multisig=SQUAD, index=index, member=member, program=PROGRAM_ID) for member in PEOPLE[:3]
    ]
    _send(node, *approvals)
    data = _read(node, addresses.proposal(SQUAD, index, PROGRAM_ID))
    proposal = accounts.Proposal.from_account(PROGRAM_ID, data, PROGRAM_ID)
    assert isinstance(proposal.status, accounts.Approved)


def test_five_keys_pay_and_change_their_members_on_a_real_validator(node: Node) -> None:
    by = {"creator": CRANK, "rent_payer": CRANK, "program": PROGRAM_ID, "multisig": SQUAD}
    message = compile_message([payment(AMOUNT), payment(AMOUNT + 1)])
    _send(
        node,
        instructions.create_vault_transaction(index=1, vault_index=0, message=message, **by),
        instructions.create_proposal(index=1, **by),
    )
    _approve(node, 1)
    data = _read(node, addresses.transaction(SQUAD, 1, PROGRAM_ID))
    stored = accounts.VaultTransaction.from_account(PROGRAM_ID, data, PROGRAM_ID)
    execution = {"multisig": SQUAD, "member": CRANK, "program": PROGRAM_ID}
    _send(node, instructions.execute_vault_transaction(transaction=stored, **execution))
    paid = node.account(PAYEE)
    assert paid is not None
    assert paid.lamports == 2 * AMOUNT + 1

    newcomer = Member(NEWCOMER, EVERY_ROLE)
    changes = [accounts.AddMember(newcomer), accounts.ChangeThreshold(4)]
    _send(
        node,
        instructions.create_config_transaction(index=2, actions=changes, **by),
        instructions.create_proposal(index=2, **by),
    )
    _approve(node, 2)
    _send(node, instructions.execute_config_transaction(index=2, rent_payer=CRANK, **execution))
    squad = accounts.Multisig.from_account(PROGRAM_ID, _read(node, SQUAD), PROGRAM_ID)
    assert newcomer in squad.members
    assert (squad.threshold, squad.stale_transaction_index) == (4, 2)
