"""What the state machines of both multisigs share: people who vote in any way, and a witness who counts."""

from __future__ import annotations

import os
import secrets
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test
from solders.pubkey import Pubkey

from tests.programs.steps import Dice
from tests.programs.world import Refused, Snapshot, World

HOW = ("approve", "reject", "cancel")
STEPS = 50
"""Of one run."""


class Unapproved(AssertionError):  # noqa: N818 - named after what happened
    """Something was executed that too few members had approved."""


class Witness(ABC):
    """Each transaction's votes, the last of each member, and the rules under which they were given.

    It believes neither statuses nor the model. Rules are what a multisig keeps, its threshold as the second.
    """

    def __init__(self, council: Any) -> None:
        self._council = council
        self._votes: dict[int, dict[Pubkey, str]] = defaultdict(dict)
        self._rules: dict[int, tuple[Any, ...]] = {}
        self._before = self._effects()

    @abstractmethod
    def rules(self) -> tuple[Any, ...]:
        """Members, threshold and what else there is, as they lie on the chain."""

    @abstractmethod
    def voters(self, rules: tuple[Any, ...]) -> Collection[Pubkey]:
        """Whose votes count under these rules."""

    @abstractmethod
    def _effects(self) -> object:
        """All that an execution can change."""

    def accepted(self, how: str, index: int, by: Pubkey, rules: tuple[Any, ...]) -> None:
        """The chain accepted a vote under these rules."""
        assert by in self.voters(rules), "only voters vote"
        if how != "cancel":
            assert self._rules.setdefault(index, rules) == rules, "no vote outlives the rules it was given under"
            self._votes[index][by] = how

    def executed(self, index: int) -> None:
        """Whatever changed just now was done by this transaction. Raises Unapproved when too few approved it."""
        now = self._effects()
        if now != self._before:
            if index not in self._rules:
                raise Unapproved(f"transaction {index}: nobody voted on it")
            rules = self._rules[index]
            voters = self.voters(rules)
            approvals = [by for by, how in self._votes[index].items() if how == "approve" and by in voters]
            if len(approvals) < rules[1]:
                raise Unapproved(f"transaction {index}: {len(approvals)} approvals, the threshold is {rules[1]}")
        self._before = now

    def nothing_happened(self) -> None:
        """Since the last execution."""
        assert self._effects() == self._before


class VotingMachine(RuleBasedStateMachine):
    """Steps that are votes. `open` and `approved` are the statuses in which one approves and calls off."""

    council: ClassVar[Any]
    start: ClassVar[Snapshot]
    done: ClassVar[Counter[str]] = Counter()
    model_kind: ClassVar[type]
    witness_kind: ClassVar[type[Witness]]
    everybody: ClassVar[tuple[Pubkey, ...]]
    open: ClassVar[object]
    approved: ClassVar[object]

    def __init__(self) -> None:
        super().__init__()
        self.council.restore(self.start)
        self.model = self.model_kind()
        self.witness = self.witness_kind(self.council)

    def _try(self, name: str, allowed: bool, step: Callable[[], object]) -> bool:
        """Does the step, which has to be accepted or refused as the model says."""
        if allowed:
            step()
        else:
            with pytest.raises(Refused):
                step()
        self.done[f"{name}: {'done' if allowed else 'refused'}"] += 1
        return allowed

    def _paper(self, dice: Dice, status: object = None) -> Any:
        """One of the last few with this status; any of the last few where none has it."""
        wanted = [paper for paper in self.model.papers if status in (None, paper.status)]
        return dice.one_of((wanted or self.model.papers)[-6:])

    def vote(self, dice: Dice) -> None:
        """One vote, on anything."""
        self._vote(self._paper(dice), dice.one_of(self.everybody), dice.one_of(HOW))

    def several_vote(self, dice: Dice) -> None:
        """A few votes of either side on what is open."""
        paper = self._paper(dice, self.open)
        for _ in range(5):
            self._vote(paper, dice.one_of(self.everybody), dice.one_of(("approve", "reject")))

    def carry(self, dice: Dice) -> None:
        """What is open is approved until it is decided, or nobody is left."""
        paper, first = self._paper(dice, self.open), dice.below(len(self.everybody))
        for by in (*self.everybody[first:], *self.everybody[:first]):
            self._vote(paper, by, "approve")

    def call_off(self, dice: Dice) -> None:
        """What is approved is called off, by enough or by too few."""
        paper = self._paper(dice, self.approved)
        for _ in range(4):
            self._vote(paper, dice.one_of(self.everybody), "cancel")

    def _vote(self, paper: Any, by: Pubkey, how: str) -> None:
        """One vote, held to the model. A subclass says how; hypothesis's metaclass leaves no room for an ABC."""
        raise NotImplementedError

    @invariant()
    def nothing_happens_unless_it_is_executed(self) -> None:
        """Lamports and rules are as they were after the last execution."""
        self.witness.nothing_happened()


def run(council: World, kind: type[VotingMachine], *, runs: int, shrink: bool = True) -> Counter[str]:
    """What the machine's steps did. Raises whatever it found.

    OPINION_FUZZ_RUNS makes more runs of it than that, OPINION_FUZZ_SEED repeats those of a seed, which is printed.
    Without `shrink` it is the same each time.
    """
    fresh = {"council": council, "start": council.snapshot(), "done": Counter[str]()}
    made = type(kind.__name__, (kind,), fresh)
    if shrink:
        drawn = int(os.environ.get("OPINION_FUZZ_SEED") or secrets.randbelow(2**32))
        print(f"state machine {kind.__name__}: OPINION_FUZZ_SEED={drawn}", flush=True)
        made, runs = seed(drawn)(made), int(os.environ.get("OPINION_FUZZ_RUNS") or runs)
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=runs,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=not shrink,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    return made.done


def tried(done: Counter[str], *steps: str) -> None:
    """Each of the steps was done and was refused."""
    for step in steps:
        assert done[f"{step}: done"], f"{step} never succeeded: the sequences are too shallow"
        assert done[f"{step}: refused"], f"{step} was never refused: the sequences are too tame"
