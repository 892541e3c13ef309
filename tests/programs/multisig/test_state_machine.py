"""The state machine, and that it would notice."""

from __future__ import annotations

import pytest
from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4 import accounts as a
from chain.wire import discriminator
from tests.programs.multisig.council import Council
from tests.programs.multisig.machine import Machine, Model, Paper
from tests.programs.voting import Unapproved, run, tried
from tests.programs.world import Done, Refused

STATUS = 48
"""Where a proposal keeps it."""
APPROVED = 3


def test_nothing_is_executed_without_as_many_distinct_members_approvals_as_the_threshold(council: Council) -> None:
    done = run(council, Machine, runs=100)
    tried(done, "propose", "approve", "reject", "cancel", "execute")
    assert done["attack: refused"]


class Forging(Council):
    """A program with the worst fault: the first approval is enough."""

    def send(self, *instructions: Instruction, payer: Pubkey | None = None) -> Done:
        done = super().send(*instructions, payer=payer)
        for instruction in instructions:
            if instruction.data[:8] == discriminator("global", "proposal_approve"):
                address = instruction.accounts[2].pubkey
                found = self.account(address)
                assert found is not None
                data = found.data[:STATUS] + bytes([APPROVED]) + found.data[STATUS + 1 :]
                self.place(address, Account(found.lamports, data, found.owner))
        return done


class Gullible(Model):
    """A model that believes the same."""

    def vote(self, how: str, paper: Paper, by: Pubkey, now: int) -> bool:
        opened = paper.status is a.Active
        accepted = super().vote(how, paper, by, now)
        if accepted and how == "approve" and opened:
            paper.status, paper.approved_at = a.Approved, now - 10**6
        return accepted


class GullibleMachine(Machine):
    """The machine with that model, so that only the witness can notice."""

    model_kind = Gullible


def test_the_witness_notices_too_few_approvals() -> None:
    with pytest.raises(Unapproved):
        run(Forging(), GullibleMachine, runs=100, shrink=False)


def test_the_model_notices_a_program_that_approves_too_early() -> None:
    with pytest.raises((AssertionError, Refused)):
        run(Forging(), Machine, runs=100, shrink=False)
