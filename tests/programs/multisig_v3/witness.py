"""Who watches the votes that the chain accepts and what comes of them, and believes neither statuses nor the model."""

from __future__ import annotations

from collections import defaultdict

from solders.pubkey import Pubkey

from tests.programs.multisig_v3.council import PAYEE, Council

Rules = tuple[list[Pubkey], int]


class Unapproved(AssertionError):  # noqa: N818 - named after what happened
    """Something was executed that too few members had approved."""


class Witness:
    """Each transaction's votes, the last of each member, and the rules under which they were given."""

    def __init__(self, council: Council) -> None:
        self._council = council
        self._votes: dict[int, dict[Pubkey, str]] = defaultdict(dict)
        self._rules: dict[int, Rules] = {}
        self._before = self._effects()

    def rules(self) -> Rules:
        """Members and threshold as they lie on the chain."""
        squad = self._council.squad
        return squad.keys, squad.threshold

    def _effects(self) -> tuple[int, Rules]:
        return self._council.lamports(PAYEE), self.rules()

    def accepted(self, how: str, index: int, by: Pubkey, rules: Rules) -> None:
        """The chain accepted a vote under these rules."""
        assert by in rules[0], "only members vote"
        if how != "cancel":
            assert self._rules.setdefault(index, rules) == rules, "no vote outlives the rules it was given under"
            self._votes[index][by] = how

    def executed(self, index: int) -> None:
        """Whatever changed just now was done by this transaction. Raises Unapproved when too few approved it."""
        now = self._effects()
        if now != self._before:
            members, threshold = self._rules.get(index, ([], 1))
            approvals = [by for by, how in self._votes[index].items() if how == "approve" and by in members]
            if len(approvals) < threshold:
                raise Unapproved(f"transaction {index}: {len(approvals)} approvals, the threshold is {threshold}")
        self._before = now

    def nothing_happened(self) -> None:
        """Since the last execution."""
        assert self._effects() == self._before
