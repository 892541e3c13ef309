"""A hypothesis state machine over one multisig: everybody, members or not, tries everything in any order.

The model says what is allowed. Apart from it, and from what the chain calls a status, a witness writes down which
votes the chain accepted under which rules, and what came of it: nothing is executed without distinct members'
approvals, as many as the threshold.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from solders.pubkey import Pubkey

from chain.multisig.model import EVERY_ROLE, Member, Roles
from chain.multisig.v4 import accounts as a
from chain.multisig.v4 import instructions
from tests.programs.multisig.council import (
    CRANK,
    MEMBERS,
    NEWCOMER,
    PAYEE,
    PEOPLE,
    PROGRAM_ID,
    SQUAD,
    STRANGER,
    THRESHOLD,
    payment,
)
from tests.programs.multisig_v3.bending import Bent
from tests.programs.steps import Dice
from tests.programs.voting import VotingMachine, Witness

EVERYBODY = (*PEOPLE, CRANK, NEWCOMER, STRANGER)
ROLES = (EVERY_ROLE, Roles.VOTE, Roles.INITIATE | Roles.EXECUTE)
LOCKS = (0, 50, 1_000)
MOST_PAYMENTS = 38
"""Powers of two that a vault's lamports can hold together."""
VOTES = {"approve": instructions.approve, "reject": instructions.reject, "cancel": instructions.cancel}
WEIGHTS = {
    "propose": 5, "vote": 5, "several_vote": 2, "carry": 6, "call_off": 2, "execute": 3, "finish": 5, "wait": 2,
    "attack": 3,
}  # fmt: skip
SCRIPT = [name for name, weight in WEIGHTS.items() for _ in range(weight)]


@dataclass
class Paper:
    """A transaction: a payment of an amount of its own, or one change."""

    index: int
    amount: int = 0
    change: a.ConfigAction | None = None
    status: type[a.ProposalStatus] = a.Active
    approved_at: int = 0
    votes: dict[str, set[Pubkey]] = field(default_factory=lambda: defaultdict[str, set[Pubkey]](set))


@dataclass
class Model:
    """What the multisig has to do, in the plainest words."""

    roles: dict[Pubkey, Roles] = field(default_factory=lambda: {member.key: member.roles for member in MEMBERS})
    threshold: int = THRESHOLD
    time_lock: int = 0
    stale: int = 0
    papers: list[Paper] = field(default_factory=list[Paper])
    paid: int = 0

    def may(self, who: Pubkey, role: Roles) -> bool:
        """Whether they may."""
        return role in self.roles.get(who, Roles(0))

    @property
    def voters(self) -> int:
        """How many vote."""
        return sum(Roles.VOTE in roles for roles in self.roles.values())

    def vote(self, how: str, paper: Paper, by: Pubkey, now: int) -> bool:
        """Does the vote where it is allowed."""
        wanted = a.Approved if how == "cancel" else a.Active
        if not self.may(by, Roles.VOTE) or paper.status is not wanted:
            return False
        if how != "cancel" and paper.index <= self.stale:
            return False
        if by in paper.votes[how]:
            return False
        if how == "cancel":
            # Whoever left has no say in it any more.
            paper.votes["cancel"] &= self.roles.keys()
        else:
            paper.votes["reject" if how == "approve" else "approve"].discard(by)
        paper.votes[how].add(by)
        if how == "approve" and len(paper.votes[how]) >= self.threshold:
            paper.status, paper.approved_at = a.Approved, now
        if how == "reject" and len(paper.votes[how]) >= self.voters - self.threshold + 1:
            paper.status = a.Rejected
        if how == "cancel" and len(paper.votes[how]) >= self.threshold:
            paper.status = a.Cancelled
        return True

    def execute(self, paper: Paper, by: Pubkey, now: int) -> bool:
        """Does it where that is allowed."""
        if not self.may(by, Roles.EXECUTE) or paper.status is not a.Approved:
            return False
        if now - paper.approved_at < self.time_lock:
            return False
        if paper.change is not None and (paper.index <= self.stale or not self._changed(paper.change)):
            return False
        self.paid += paper.amount
        paper.status = a.Executed
        return True

    def _changed(self, change: a.ConfigAction) -> bool:
        roles, threshold, lock = dict(self.roles), self.threshold, self.time_lock
        match change:
            case a.AddMember(member):
                if member.key in roles:
                    return False
                roles[member.key] = member.roles
            case a.RemoveMember(key):
                if key not in roles or len(roles) == 1:
                    return False
                del roles[key]
            case a.ChangeThreshold(wanted):
                threshold = wanted
            case a.SetTimeLock(seconds):
                lock = seconds
            case _:
                raise TypeError(change)
        counts = [sum(role in held for held in roles.values()) for role in (Roles.INITIATE, Roles.VOTE, Roles.EXECUTE)]
        if not all(counts) or not 1 <= threshold <= counts[1]:
            return False
        self.roles, self.threshold, self.time_lock = roles, threshold, lock
        self.stale = len(self.papers)
        return True


