"""A chain with a multisig of five on it, and the way of a transaction through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from tests.programs import parts
from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.interface import (
    ITSELF,
    PROGRAM_ID,
    VAULT,
    Code,
    Ms,
    MsInstruction,
    MsTransaction,
    authority_address,
    instruction_address,
    multisig_address,
    transaction_address,
)
from tests.programs.world import Done, Refused, World, actor

MULTISIG_V3 = parts.BUILT / "multisig_v3.so"
MEMBERS = sorted((actor(f"member {n}") for n in range(5)), key=bytes)
ANA, BO, CHI, DEE, EVE = MEMBERS
STRANGER, NEWCOMER = actor("stranger"), actor("newcomer")
PAYEE = actor("payee")
CREATE_KEY = actor("create key")
THRESHOLD = 3
SQUAD = multisig_address(CREATE_KEY)
TREASURE = authority_address(SQUAD, VAULT)
AMOUNT = 1_000_000_000


def payment(amount: int = AMOUNT, authority: int = VAULT) -> Instruction:
    """Lamports from a vault to the payee."""
    source = authority_address(SQUAD, authority)
    return transfer(TransferParams(from_pubkey=source, to_pubkey=PAYEE, lamports=amount))


class Council(World):
    """The program, a multisig of five of whom three decide, and its vault with lamports in it."""

    def __init__(self, members: Sequence[Pubkey] = MEMBERS, threshold: int = THRESHOLD) -> None:
        super().__init__({PROGRAM_ID: parts.program(MULTISIG_V3)}, actor("admin"))
        for one in (*MEMBERS, STRANGER, NEWCOMER, PAYEE, TREASURE):
            self.fund(one, 10**12)
        self.send(c.create(STRANGER, CREATE_KEY, threshold, members))
        self._instructions: dict[int, list[Instruction]] = {}

    def fund_squad(self, lamports: int = 10**9) -> None:
        """Puts lamports onto the multisig's own account, of which it pays the rent of more members."""
        found = self.account(SQUAD)
        assert found is not None
        self.place(SQUAD, Account(found.lamports + lamports, found.data, found.owner))

    # What lies on the chain

    @property
    def squad(self) -> Ms:
        """The multisig."""
        return Ms.decode(self.data(SQUAD))

    def transaction(self, index: int) -> MsTransaction:
        """One of its transactions."""
        return MsTransaction.decode(self.data(transaction_address(SQUAD, index)))

    def instruction(self, index: int, number: int) -> MsInstruction:
        """One of a transaction's instructions."""
        return MsInstruction.decode(self.data(instruction_address(transaction_address(SQUAD, index), number)))

    # Steps; each takes the transaction's index

    def draft(self, *instructions: Instruction, by: Pubkey = ANA, authority: int = VAULT) -> int:
        """Creates a draft with these instructions."""
        index = self.squad.transaction_index + 1
        self.send(c.create_transaction(SQUAD, index, by, authority))
        for number, instruction in enumerate(instructions, 1):
            self.send(c.add_instruction(SQUAD, transaction_address(SQUAD, index), number, by, instruction))
        self._instructions[index] = list(instructions)
        return index

    def propose(self, *instructions: Instruction, by: Pubkey = ANA, authority: int = VAULT) -> int:
        """Creates and activates."""
        index = self.draft(*instructions, by=by, authority=authority)
        self.activate(index, by)
        return index

    def ready(self, *instructions: Instruction, authority: int = VAULT) -> int:
        """Creates, activates, and has as many approve as decide."""
        index = self.propose(*instructions, authority=authority)
        for member in self.squad.keys[: self.squad.threshold]:
            self.approve(index, member)
        return index

    def decide(self, *instructions: Instruction) -> int:
        """Has the multisig sign these instructions itself, to the end."""
        index = self.ready(*instructions, authority=ITSELF)
        self.execute(index, self.squad.keys[0])
        return index

    def activate(self, index: int, by: Pubkey = ANA) -> Done:
        """Opens the vote."""
        return self.send(c.activate(SQUAD, transaction_address(SQUAD, index), by))

    def approve(self, index: int, *members: Pubkey) -> None:
        """Each of them approves."""
        for member in members:
            self.send(c.approve(SQUAD, transaction_address(SQUAD, index), member))

    def reject(self, index: int, *members: Pubkey) -> None:
        """Each of them rejects."""
        for member in members:
            self.send(c.reject(SQUAD, transaction_address(SQUAD, index), member))

    def cancel(self, index: int, *members: Pubkey) -> None:
        """Each of them votes to cancel."""
        for member in members:
            self.send(c.cancel(SQUAD, transaction_address(SQUAD, index), member))

    def execution(self, index: int, by: Pubkey = ANA) -> Instruction:
        """What executes a whole transaction."""
        return c.execute(SQUAD, transaction_address(SQUAD, index), by, self._instructions[index])

    def execute(self, index: int, by: Pubkey = ANA) -> Done:
        """Executes a whole transaction."""
        return self.send(self.execution(index, by))

    def single(self, index: int, number: int, by: Pubkey = ANA) -> Instruction:
        """What executes one instruction alone."""
        instruction = self._instructions[index][number - 1]
        return c.execute_instruction(SQUAD, transaction_address(SQUAD, index), number, by, instruction)

    def execute_one(self, index: int, number: int, by: Pubkey = ANA) -> Done:
        """Executes one instruction alone."""
        return self.send(self.single(index, number, by))


@contextmanager
def refused(code: Code | int) -> Iterator[None]:
    """What is done inside has to be refused with this code."""
    with pytest.raises(Refused) as found:
        yield
    assert found.value.code == code, found.value
