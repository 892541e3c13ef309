"""The outcome of verifying a market: checks in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """A check that cannot be made says why; it is neither for nor against the market."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found, as a sentence."""

    name: str
    result: Result
    words: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one market, in the order of its life."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.with_result(Result.FAILED)

    def with_result(self, result: Result) -> Sequence[Check]:
        """The checks that ended so."""
        return [check for check in self.checks if check.result is result]

    def summary(self) -> str:
        """One sentence."""
        failed = [check.name for check in self.with_result(Result.FAILED)]
        passed, open_ = len(self.with_result(Result.OK)), len(self.with_result(Result.NOT_CHECKABLE))
        rest = f", {open_} could not be made from what the chain still has" if open_ else ""
        if failed:
            return f"{len(failed)} of {len(self.checks)} checks failed ({', '.join(failed)}){rest}."
        return f"{passed} checks hold{rest}."


def passed_if(name: str, holds: bool, then: str, otherwise: str) -> Check:
    """A check that was made."""
    return Check(name, Result.OK if holds else Result.FAILED, then if holds else otherwise)


def not_checkable(name: str, why: str) -> Check:
    """A check that cannot be made."""
    return Check(name, Result.NOT_CHECKABLE, why)
