"""The state machine with everything else that moves money: batches, messages out of buffers, spending limits."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from solders.pubkey import Pubkey

from chain.multisig.model import Roles
from chain.multisig.v4 import accounts as a
from chain.multisig.v4 import instructions
from chain.multisig.v4.accounts import VaultTransactionMessage
from chain.multisig.v4.message import compact, compile_message
from tests.programs.multisig import buffers
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import PROGRAM_ID, SQUAD, STRANGER, VAULT, Council, payment
from tests.programs.multisig.limits import LAMPORTS, limit_of, spending
from tests.programs.multisig.machine import EVERYBODY, SCRIPT, Machine, Model, Paper
from tests.programs.multisig.wide_model import LIMITS, SHOPS, Batch, Buffer, WideModel, WideWitness
from tests.programs.multisig_v3.bending import Bent
from tests.programs.spec import DAY
from tests.programs.steps import Dice

FIRST_AMOUNT, MOST_AMOUNTS = 40, 20
"""Batches and buffers pay powers of two from this one on, so that no payment has the same."""
WEIGHTS = {
    "batch": 2, "add": 3, "activate": 2, "execute_next": 5, "begin_buffer": 3, "extend_buffer": 5, "propose_buffer": 5,
    "close_buffer": 1, "limit": 4, "spend": 8, "wait_a_day": 1, "attack_batch": 1,
}  # fmt: skip
WIDE_SCRIPT = [*SCRIPT, *(name for name, weight in WEIGHTS.items() for _ in range(weight))]
WITHOUT_PAPERS = ("propose", "batch", "begin_buffer", "extend_buffer", "propose_buffer", "limit", "spend")


def outfit(council: Council) -> None:
    """Lamports for all that the machine pays."""
    for shop in SHOPS:
        council.fund(shop)
    council.fund(VAULT, 1 << (FIRST_AMOUNT + MOST_AMOUNTS + 1))


class WideMachine(Machine):
    """All steps, in one mix; the model says what is allowed, the witness what was approved."""

    model: WideModel
    witness: WideWitness
    model_kind: ClassVar[type[Model]] = WideModel
    witness_kind = WideWitness

    def __init__(self) -> None:
        super().__init__()
        self.begun_in_shops = self._in_shops()

    @rule(action=st.sampled_from(WIDE_SCRIPT), drawn=st.binary(min_size=20, max_size=20))
    def act(self, action: str, drawn: bytes) -> None:
        """One action; one rule for all keeps every run's mix the same."""
        known = self.model.papers or action in WITHOUT_PAPERS
        getattr(self, action if known else "propose")(Dice(drawn))

    def _in_shops(self) -> int:
        return sum(self.council.lamports(shop) for shop in SHOPS)

    def _payments(self) -> list[Paper]:
        return [paper for paper in super()._payments() if not isinstance(paper, Batch) and paper.amount < 1 << 39]

    def _batch(self, dice: Dice, status: type[a.ProposalStatus]) -> Batch | None:
        found = [paper for paper in self.model.papers if isinstance(paper, Batch)]
        return dice.one_of(([one for one in found if one.status is status] or found)[-3:]) if found else None

    def _amount(self) -> int | None:
        """One that nothing else pays."""
        if self.model.amounts == MOST_AMOUNTS:
            return None
        self.model.amounts += 1
        return 1 << (FIRST_AMOUNT + self.model.amounts - 1)

    # Batches

    def batch(self, dice: Dice) -> None:
        """A new one with a few payments, mostly opened for votes at once."""
        by, index = dice.one_of(EVERYBODY), len(self.model.papers) + 1

        def step() -> None:
            self.council.send(c.create_batch(index, by))
            self.council.open(index, by, draft=True)

        if self._try("batch", self.model.may(by, Roles.INITIATE), step):
            batch = Batch(index, status=a.Draft, creator=by)
            self.model.papers.append(batch)
            for _ in range(dice.below(4)):
                self._add(batch, by)
            if dice.below(4):
                self._activate(batch, by)
                self.carry_one(batch, dice)

    def add(self, dice: Dice) -> None:
        """One payment more, to a draft or to what is none any more."""
        batch = self._batch(dice, a.Draft)
        if batch is not None:
            self._add(batch, batch.creator if dice.below(3) else dice.one_of(EVERYBODY))

    def _add(self, batch: Batch, by: Pubkey) -> None:
        amount = self._amount()
        if amount is None:
            return
        call = c.add_to_batch(batch.index, len(batch.amounts) + 1, _paying(amount), by)
        if self._try("add", self.model.add(batch, by), lambda: self.council.send(call)):
            batch.amounts.append(amount)

    def activate(self, dice: Dice) -> None:
        """Opens a draft for votes."""
        batch = self._batch(dice, a.Draft)
        if batch is not None:
            self._activate(batch, dice.one_of(EVERYBODY))

    def _activate(self, batch: Batch, by: Pubkey) -> None:
        call = instructions.activate_proposal(multisig=SQUAD, index=batch.index, member=by, program=PROGRAM_ID)
        self._try("activate", self.model.activate(batch, by), lambda: self.council.send(call))

    def execute_next(self, dice: Dice) -> None:
        """A transaction of a batch, mostly the next."""
        batch = self._batch(dice, a.Approved)
        if batch is not None:
            number = batch.done + 1 if dice.below(4) else 1 + dice.below(4)
            self._execute_one(batch, number, dice.one_of(EVERYBODY))

    def _execute_one(self, batch: Batch, number: int, by: Pubkey) -> None:
        amount = batch.amounts[number - 1] if number <= len(batch.amounts) else 1
        call = c.execute_in_batch(batch.index, number, _paying(amount), by)
        allowed = self.model.execute_next(batch, number, by, self.council.now)
        self._try("execute next", allowed, lambda: self.council.send(call))
        self.witness.executed(batch.index)

    def attack_batch(self, dice: Dice) -> None:
        """A batch's execution with one wrong account: never accepted."""
        batch = self._batch(dice, a.Approved)
        if batch is None or not batch.amounts:
            return
        number = min(batch.done + 1, len(batch.amounts))
        call = c.execute_in_batch(batch.index, number, _paying(batch.amounts[number - 1]), dice.one_of(EVERYBODY))
        place, instead = dice.below(len(call.accounts)), dice.one_of((STRANGER, SQUAD))
        same = place == 1 or call.accounts[place].pubkey == instead
        bent = Bent(call).unsigned(1) if same else Bent(call).using(place, instead)
        self._try("attack", False, lambda: self.council.send(bent))

    def _execute(self, paper: Paper, by: Pubkey) -> None:
        if isinstance(paper, Batch):
            self._execute_one(paper, paper.done + 1, by)
        elif isinstance(paper.change, a.AddSpendingLimit | a.RemoveSpendingLimit):
            self._execute_limit(paper, paper.change, by)
        else:
            super()._execute(paper, by)

    # Buffers

    def begin_buffer(self, dice: Dice) -> None:
        """The first half of a payment's message."""
        by, amount = dice.one_of(EVERYBODY), self._amount()
        if amount is None:
            return
        whole = compact(_paying(amount))
        buffer = Buffer(amount, whole, whole[: len(whole) // 2])
        allowed = self.model.may(by, Roles.INITIATE) and by not in self.model.buffers
        call = buffers.begin(buffer.filled, whole, by)
        if self._try("begin buffer", allowed, lambda: self.council.send(call)):
            self.model.buffers[by] = buffer

    def extend_buffer(self, dice: Dice) -> None:
        """The rest of it, something else, or too much."""
        of = self._of(dice)
        if of is None:
            return
        buffer = self.model.buffers[of]
        rest = buffer.whole[len(buffer.filled) :]
        part = dice.one_of((rest, rest, rest, bytes(len(rest)), rest + b"\0"))
        by = of if dice.below(3) else dice.one_of(EVERYBODY)
        call = buffers.extend(part, by, buffers.buffer_of(of))
        self._try("extend buffer", self.model.extend(of, by, part), lambda: self.council.send(call))

    def propose_buffer(self, dice: Dice) -> None:
        """What a buffer has, opened for votes."""
        of, index = self._of(dice), len(self.model.papers) + 1
        if of is None:
            return
        by = of if dice.below(3) else dice.one_of(EVERYBODY)
        call = buffers.propose(index, by, buffer=buffers.buffer_of(of))

        def step() -> None:
            self.council.send(call)
            self.council.open(index, by)

        if self._try("propose buffer", self.model.propose_buffer(of, by), step):
            self.model.papers.append(Paper(index, amount=self.model.buffers.pop(of).amount))

    def close_buffer(self, dice: Dice) -> None:
        """Its creator gives it up, a member or not."""
        of = self._of(dice)
        if of is None:
            return
        by = dice.one_of((of, dice.one_of(EVERYBODY)))
        call = buffers.close(by, buffers.buffer_of(of))
        if self._try("close buffer", by == of, lambda: self.council.send(call)):
            del self.model.buffers[of]

    def _of(self, dice: Dice) -> Pubkey | None:
        """Whose buffer."""
        return dice.one_of(sorted(self.model.buffers, key=bytes)) if self.model.buffers else None

    # Limits

    def limit(self, dice: Dice) -> None:
        """Begin one or end it, by the members' vote."""
        key, by, index = dice.one_of(LIMITS), dice.one_of(EVERYBODY), len(self.model.papers) + 1
        members = tuple(dict.fromkeys((dice.one_of(EVERYBODY), dice.one_of(EVERYBODY))))
        period, destinations = dice.one_of((a.Period.DAY, a.Period.ONE_TIME)), dice.one_of(((), SHOPS[:1]))
        asked = a.AddSpendingLimit(key, 0, LAMPORTS, 100, period, members, destinations)
        change = a.RemoveSpendingLimit(limit_of(key)) if dice.below(4) == 0 else asked
        made = self._try(
            "limit",
            self.model.may(by, Roles.INITIATE),
            lambda: self.council.propose_changes(change, by=by),
        )
        if made:
            self.model.papers.append(Paper(index, change=change))
            self.carry_one(self.model.papers[-1], dice)

    def carry_one(self, paper: Paper, dice: Dice) -> None:
        """What was proposed just now is approved, by all or by some."""
        for by in EVERYBODY[: dice.one_of((len(EVERYBODY), dice.below(len(EVERYBODY))))]:
            self._vote(paper, by, "approve")

    def _execute_limit(self, paper: Paper, change: a.AddSpendingLimit | a.RemoveSpendingLimit, by: Pubkey) -> None:
        limit = limit_of(change.create_key) if isinstance(change, a.AddSpendingLimit) else change.spending_limit
        call = instructions.execute_config_transaction(
            multisig=SQUAD, index=paper.index, member=by, rent_payer=by, spending_limits=[limit], program=PROGRAM_ID
        )
        allowed = self.model.execute(paper, by, self.council.now)
        done = self._try("execute limit", allowed, lambda: self.council.send(call))
        self.witness.executed(paper.index)
        if done:
            self.witness.changed(change, self.council.now)

    def spend(self, dice: Dice) -> None:
        """By and to anybody, of a limit that is there or not."""
        key, to, amount, now = dice.one_of(LIMITS), dice.one_of(SHOPS), 1 + dice.below(120), self.council.now
        limit = self.model.limits.get(key)
        by = dice.one_of(limit.asked.members) if limit and dice.below(3) else dice.one_of(EVERYBODY)
        call = spending(amount, by=by, to=to, limit=limit_of(key))
        if self._try("spend", self.model.spend(key, by, to, amount, now), lambda: self.council.send(call)):
            self.witness.spent(key, by, to, amount, now)

    def wait_a_day(self, dice: Dice) -> None:
        """A period of a limit passes, or all of it but a second."""
        self.council.later(dice.one_of((DAY, DAY - 1)))

    # What has to hold

    @invariant()
    def nothing_leaves_a_limit_that_was_not_allowed(self) -> None:
        """The shops have what the model says was spent."""
        assert self._in_shops() - self.begun_in_shops == self.model.spent


def _paying(amount: int) -> VaultTransactionMessage:
    return compile_message([payment(amount)])
