"""A market's life as snapshots: each stage is reached once, by real instructions, and restored for every test that
begins there.

Two markets, ONE and TWO, live through every stage side by side, so that there is always another market's account of
the right kind and state to pass in the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.programs import scene as s
from tests.programs.scene import STAKERS, Market, Scene
from tests.programs.spec import RANDOMNESS_DEADLINE, REARM_DELAY, Provider
from tests.programs.world import Snapshot

ONE, TWO = s.market("one"), s.market("two", statement="Two markets are better than one")
ORAO_ONE, ORAO_TWO = s.market("orao one", key=bytes(32)), s.market("orao two", key=bytes(32))
STAKES = {ONE: (1_000_000, 2_500_000, 500_000, 10_000_000), TWO: (3_333_333, 777_777, 4_000_000, 9_999_999)}
BOND = 10**9
PAIR = (ONE, TWO)
ORAO_PAIR = (ORAO_ONE, ORAO_TWO)

Step = Callable[[Scene], object]


def stakers(of: Market) -> tuple[s.Pubkey, ...]:
    """Who staked on a market of these stages."""
    return STAKERS[: len(STAKES.get(of, STAKES[ONE]))]


def each(step: Callable[[Scene, Market], object], pair: tuple[Market, Market] = PAIR) -> Step:
    """A step that both markets take."""
    return lambda scene: [step(scene, one) for one in pair]


def _initialize(scene: Scene) -> None:
    scene.do(s.initialize())
    scene.do(s.deposit_bond(BOND))


def _open_orao(scene: Scene) -> None:
    scene.do(s.set_randomness(Provider.ORAO, 20_000))
    each(lambda scene, of: scene.opened(of, STAKES[ONE]), ORAO_PAIR)(scene)


def _expire(scene: Scene) -> None:
    scene.at(scene.market(ONE).closes_at)


def _orao_fulfil(scene: Scene, of: Market) -> None:
    scene.do(s.fulfill_vrf_external(of, scene.orao_answers(scene.request(of).alpha)))


def _pay(scene: Scene, of: Market) -> None:
    scene.do(s.claim_prize(of, scene.market(of).winner), s.collect_fee(of))


def _recover(scene: Scene, of: Market) -> None:
    for staker in stakers(of):
        scene.do(s.recover_stake(of, staker))


def _close_opinions(scene: Scene, of: Market) -> None:
    for staker in stakers(of):
        scene.do(s.close_opinion(of, staker))


def _silence(scene: Scene, pair: tuple[Market, Market] = PAIR) -> None:
    scene.later(RANDOMNESS_DEADLINE)
    each(lambda scene, of: scene.do(s.expire_market(of)), pair)(scene)


STAGES: Mapping[str, tuple[str | None, Step]] = {
    "bare": (None, lambda scene: None),
    "initialized": ("bare", _initialize),
    "opened": ("initialized", each(lambda scene, of: scene.opened(of))),
    "active": ("initialized", each(lambda scene, of: scene.opened(of, STAKES[of]))),
    "expired": ("active", _expire),
    "closed": ("expired", each(lambda scene, of: scene.do(s.close_market(of)))),
    "scored": ("closed", each(lambda scene, of: scene.do(s.record_sentiment(of)))),
    "requested": ("scored", each(Scene.requested)),
    "ready": ("requested", lambda scene: scene.pass_slots(9)),
    "captured": ("ready", each(lambda scene, of: scene.do(s.capture_slot_hash(of)))),
    "fulfilled": ("captured", each(Scene.fulfilled)),
    "settled": ("fulfilled", each(Scene.settled)),
    "paid": ("settled", each(_pay)),
    "paid, opinions closed": ("paid", each(_close_opinions)),
    "lapsed": ("requested", lambda scene: scene.pass_slots(600).later(REARM_DELAY)),
    "refunding": ("requested", _silence),
    "recovered": ("refunding", each(_recover)),
    "recovered, opinions closed": ("recovered", each(_close_opinions)),
    "finished": ("paid, opinions closed", each(lambda scene, of: scene.do(s.finish_market(of)))),
    "orao active": ("initialized", _open_orao),
    "orao captured": (
        "orao active",
        each(lambda scene, of: scene.captured(scene.requested(scene.scored(of))), ORAO_PAIR),
    ),
    "orao fulfilled": ("orao captured", each(_orao_fulfil, ORAO_PAIR)),
    "orao settled": ("orao fulfilled", each(Scene.settled, ORAO_PAIR)),
    "orao refunding": ("orao captured", lambda scene: _silence(scene, ORAO_PAIR)),
}


class Stages:
    """One Scene that can stand at any stage."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._reached: dict[str, Snapshot] = {}

    def at(self, name: str) -> Scene:
        """The scene, restored to a stage."""
        if name not in self._reached:
            parent, step = STAGES[name]
            if parent is not None:
                self.at(parent)
            step(self.scene)
            self._reached[name] = self.scene.snapshot()
        return self.scene.restore(self._reached[name])
