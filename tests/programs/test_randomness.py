"""From the request to the draw: every effect of the six instructions, with both providers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.programs import edwards, idl, spec
from tests.programs import scene as s
from tests.programs.effects import effects
from tests.programs.scene import BOND_VAULT, CONFIG, CRANK, STAKERS, Scene
from tests.programs.spec import Provider, Request, State, share
from tests.programs.stages import ONE, ORAO_ONE, STAKES, TWO
from tests.programs.world import Refused, slot_hash

At = Callable[[str], Scene]
TOTAL = sum(STAKES[ONE])
BOND_OF_ONE = share(TOTAL, 20_000)


def test_request_vrf_randomness(at: At) -> None:
    scene = at("scored").later(5)
    did = effects(scene, s.request_vrf_randomness(ONE))
    rent = scene.rent(340)
    assert did.created == {ONE.vrf_request}
    assert did.lamports == {CRANK: -rent, ONE.vrf_request: rent}
    assert not did.tokens
    assert did.fields == {
        ONE.address: {"state": State.AWAITING, "bond": BOND_OF_ONE, "requested_at": scene.now},
        CONFIG: {"bond_locked": BOND_OF_ONE},
        ONE.vrf_request: {
            "kind": "VrfRequest", "version": 1, "status": Request.REQUESTED,
            "bump": spec.derive(b"vrf_request", bytes(ONE.address))[1], "rearmed": False, "market": ONE.address,
            "payer": CRANK,
            "requested_at": scene.now, "requested_slot": scene.slot, "target_slot": scene.slot + 8,
            "first_target_slot": scene.slot + 8, "captured_slot": 0, "slot_hash": bytes(32), "captured_at": 0,
            "alpha": bytes(32),
            "proof": bytes(80), "output": bytes(64), "fulfilled_at": 0, "rest": b"",
        },
    }  # fmt: skip
    assert did.event == (
        "VrfRandomnessRequested", {"market": ONE.address, "target_slot": scene.slot + 8, "bond": BOND_OF_ONE},
    )  # fmt: skip


def test_capture_slot_hash(at: At) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    scene.pass_slots(20).later(9)
    did = effects(scene, s.capture_slot_hash(ONE))
    found = bytes(slot_hash(target))
    alpha = spec.alpha(ONE.address, TOTAL, 4, found)
    assert did.fields == {
        ONE.vrf_request: {
            "status": Request.CAPTURED, "captured_slot": target, "slot_hash": found, "captured_at": scene.now,
            "alpha": alpha,
        },
    }  # fmt: skip
    assert did.event == (
        "SlotHashCaptured", {"market": ONE.address, "slot": target, "slot_hash": found, "alpha": alpha},
    )  # fmt: skip
    assert not did.lamports
    assert not did.tokens


def test_rearm_slot_hash(at: At) -> None:
    scene = at("lapsed")
    first = scene.request(ONE)
    did = effects(scene, s.rearm_slot_hash(ONE))
    assert did.fields == {ONE.vrf_request: {"rearmed": True, "target_slot": scene.slot + 8}}
    assert scene.request(ONE).first_target_slot == first.target_slot
    assert did.event == ("SlotHashRearmed", {"market": ONE.address, "target_slot": scene.slot + 8})
    target = scene.slot + 8
    scene.captured(ONE)
    assert scene.request(ONE).captured_slot == target


def test_fulfill_vrf_randomness(at: At) -> None:
    scene = at("captured").later(11)
    request = scene.request(ONE)
    proof = scene.proof(ONE)
    output = edwards.verify(ONE.key, proof, request.alpha)
    did = effects(scene, s.fulfill_vrf_randomness(ONE, proof))
    assert did.fields == {
        ONE.vrf_request: {"status": Request.FULFILLED, "proof": proof, "output": output, "fulfilled_at": scene.now},
    }  # fmt: skip
    assert did.event == ("VrfRandomnessFulfilled", {"market": ONE.address, "output": output})
    assert not did.lamports


def test_fulfill_vrf_external(at: At) -> None:
    scene = at("orao captured").later(11)
    randomness = bytes(range(100, 164))
    answer = scene.orao_answers(scene.request(ORAO_ONE).alpha, randomness)
    did = effects(scene, s.fulfill_vrf_external(ORAO_ONE, answer))
    assert did.fields == {
        ORAO_ONE.vrf_request: {"status": Request.FULFILLED, "output": randomness, "fulfilled_at": scene.now},
    }  # fmt: skip
    assert did.event == ("VrfRandomnessFulfilled", {"market": ORAO_ONE.address, "output": randomness})


def test_run_lottery_with_vrf(at: At) -> None:
    scene = at("fulfilled").later(3)
    winner = scene.winner(ONE)
    before = scene.config.bond_locked
    drawn = spec.draw(scene.request(ONE).output, TOTAL)
    fee, prize = spec.fee_and_prize(TOTAL)
    opinion = scene.opinion(ONE, winner)
    did = effects(scene, s.run_lottery_with_vrf(ONE, winner))
    expected = {
        "state": State.SETTLED, "fee": fee, "prize": prize, "winner": winner, "winner_start": opinion.start,
        "winner_stake": opinion.stake, "draw": drawn, "settled_at": scene.now,
    }  # fmt: skip
    assert did.fields == {
        ONE.address: {name: value for name, value in expected.items() if value},
        CONFIG: {"bond_locked": before - BOND_OF_ONE},
    }
    assert did.event == (
        "LotterySettled", {"market": ONE.address, "winner": winner, "draw": drawn, "prize": prize, "fee": fee},
    )  # fmt: skip
    assert not did.tokens
    assert scene.market(ONE).liability == fee + prize == TOTAL


def test_no_opinion_but_the_one_that_covers_the_draw_wins(at: At) -> None:
    scene = at("fulfilled")
    winner = scene.winner(ONE)
    for staker in STAKERS[:4]:
        if staker != winner:
            with pytest.raises(Refused, match="DrawNotCovered"):
                scene.do(s.run_lottery_with_vrf(ONE, staker))
    scene.do(s.run_lottery_with_vrf(ONE, winner))


def _words(*words: int) -> bytes:
    return b"".join(word.to_bytes(8, "little") for word in words)


LIMIT = spec.U64 - spec.U64 % TOTAL
ENDS = [0]
for _stake in STAKES[ONE]:
    ENDS.append(ENDS[-1] + _stake)
DRAWS = {
    "the very first unit": (_words(*[0] * 8), 0),
    "the very last unit": (_words(TOTAL - 1, *[0] * 7), TOTAL - 1),
    "the greatest word taken": (_words(LIMIT - 1, *[0] * 7), TOTAL - 1),
    "the smallest word refused": (_words(LIMIT, 5, *[0] * 6), 5),
    "seven refused": (_words(*[spec.U64 - 1] * 7, 9), 9),
    "all eight refused": (_words(*[spec.U64 - 1] * 7, LIMIT + 3), 3),
    "all eight refused, the last word's rest": (_words(*[LIMIT] * 7, spec.U64 - 1), (spec.U64 - 1) % TOTAL),
} | {
    f"the {side} of staker {number}'s interval": (_words(word, *[0] * 7), word)
    for number in range(4)
    for side, word in (("first", ENDS[number]), ("last", ENDS[number + 1] - 1))
}


@pytest.mark.parametrize(("output", "drawn"), DRAWS.values(), ids=DRAWS.keys())
def test_the_draw_by_rejection(at: At, output: bytes, drawn: int) -> None:
    scene = at("orao captured")
    scene.do(s.fulfill_vrf_external(ORAO_ONE, scene.orao_answers(scene.request(ORAO_ONE).alpha, output)))
    covers = [staker for staker, start, end in zip(STAKERS, ENDS, ENDS[1:], strict=False) if start <= drawn < end]
    for staker in STAKERS[:4]:
        if staker not in covers:
            with pytest.raises(Refused, match="DrawNotCovered"):
                scene.do(s.run_lottery_with_vrf(ORAO_ONE, staker))
    [winner] = covers
    scene.do(s.run_lottery_with_vrf(ORAO_ONE, winner))
    settled = scene.market(ORAO_ONE)
    assert (settled.draw, settled.winner) == (drawn, winner)


def test_an_orao_market_goes_to_its_end(at: At) -> None:
    scene = at("orao fulfilled")
    assert scene.market(ORAO_ONE).randomness_provider == Provider.ORAO
    winner = scene.settled(ORAO_ONE)
    scene.do(s.claim_prize(ORAO_ONE, winner), s.collect_fee(ORAO_ONE))
    scene.do(*(s.close_opinion(ORAO_ONE, staker) for staker in STAKERS[:4]))
    scene.do(s.finish_market(ORAO_ONE))
    receipt = scene.receipt(ORAO_ONE)
    assert receipt.output == bytes(range(64))
    assert receipt.proof == bytes(80)
    assert receipt.randomness_key == bytes(32)


def test_two_stakers_are_enough_for_a_draw(at: At) -> None:
    scene = at("initialized")
    of = scene.opened(s.market("two stakers"), (500_000, 500_000))
    winner = scene.settled(scene.fulfilled(scene.captured(scene.requested(scene.scored(of)))))
    assert scene.market(of).winner == winner


def test_every_step_after_the_score_is_anyones(at: At) -> None:
    """No instruction from the request on has a signer but the one who pays the request's rent."""
    open_to_all = [
        "close_market", "capture_slot_hash", "rearm_slot_hash", "fulfill_vrf_randomness", "fulfill_vrf_external",
        "run_lottery_with_vrf", "claim_prize", "recover_stake", "collect_fee", "expire_market", "close_opinion",
        "finish_market",
    ]  # fmt: skip
    for name in open_to_all:
        assert not any(account.signer for account in idl.load().instructions[name].accounts), name


def test_another_markets_proof_does_not_serve(at: At) -> None:
    scene = at("captured")
    with pytest.raises(Refused, match="ProofMismatch"):
        scene.do(s.fulfill_vrf_randomness(ONE, scene.proof(TWO)))
    scene.fulfilled(TWO)
    with pytest.raises(Refused, match="ProofMismatch"):
        scene.do(s.fulfill_vrf_randomness(ONE, scene.request(TWO).proof))


def test_the_bond_vault_keeps_its_balance_when_the_draw_succeeds(at: At) -> None:
    scene = at("fulfilled")
    before = scene.balance(BOND_VAULT)
    scene.settled(ONE)
    scene.settled(TWO)
    assert scene.balance(BOND_VAULT) == before
    assert scene.config.bond_locked == 0
    scene.do(s.withdraw_bond(before))
