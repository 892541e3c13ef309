"""What the multisig has to do, in the plainest words: who may do what when, and what comes of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3 import calls as c
from tests.programs.multisig_v3.council import MEMBERS, SQUAD, THRESHOLD, payment
from tests.programs.multisig_v3.interface import ITSELF, VAULT, Status


@dataclass(frozen=True)
class Rules:
    """Who decides."""

    members: frozenset[Pubkey] = frozenset(MEMBERS)
    threshold: int = THRESHOLD
    changed_at: int = 0


@dataclass(frozen=True)
class Pay:
    """Lamports from the vault; every payment of a run has an amount of its own, a power of two."""

    amount: int
    authority = VAULT

    def instruction(self) -> Instruction:
        """For a transaction."""
        return payment(self.amount)

    def applied(self, rules: Rules) -> Rules | None:
        """The rules afterwards."""
        return rules


@dataclass(frozen=True)
class SetThreshold:
    """Another threshold."""

    threshold: int
    authority = ITSELF

    def instruction(self) -> Instruction:
        """For a transaction."""
        return c.change_threshold(SQUAD, self.threshold)

    def applied(self, rules: Rules) -> Rules | None:
        """The rules afterwards, None where it fails."""
        wanted = min(self.threshold, len(rules.members))
        return replace(rules, threshold=wanted, changed_at=-1) if wanted else None


@dataclass(frozen=True)
class Add:
    """One member more."""

    who: Pubkey
    authority = ITSELF

    def instruction(self) -> Instruction:
        """For a transaction."""
        return c.add_member(SQUAD, self.who)

    def applied(self, rules: Rules) -> Rules | None:
        """The rules afterwards."""
        if self.who in rules.members:
            return rules
        return replace(rules, members=rules.members | {self.who}, changed_at=-1)


@dataclass(frozen=True)
class Remove:
    """One member less."""

    who: Pubkey
    authority = ITSELF

    def instruction(self) -> Instruction:
        """For a transaction."""
        return c.remove_member(SQUAD, self.who)

    def applied(self, rules: Rules) -> Rules | None:
        """The rules afterwards, None where it fails."""
        members = rules.members - {self.who}
        if not members or members == rules.members:
            return None
        return Rules(members, min(rules.threshold, len(members)), -1)


Deed = Pay | SetThreshold | Add | Remove


@dataclass
class Paper:
    """A transaction."""

    index: int
    creator: Pubkey
    deeds: tuple[Deed, ...]
    authority: int
    status: Status = Status.DRAFT
    votes: dict[str, set[Pubkey]] = field(default_factory=lambda: defaultdict[str, set[Pubkey]](set))
    executed: int = 0


@dataclass
class Model:
    """The multisig and its transactions. Every step says whether it is allowed, and if so does it."""

    rules: Rules = field(default_factory=Rules)
    papers: list[Paper] = field(default_factory=list[Paper])
    done: list[Deed] = field(default_factory=list[Deed])
    payments: int = 0

    def next_amount(self) -> int:
        """A power of two that no payment had."""
        self.payments += 1
        return 1 << self.payments - 1

    def propose(self, by: Pubkey, deeds: tuple[Deed, ...], authority: int) -> bool:
        """A draft with these deeds."""
        if by not in self.rules.members:
            return False
        self.papers.append(Paper(len(self.papers) + 1, by, deeds, authority))
        return True

    def _is_current(self, paper: Paper, status: Status, by: Pubkey) -> bool:
        return by in self.rules.members and paper.status is status and paper.index > self.rules.changed_at

    def activate(self, paper: Paper, by: Pubkey) -> bool:
        """Opens the vote."""
        if by != paper.creator or not self._is_current(paper, Status.DRAFT, by):
            return False
        paper.status = Status.ACTIVE
        return True

    def vote(self, how: str, paper: Paper, by: Pubkey) -> bool:
        """Approves, rejects or votes to cancel; the same vote again is allowed and does nothing."""
        if how == "cancel":
            return self._cancel(paper, by)
        if not self._is_current(paper, Status.ACTIVE, by):
            return False
        paper.votes["reject" if how == "approve" else "approve"].discard(by)
        paper.votes[how].add(by)
        if len(paper.votes["approve"]) >= self.rules.threshold:
            paper.status = Status.EXECUTE_READY
        if len(paper.votes["reject"]) > len(self.rules.members) - self.rules.threshold:
            paper.status = Status.REJECTED
        return True

    def _cancel(self, paper: Paper, by: Pubkey) -> bool:
        if by not in self.rules.members or paper.status is not Status.EXECUTE_READY:
            return False
        if by not in paper.votes["cancel"]:
            paper.votes["cancel"].add(by)
            if len(paper.votes["cancel"]) >= self.rules.threshold:
                paper.status = Status.CANCELLED
        return True

    def execute(self, paper: Paper, by: Pubkey) -> bool:
        """Does all its deeds, or none."""
        return paper.executed == 0 and self._does(paper, by, paper.deeds, 0)

    def execute_one(self, paper: Paper, by: Pubkey, number: int) -> bool:
        """Does its next deed."""
        return number == paper.executed + 1 and self._does(paper, by, paper.deeds[number - 1 : number], number)

    def _does(self, paper: Paper, by: Pubkey, deeds: tuple[Deed, ...], executed: int) -> bool:
        if by not in self.rules.members or paper.status is not Status.EXECUTE_READY:
            return False
        rules: Rules | None = self.rules
        for deed in deeds:
            rules = deed.applied(rules) if rules is not None and deed.authority == paper.authority else None
        if rules is None:
            return False
        self.rules = replace(rules, changed_at=len(self.papers)) if rules.changed_at < 0 else rules
        paper.executed = executed
        self.done += deeds
        if executed in (0, len(paper.deeds)):
            paper.status = Status.EXECUTED
        return True