class Seen(Witness):
    """Members, threshold and time lock, and what the payee has."""

    def rules(self) -> tuple[tuple[Member, ...], int, int]:
        """As they lie on the chain."""
        squad = self._council.squad
        return squad.members, squad.threshold, squad.time_lock

    def voters(self, rules: tuple[Any, ...]) -> set[Pubkey]:
        """Members with that role."""
        return {member.key for member in rules[0] if Roles.VOTE in member.roles}

    def _effects(self) -> object:
        return self._council.lamports(PAYEE), self.rules()


class Machine(VotingMachine):
    """All steps, in one mix."""

    model: Model
    model_kind: ClassVar[type[Model]] = Model
    witness_kind = Seen
    everybody = EVERYBODY
    open, approved = a.Active, a.Approved

    def __init__(self) -> None:
        super().__init__()
        self.begun = self.council.lamports(PAYEE)

    @rule(action=st.sampled_from(SCRIPT), drawn=st.binary(min_size=12, max_size=12))
    def act(self, action: str, drawn: bytes) -> None:
        """One action; one rule for all keeps every run's mix the same."""
        getattr(self, action if self.model.papers else "propose")(Dice(drawn))

    # Steps

    def propose(self, dice: Dice) -> None:
        """A payment or a change."""
        by, index = dice.one_of(EVERYBODY), len(self.model.papers) + 1
        payments = len(self._payments())
        if dice.coin() or payments >= MOST_PAYMENTS:
            paper = Paper(index, change=self._change(dice))
            change = paper.change
            assert change is not None
            made = lambda: self.council.propose_changes(change, by=by)  # noqa: E731
        else:
            paper = Paper(index, amount=1 << payments)
            made = lambda: self.council.propose(payment(paper.amount), by=by)  # noqa: E731
        if self._try("propose", self.model.may(by, Roles.INITIATE), made):
            self.model.papers.append(paper)

    def _payments(self) -> list[Paper]:
        return [paper for paper in self.model.papers if paper.change is None]

    def _change(self, dice: Dice) -> a.ConfigAction:
        who = dice.one_of(EVERYBODY)
        kinds: tuple[a.ConfigAction, ...] = (
            a.ChangeThreshold(dice.below(7)),
            a.AddMember(Member(who, dice.one_of(ROLES))),
            a.RemoveMember(who),
            a.SetTimeLock(dice.one_of(LOCKS)),
        )
        return dice.one_of(kinds)

    def _vote(self, paper: Paper, by: Pubkey, how: str) -> None:
        instruction = VOTES[how](multisig=SQUAD, index=paper.index, member=by, program=PROGRAM_ID)
        rules = self.witness.rules()
        allowed = self.model.vote(how, paper, by, self.council.now)
        if self._try(how, allowed, lambda: self.council.send(instruction)):
            self.witness.accepted(how, paper.index, by, rules)

    def execute(self, dice: Dice) -> None:
        """Any transaction."""
        self._execute(self._paper(dice), dice.one_of(EVERYBODY))

    def finish(self, dice: Dice) -> None:
        """What is approved."""
        self._execute(self._paper(dice, a.Approved), dice.one_of(EVERYBODY))

    def _execute(self, paper: Paper, by: Pubkey) -> None:
        step = self.council.execute if paper.change is None else self.council.execute_changes
        allowed = self.model.execute(paper, by, self.council.now)
        self._try("execute", allowed, lambda: step(paper.index, by))
        self.witness.executed(paper.index)

    def wait(self, dice: Dice) -> None:
        """Time passes."""
        self.council.later(dice.one_of((1, 49, 1_000)))

    def attack(self, dice: Dice) -> None:
        """A payment's execution with one wrong account: never accepted."""
        payments = self._payments()
        if not payments:
            return
        execution = self.council.execution(dice.one_of(payments[-6:]).index, dice.one_of(EVERYBODY))
        place, instead = dice.below(len(execution.accounts)), dice.one_of((STRANGER, SQUAD))
        if place == 3 or execution.accounts[place].pubkey == instead:
            bent = Bent(execution).unsigned(3)
        else:
            bent = Bent(execution).using(place, instead)
        self._try("attack", False, lambda: self.council.send(bent))

    # What has to hold

    @invariant()
    def the_chain_is_as_the_model_has_it(self) -> None:
        """Rules, statuses and votes."""
        squad, model = self.council.squad, self.model
        assert {member.key: member.roles for member in squad.members} == model.roles
        assert (squad.threshold, squad.time_lock) == (model.threshold, model.time_lock)
        assert (squad.transaction_index, squad.stale_transaction_index) == (len(model.papers), model.stale)
        for paper in model.papers[-6:]:
            found = self.council.proposal(paper.index)
            assert type(found.status) is paper.status
            votes = {"approve": found.approved, "reject": found.rejected, "cancel": found.cancelled}
            assert votes == {how: tuple(sorted(paper.votes[how], key=bytes)) for how in VOTES}

    @invariant()
    def every_payment_is_of_something_executed(self) -> None:
        """Each has an amount of its own, a power of two, so that the sum tells which arrived and how often."""
        assert self.council.lamports(PAYEE) - self.begun == self.model.paid
