"""Each instruction once, in the moment when it succeeds."""

from __future__ import annotations

from collections.abc import Mapping

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.calls import Call
from tests.programs.refusals.row import Base
from tests.programs.scene import STAKERS, Scene
from tests.programs.stages import ONE, ORAO_ONE
from tests.programs.world import actor

NEW_ORACLE = actor("new oracle")


def _accept(scene: Scene) -> Call:
    scene.do(s.propose_authority(spec.Role.ORACLE, NEW_ORACLE))
    return s.accept_authority(spec.Role.ORACLE, NEW_ORACLE)


def _silent(scene: Scene) -> Call:
    scene.later(spec.RANDOMNESS_DEADLINE)
    return s.expire_market(ONE)


BASES: Mapping[str, Base] = {
    "initialize": Base("bare", lambda _: s.initialize()),
    "propose_authority": Base("initialized", lambda _: s.propose_authority(spec.Role.ORACLE, NEW_ORACLE)),
    "accept_authority": Base("initialized", _accept),
    "set_paused": Base("initialized", lambda _: s.set_paused(True)),
    "set_randomness": Base("initialized", lambda _: s.set_randomness(0, 30_000)),
    "revoke_randomness_key": Base("initialized", lambda _: s.revoke_randomness_key(s.public(s.KEY))),
    "deposit_bond": Base("initialized", lambda _: s.deposit_bond(1)),
    "withdraw_bond": Base("initialized", lambda _: s.withdraw_bond(1)),
    "create_market": Base("initialized", lambda _: s.create_market(ONE)),
    "stake_opinion": Base("active", lambda _: s.stake_opinion(ONE, STAKERS[6])),
    "close_market": Base("expired", lambda _: s.close_market(ONE)),
    "record_sentiment": Base("closed", lambda _: s.record_sentiment(ONE)),
    "request_vrf_randomness": Base("scored", lambda _: s.request_vrf_randomness(ONE)),
    "capture_slot_hash": Base("ready", lambda _: s.capture_slot_hash(ONE)),
    "rearm_slot_hash": Base("lapsed", lambda _: s.rearm_slot_hash(ONE)),
    "fulfill_vrf_randomness": Base("captured", lambda scene: s.fulfill_vrf_randomness(ONE, scene.proof(ONE))),
    "fulfill_vrf_external": Base(
        "orao captured",
        lambda scene: s.fulfill_vrf_external(ORAO_ONE, scene.orao_answers(scene.request(ORAO_ONE).alpha)),
    ),
    "run_lottery_with_vrf": Base("fulfilled", lambda scene: s.run_lottery_with_vrf(ONE, scene.winner(ONE))),
    "claim_prize": Base("settled", lambda scene: s.claim_prize(ONE, scene.market(ONE).winner)),
    "recover_stake": Base("refunding", lambda _: s.recover_stake(ONE, STAKERS[0])),
    "collect_fee": Base("settled", lambda _: s.collect_fee(ONE)),
    "expire_market": Base("requested", _silent),
    "close_opinion": Base("settled", lambda _: s.close_opinion(ONE, STAKERS[0])),
    "finish_market": Base("paid, opinions closed", lambda _: s.finish_market(ONE)),
}
