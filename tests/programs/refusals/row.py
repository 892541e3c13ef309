"""One refusal: where it begins, what is wrong, and which error must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.programs.calls import Call
from tests.programs.scene import Scene

Bend = Callable[[Scene, Call], Call]


@dataclass(frozen=True)
class Base:
    """A call that succeeds at its stage."""

    stage: str
    call: Callable[[Scene], Call]


@dataclass(frozen=True)
class Row:
    """A bent call and the error that it must get; the log must name `account` when there is one."""

    instruction: str
    what: str
    error: str
    base: Base
    bend: Bend
    account: str | None = None

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.instruction}: {self.what}"
