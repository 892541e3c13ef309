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
    """One thing that was looked at, and what was found, as a sentence. A decisive one must have been made."""

    name: str
    result: Result
    words: str
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one market, in the order of its life."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed and everything that decides the outcome was checked."""
        return not self.with_result(Result.FAILED) and not self.undecided

    @property
    def undecided(self) -> Sequence[Check]:
        """The checks that decide the outcome and could not be made."""
        return [check for check in self.with_result(Result.NOT_CHECKABLE) if check.decisive]

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
        if self.undecided:
            names = ", ".join(check.name for check in self.undecided)
            return f"{passed} checks hold{rest}, and without one of them the outcome is not verified: {names}."
        return f"{passed} checks hold{rest}."


def passed_if(name: str, holds: bool, then: str, otherwise: str, *, decisive: bool = False) -> Check:
    """A check that was made."""
    return Check(name, Result.OK if holds else Result.FAILED, then if holds else otherwise, decisive)


def failed(name: str, why: str) -> Check:
    """A check that was made and found something wrong."""
    return Check(name, Result.FAILED, why)


def not_checkable(name: str, why: str, *, decisive: bool = False) -> Check:
    """A check that cannot be made."""
    return Check(name, Result.NOT_CHECKABLE, why, decisive)
