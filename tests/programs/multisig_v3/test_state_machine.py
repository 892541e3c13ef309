"""Random sequences, and the proof that they would notice."""

from __future__ import annotations

import pytest
from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3.council import TREASURE, Council
from tests.programs.multisig_v3.interface import Status, discriminator
from tests.programs.multisig_v3.machine import MOST_PAYMENTS, Multisig
from tests.programs.multisig_v3.model import Model, Paper
from tests.programs.voting import Unapproved, run, tried
from tests.programs.world import Done, Refused


def _outfitted(council: Council) -> Council:
    council.fund_squad()
    council.fund(TREASURE, 1 << MOST_PAYMENTS)
    return council


def test_nothing_is_executed_without_as_many_distinct_members_approvals_as_the_threshold(council: Council) -> None:
    done = run(_outfitted(council), Multisig, runs=100)
    tried(done, "propose", "activate", "approve", "reject", "cancel", "execute", "execute one")
    assert done["attack: refused"]


class Forging(Council):
    """A program with the worst fault: the first approval makes it ready."""

    def send(self, *instructions: Instruction, payer: Pubkey | None = None) -> Done:
        done = super().send(*instructions, payer=payer)
        for instruction in instructions:
            if instruction.data == discriminator("global", "approve_transaction"):
                address = instruction.accounts[1].pubkey
                found = self.account(address)
                assert found is not None
                data = found.data[:81] + bytes([Status.EXECUTE_READY]) + found.data[82:]
                self.place(address, Account(found.lamports, data, found.owner))
        return done


class Gullible(Model):
    """A model that believes the same."""

    def vote(self, how: str, paper: Paper, by: Pubkey) -> bool:
        accepted = super().vote(how, paper, by)
        if accepted and how == "approve":
            paper.status = Status.EXECUTE_READY
        return accepted


class GullibleMultisig(Multisig):
    """The machine with that model, so that only the witness can notice."""

    model_kind = Gullible


def test_the_witness_notices_too_few_approvals() -> None:
    with pytest.raises(Unapproved):
        run(_outfitted(Forging()), GullibleMultisig, runs=100, shrink=False)


def test_the_model_notices_a_program_that_is_ready_too_early() -> None:
    with pytest.raises((AssertionError, Refused)):
        run(_outfitted(Forging()), Multisig, runs=100, shrink=False)
