"""What every analyser is: it gets a statement and texts, nothing else, and scores each text on its own.

No stake, staker, CID or market is in the signature, so none can get into a prompt.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from oracle.analysis.failures import OverBudget
from oracle.analysis.presentation import Words


class Flag(StrEnum):
    """Why an opinion is flagged; a flag changes no score, it is there to be seen."""

    SCREEN = "screen"
    """Our own screen found the marks of instructions to a model."""
    MODEL = "model"
    """The model says that the text tries to instruct it."""
    CONTROLS = "controls"
    """Asked about this opinion alone, the model gave known control opinions other scores than theirs."""
    COMPANY = "company"
    """In a large crowd, both chunks that it was read in went wrong."""


@dataclass(frozen=True)
class Reading:
    """One text's score, 0 (against the statement) to 100 (for it), and its flags.

    `score` is None where the analyser would not score this text; `trouble` is then one word for why.
    """

    score: int | None
    flags: frozenset[Flag] = frozenset[Flag]()
    trouble: str | None = None


@dataclass(frozen=True)
class ScoredBatch:
    """One analyser's readings, in the order of the texts, and what they took.

    `models` are the names that the replies gave themselves; `prompt_hash` is the hex SHA-256 of prompt and schema, None
    for an analyser without one; `cost` is in microdollars.
    """

    readings: tuple[Reading, ...]
    models: tuple[str, ...] = ()
    prompt_hash: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0


@dataclass
class Budget:
    """What one market's analysis may cost, in microdollars, over all analysers; None for no limit."""

    limit: int | None
    spent: int = 0
    reserved: int = 0
    planned: int = 0

    def plan(self, amount: int) -> None:
        """Add what an analyser expects to take in all; raises OverBudget, before any of it is spent."""
        self.planned += amount
        self._check(self.planned)

    def reserve(self, amount: int) -> None:
        """Set aside what a request is expected to cost; raises OverBudget when that is no longer there."""
        self._check(self.spent + self.reserved + amount)
        self.reserved += amount

    def settle(self, reserved: int, cost: int) -> None:
        """Replace what was set aside by what it was."""
        self.reserved -= reserved
        self.spent += cost

    def _check(self, total: int) -> None:
        if self.limit is not None and total > self.limit:
            raise OverBudget(
                f"Reading the opinions would take {_dollars(total)} where a market may take {_dollars(self.limit)}: "
                "raise ANALYSIS_BUDGET_DOLLARS, or choose cheaper ANALYSIS_MODELS."
            )


@dataclass(frozen=True)
class Limits:
    """What an analysis must keep: `deadline` by the running loop's clock (seconds), and the budget."""

    deadline: float
    budget: Budget = field(default_factory=lambda: Budget(None))

    def left(self) -> float:
        """Return the seconds that are left; never negative."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())


class Analyser(Protocol):
    """Scores texts. Raises AnalysisFailure."""

    @property
    def name(self) -> str:
        """How it is called wherever its score is shown."""
        ...

    async def score(self, statement: str, texts: Sequence[Words], limits: Limits) -> ScoredBatch:
        """Return one reading for each text, in their order."""
        ...


def _dollars(microdollars: int) -> str:
    return f"${microdollars / 1_000_000:.6f}"
