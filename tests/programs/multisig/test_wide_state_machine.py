"""The wide state machine, and that it would notice."""

from __future__ import annotations

import pytest
from solders.account import Account
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.wire import discriminator
from tests.programs.multisig.council import Council
from tests.programs.multisig.limits import REMAINING
from tests.programs.multisig.test_state_machine import Forging, Gullible
from tests.programs.multisig.wide_machine import WideMachine, outfit
from tests.programs.multisig.wide_model import Overspent, WideModel
from tests.programs.voting import Unapproved, run, tried
from tests.programs.world import Done, Refused

STEPS = (
    "batch", "add", "activate", "execute next", "begin buffer", "extend buffer", "propose buffer",
    "limit", "execute limit", "spend", "approve", "execute",
)  # fmt: skip


@pytest.fixture
def rich(council: Council) -> Council:
    outfit(council)
    return council


def test_neither_batches_nor_buffers_nor_limits_move_anything_that_too_few_approved(rich: Council) -> None:
    done = run(rich, WideMachine, runs=400)
    tried(done, *STEPS)
    assert done["attack: refused"]
    assert done["close buffer: done"]


class Credulous(Gullible, WideModel):
    """A model that believes that the first approval is enough."""


class CredulousMachine(WideMachine):
    """The machine with that model, so that only the witness can notice."""

    model_kind = Credulous
    propose = WideMachine.batch
    """Payments out of one transaction are the other machine's: here they would be noticed first."""


def test_the_witness_notices_a_batch_of_which_too_few_approved(rich: Council) -> None:
    with pytest.raises(Unapproved):
        run(_outfitted(Forging()), CredulousMachine, runs=100, shrink=False)


class Refilling(Council):
    """A program that forgets what was spent of a limit."""

    def send(self, *instructions: Instruction, payer: Pubkey | None = None) -> Done:
        done = super().send(*instructions, payer=payer)
        for instruction in instructions:
            if instruction.data[:8] == discriminator("global", "spending_limit_use"):
                address = instruction.accounts[2].pubkey
                found = self.account(address)
                assert found is not None
                left = (100).to_bytes(8, "little")
                data = found.data[: REMAINING.start] + left + found.data[REMAINING.stop :]
                self.place(address, Account(found.lamports, data, found.owner))
        return done


class Forgetful(WideModel):
    """A model that forgets it too."""

    def spend(self, key: Pubkey, by: Pubkey, to: Pubkey, amount: int, now: int) -> bool:
        allowed = super().spend(key, by, to, amount, now)
        if allowed:
            self.limits[key].left = self.limits[key].asked.amount
        return allowed


class ForgetfulMachine(WideMachine):
    """The machine with that model, so that only the witness can notice."""

    model_kind = Forgetful


def test_the_witness_notices_more_spent_than_was_approved() -> None:
    with pytest.raises(Overspent):
        run(_outfitted(Refilling()), ForgetfulMachine, runs=200, shrink=False)


def test_the_model_notices_a_limit_that_forgets() -> None:
    # A step that had to be refused and was not is pytest's own failure.
    with pytest.raises((AssertionError, Refused, pytest.fail.Exception)):
        run(_outfitted(Refilling()), WideMachine, runs=200, shrink=False)


def _outfitted(council: Council) -> Council:
    outfit(council)
    return council
