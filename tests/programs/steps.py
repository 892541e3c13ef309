"""One step of the state machine: the cast, the choices, and comparing the program with the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from tests.programs import idl
from tests.programs import model as m
from tests.programs import scene as s
from tests.programs.calls import Call
from tests.programs.invariants import Watch
from tests.programs.model import Model
from tests.programs.scene import BOND_VAULT, STAKERS, Scene
from tests.programs.spec import Role
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused, Snapshot, actor

T = TypeVar("T")

PLAYERS = STAKERS[:5]
CREATORS = (s.CREATOR, STAKERS[0])
KEYS = ("first key", "second key", "third key", "fourth key")
AUTHORITIES = {
    Role.ADMIN: (s.ADMIN, actor("second admin")),
    Role.ORACLE: (s.ORACLE, actor("second oracle")),
    Role.TREASURY: (s.TREASURY, actor("second treasury")),
    Role.GUARDIAN: (s.GUARDIAN, actor("second guardian")),
}
HOLDERS = tuple(
    dict.fromkeys((*PLAYERS, *CREATORS, *AUTHORITIES[Role.ADMIN], *AUTHORITIES[Role.TREASURY], actor("stranger")))
)


def stage(scene: Scene) -> Snapshot:
    """Where every run begins: initialized, the whole cast with SOL and USDC."""
    for one in (*HOLDERS, *(key for pair in AUTHORITIES.values() for key in pair)):
        scene.fund(one)
    for holder in HOLDERS:
        scene.place(s.usdc_of(holder), TokenAccount(s.USDC, holder, s.PURSE).account())
    scene.do(s.initialize())
    scene.do(s.deposit_bond(300_000_000))
    return scene.snapshot()


class Dice:
    """Choices out of drawn bytes: one draw a step keeps hypothesis out of the way, and zeros are the simplest
    choices."""

    def __init__(self, drawn: bytes) -> None:
        self._left = int.from_bytes(drawn, "big")

    def below(self, bound: int) -> int:
        """A number in [0, bound)."""
        self._left, number = divmod(self._left, bound)
        return number

    def one_of(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.below(len(options))]

    def between(self, low: int, high: int) -> int:
        """A number in [low, high]."""
        return low + self.below(high - low + 1)

    def coin(self) -> bool:
        """Yes or no."""
        return self.below(2) == 1


class Steps(RuleBasedStateMachine):
    """The program beside its model. `scene` and `start` are set before it runs; `counts` and `reasons` grow over
    runs."""

    scene: ClassVar[Scene]
    start: ClassVar[Snapshot]
    counts: ClassVar[Counter[str]] = Counter()
    reasons: ClassVar[Counter[str]] = Counter()
    model_kind: ClassVar[type[Model]] = Model

    def __init__(self) -> None:
        super().__init__()
        self.scene.restore(self.start)
        self.model = self.model_kind(vault=self.scene.balance(BOND_VAULT))
        self.model.purses = {holder: self.scene.balance(s.usdc_of(holder)) for holder in HOLDERS}
        self.watch = Watch(self.scene, self.model, HOLDERS)

    def tries(self, name: str, call: Call, allowed: bool, then: Callable[[], None]) -> None:
        """Sends a call that the model allows or forbids, applies its effect, and checks everything."""
        if allowed:
            self.is_done(name, call)
            then()
        else:
            self.is_refused(name, call)
        self.step(f"{name}: {'done' if allowed else 'refused'}")

    def is_done(self, name: str, call: Call) -> None:
        """The program must accept."""
        try:
            self.scene.do(call)
        except Refused as refused:
            raise AssertionError(f"{name} was refused, which the model allows: {refused}") from refused

    def is_refused(self, name: str, call: Call) -> None:
        """The program must refuse, with an error of its own."""
        try:
            self.scene.do(call)
        except Refused as refused:
            if refused.code not in idl.load().errors:
                raise AssertionError(f"{name}: {refused.name} is not the program's own: {refused.logs}") from refused
        else:
            raise AssertionError(f"{name} was accepted, which the model forbids: {call}")

    def step(self, name: str) -> None:
        """Counts a step and checks every invariant."""
        self.counts[name] += 1
        self.watch.check()

    def market(self, dice: Dice) -> m.Market:
        """Any market, a younger one twice as likely, since it has more to come."""
        markets = self.model.markets
        return markets[max(dice.below(len(markets)), dice.below(len(markets)))]
