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


def row_of(stage: str, call: Callable[[Scene], Call] | Call, error: str, what: str, account: str | None = None) -> Row:
    """A row whose call is already wrong, or becomes so by what happens first."""
    if isinstance(call, Call):
        return Row(call.name, what, error, Base(stage, lambda _: call), as_it_is, account)
    return Row(_NAMES[call], what, error, Base(stage, call), as_it_is, account)


def as_it_is(_: Scene, call: Call) -> Call:
    return call


_NAMES: dict[Callable[[Scene], Call], str] = {}


def making(name: str, make: Callable[[Scene], Call]) -> Callable[[Scene], Call]:
    """Remembers which instruction a function makes."""
    _NAMES[make] = name
    return make


def after(step: Callable[[Scene], object], call: Call) -> Callable[[Scene], Call]:
    """The call after something happened."""

    def made(scene: Scene) -> Call:
        step(scene)
        return call

    return making(call.name, made)
