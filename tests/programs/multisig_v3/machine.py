"""A hypothesis state machine over one multisig: everybody, members or not, tries everything in any order.

The model says what is allowed. Apart from it, and from what the chain calls a status, a witness writes down which
votes the chain accepted under which rules, and what came of it: nothing is executed without distinct members'
approvals, as many as the threshold.
"""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from solders.pubkey import Pubkey

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.bending import Bent
from tests.programs.multisig_v3.council import MEMBERS, NEWCOMER, PAYEE, SQUAD, STRANGER
from tests.programs.multisig_v3.interface import ITSELF, VAULT, Status, transaction_address
from tests.programs.multisig_v3.model import Add, Deed, Model, Paper, Pay, Remove, SetThreshold
from tests.programs.multisig_v3.witness import Seen
from tests.programs.steps import Dice
from tests.programs.voting import VotingMachine

PEOPLE = (*MEMBERS, NEWCOMER, STRANGER)
SIGNER = 2
"""The member's place in an execution."""

MOST_PAYMENTS = 60
"""Powers of two that a vault's lamports can hold together."""

VOTES = {"approve": c.approve, "reject": c.reject, "cancel": c.cancel}
WEIGHTS = {
    "propose": 5, "activate": 2, "vote": 5, "several_vote": 2, "carry": 5, "call_off": 2, "execute": 2,
    "execute_next": 2, "finish": 4, "attack": 3, "change_from_outside": 1,
}  # fmt: skip
SCRIPT = [name for name, weight in WEIGHTS.items() for _ in range(weight)]


class Multisig(VotingMachine):
    """All steps, in one mix."""

    model: Model
    model_kind: ClassVar[type[Model]] = Model
    witness_kind = Seen
    everybody = PEOPLE
    open, approved = Status.ACTIVE, Status.EXECUTE_READY

    @rule(action=st.sampled_from(SCRIPT), drawn=st.binary(min_size=12, max_size=12))
    def act(self, action: str, drawn: bytes) -> None:
        """One action; one rule for all keeps every run's mix the same."""
        getattr(self, action if self.model.papers else "propose")(Dice(drawn))

    # Steps

    def propose(self, dice: Dice) -> None:
        """Payments or changes, mostly voted on at once; some sign as the wrong authority and can never be executed."""
        by, deeds = dice.one_of(PEOPLE), self._deeds(dice)
        authority = deeds[0].authority if dice.below(10) else VAULT + ITSELF - deeds[0].authority
        instructions = [deed.instruction() for deed in deeds]
        allowed = self.model.propose(by, deeds, authority)
        made = self._try("propose", allowed, lambda: self.council.draft(*instructions, by=by, authority=authority))
        if made and dice.below(3):
            self._activate(self.model.papers[-1], by)

    def _deeds(self, dice: Dice) -> tuple[Deed, ...]:
        count = dice.between(1, 2)
        if dice.coin() or self.model.payments + count > MOST_PAYMENTS:
            return tuple(self._change(dice) for _ in range(count))
        return tuple(Pay(self.model.next_amount()) for _ in range(count))

    def _change(self, dice: Dice) -> Deed:
        kind = dice.one_of((SetThreshold, Add, Remove))
        return SetThreshold(dice.below(8)) if kind is SetThreshold else kind(dice.one_of(PEOPLE))

    def activate(self, dice: Dice) -> None:
        """Opens a vote."""
        paper = self._paper(dice, Status.DRAFT)
        self._activate(paper, paper.creator if dice.coin() else dice.one_of(PEOPLE))

    def _activate(self, paper: Paper, by: Pubkey) -> None:
        allowed = self.model.activate(paper, by)
        self._try("activate", allowed, lambda: self.council.activate(paper.index, by))

    def _vote(self, paper: Paper, by: Pubkey, how: str) -> None:
        instruction = VOTES[how](SQUAD, transaction_address(SQUAD, paper.index), by)
        rules = self.witness.rules()
        if self._try(how, self.model.vote(how, paper, by), lambda: self.council.send(instruction)):
            self.witness.accepted(how, paper.index, by, rules)

    def execute(self, dice: Dice) -> None:
        """All of any transaction."""
        self._execute(self._paper(dice), dice.one_of(PEOPLE))

    def execute_next(self, dice: Dice) -> None:
        """One instruction of what is ready, the next or not."""
        paper = self._paper(dice, Status.EXECUTE_READY)
        self._execute_one(paper, dice.one_of(PEOPLE), 1 + dice.below(len(paper.deeds)))

    def finish(self, dice: Dice) -> None:
        """All of what is ready."""
        paper, by = self._paper(dice, Status.EXECUTE_READY), dice.one_of(PEOPLE)
        if paper.executed in range(1, len(paper.deeds)):
            self._execute_one(paper, by, paper.executed + 1)
        else:
            self._execute(paper, by)

    def _execute(self, paper: Paper, by: Pubkey) -> None:
        self._try("execute", self.model.execute(paper, by), lambda: self.council.execute(paper.index, by))
        self.witness.executed(paper.index)

    def _execute_one(self, paper: Paper, by: Pubkey, number: int) -> None:
        allowed = self.model.execute_one(paper, by, number)
        self._try("execute one", allowed, lambda: self.council.execute_one(paper.index, number, by))
        self.witness.executed(paper.index)

    def attack(self, dice: Dice) -> None:
        """An execution with one wrong account, or without its signature: never accepted."""
        execution = self.council.execution(self._paper(dice, Status.EXECUTE_READY).index, dice.one_of(PEOPLE))
        at, instead = dice.below(len(execution.accounts)), dice.one_of((STRANGER, SQUAD))
        if at == SIGNER or execution.accounts[at].pubkey == instead:
            bent = Bent(execution).unsigned(SIGNER)
        else:
            bent = Bent(execution).using(at, instead)
        self._try("attack", False, lambda: self.council.send(bent))

    def change_from_outside(self, dice: Dice) -> None:
        """A change that the multisig did not sign: never accepted."""
        change = Bent(self._change(dice).instruction()).unsigned(0)
        self._try("change from outside", False, lambda: self.council.send(change))

    # What has to hold

    @invariant()
    def the_chain_is_as_the_model_has_it(self) -> None:
        """Rules, statuses and votes."""
        squad, rules = self.council.squad, self.model.rules
        assert squad.keys == sorted(rules.members, key=bytes)
        assert (squad.threshold, squad.ms_change_index) == (rules.threshold, rules.changed_at)
        assert squad.transaction_index == len(self.model.papers)
        for paper in self.model.papers[-6:]:
            found = self.council.transaction(paper.index)
            assert (found.status, found.executed_index) == (paper.status, paper.executed)
            votes = {"approve": found.approved, "reject": found.rejected, "cancel": found.cancelled}
            assert votes == {how: sorted(paper.votes[how], key=bytes) for how in VOTES}

    @invariant()
    def every_payment_is_one_of_an_executed_deed(self) -> None:
        """Each has an amount of its own, a power of two, so that the sum tells which arrived and how often."""
        paid = self.council.lamports(PAYEE) - self.start.accounts[PAYEE].lamports
        assert paid == sum(deed.amount for deed in self.model.done if isinstance(deed, Pay))
