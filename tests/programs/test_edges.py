"""Exact seconds and slots: each limit of the protocol, one before it and on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.calls import Call
from tests.programs.scene import STAKERS, Scene
from tests.programs.spec import RANDOMNESS_DEADLINE, REARM_DELAY, REQUEST_DEADLINE, Reason, State
from tests.programs.stages import ONE, ORAO_ONE, TWO
from tests.programs.world import Refused, slot_hash

At = Callable[[str], Scene]


def refused(scene: Scene, call: Call, name: str) -> None:
    with pytest.raises(Refused, match=f"^\\('{name}'|^{name}") as found:
        scene.do(call)
    assert found.value.name == name


def test_stakes_end_and_closing_begins_at_closes_at(at: At) -> None:
    scene = at("active")
    scene.at(scene.market(ONE).closes_at - 1)
    refused(scene, s.close_market(ONE), "MarketNotExpired")
    scene.do(s.stake_opinion(ONE, STAKERS[5]))
    scene.later(1)
    refused(scene, s.stake_opinion(ONE, STAKERS[6]), "MarketExpired")
    scene.do(s.close_market(ONE))
    refused(scene, s.stake_opinion(ONE, STAKERS[6]), "WrongMarketState")


def test_a_request_may_come_until_the_last_second(at: At) -> None:
    scene = at("scored")
    closes = scene.market(ONE).closes_at
    scene.at(closes + REQUEST_DEADLINE - 1)
    refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.do(s.request_vrf_randomness(ONE))
    scene.later(1)
    refused(scene, s.request_vrf_randomness(TWO), "SettlementOverdue")
    refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.do(s.expire_market(TWO))
    assert scene.market(TWO).refund_reason == Reason.NOT_REQUESTED


def test_the_score_may_come_late_as_long_as_nobody_expired_the_market(at: At) -> None:
    scene = at("closed")
    scene.at(scene.market(ONE).closes_at + REQUEST_DEADLINE)
    scene.do(s.record_sentiment(ONE))
    refused(scene, s.request_vrf_randomness(ONE), "SettlementOverdue")
    scene.do(s.expire_market(ONE))


def test_a_proof_is_taken_until_the_last_second(at: At) -> None:
    scene = at("captured")
    requested = scene.market(ONE).requested_at
    proof, late = scene.proof(ONE), scene.proof(TWO)
    scene.at(requested + RANDOMNESS_DEADLINE - 1)
    refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.do(s.fulfill_vrf_randomness(ONE, proof))
    scene.later(1)
    refused(scene, s.fulfill_vrf_randomness(TWO, late), "RandomnessDeadlinePassed")
    refused(scene, s.expire_market(ONE), "RandomnessVerified")
    scene.do(s.expire_market(TWO))
    refused(scene, s.fulfill_vrf_randomness(TWO, late), "WrongMarketState")
    scene.settled(ONE)


def test_an_orao_answer_is_taken_until_the_last_second(at: At) -> None:
    scene = at("orao captured")
    other = s.market("orao two", key=bytes(32))
    requested = scene.market(ORAO_ONE).requested_at
    answers = {of: scene.orao_answers(scene.request(of).alpha) for of in (ORAO_ONE, other)}
    scene.at(requested + RANDOMNESS_DEADLINE - 1)
    scene.do(s.fulfill_vrf_external(ORAO_ONE, answers[ORAO_ONE]))
    scene.later(1)
    refused(scene, s.fulfill_vrf_external(other, answers[other]), "RandomnessDeadlinePassed")
    scene.do(s.expire_market(other))


def test_a_slot_hash_is_captured_until_the_last_second(at: At) -> None:
    scene = at("ready")
    scene.at(scene.market(ONE).requested_at + RANDOMNESS_DEADLINE - 1)
    scene.do(s.capture_slot_hash(ONE))
    scene.later(1)
    refused(scene, s.capture_slot_hash(TWO), "RandomnessDeadlinePassed")
    scene.do(s.expire_market(TWO), s.expire_market(ONE))


def test_a_request_is_rearmed_from_an_hour_after_it_was_made(at: At) -> None:
    scene = at("lapsed")
    requested = scene.market(ONE).requested_at
    for early in (0, 1, REARM_DELAY - 1):
        scene.at(requested + early)
        refused(scene, s.rearm_slot_hash(ONE), "RearmTooEarly")
        refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.later(1).do(s.rearm_slot_hash(ONE))
    scene.later(1).do(s.rearm_slot_hash(TWO))
    assert (scene.request(ONE).requested_at, scene.request(ONE).rearmed) == (requested, True)


def test_one_short_outage_does_not_take_the_bond(at: At) -> None:
    """However long nobody captures within the hour, the request waits, and an operator who is back by then answers."""
    scene = at("requested")
    for _ in range(17):
        scene.pass_slots(521).later(208)
        refused(scene, s.rearm_slot_hash(ONE), "RearmTooEarly")
        refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.at(scene.market(ONE).requested_at + REARM_DELAY).do(s.rearm_slot_hash(ONE))
    scene.settled(scene.fulfilled(scene.captured(ONE)))


def test_a_request_is_rearmed_until_the_last_second(at: At) -> None:
    scene = at("lapsed")
    scene.at(scene.market(ONE).requested_at + RANDOMNESS_DEADLINE - 1)
    scene.do(s.rearm_slot_hash(ONE))
    scene.later(1)
    refused(scene, s.rearm_slot_hash(TWO), "RandomnessDeadlinePassed")


# SlotHashes


def test_the_target_is_captured_one_slot_after_it(at: At) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    scene.pass_slots(8)
    assert scene.slot == target
    refused(scene, s.capture_slot_hash(ONE), "SlotHashNotReady")
    refused(scene, s.rearm_slot_hash(ONE), "SlotHashNotLapsed")
    scene.pass_slots(1)
    assert scene.slot_hashes[0][0] == target
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).captured_slot == target


def test_the_target_is_captured_while_one_older_entry_is_kept(at: At) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    scene.pass_slots(8 + 511)
    assert scene.slot_hashes[-1][0] == target - 1
    refused(scene, s.rearm_slot_hash(ONE), "SlotHashNotLapsed")
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).slot_hash == bytes(slot_hash(target))
    scene.pass_slots(1)
    assert scene.slot_hashes[-1][0] == target
    refused(scene, s.capture_slot_hash(TWO), "SlotHashLapsed")
    refused(scene, s.rearm_slot_hash(TWO), "RearmTooEarly")
    scene.later(REARM_DELAY).do(s.rearm_slot_hash(TWO))


@pytest.mark.parametrize("missing", [1, 2, 7, 100])
def test_when_the_target_was_skipped_the_first_entry_after_it_counts(at: At, missing: int) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    skipped = range(target, target + missing)
    scene.pass_slots(8 + missing, skipped=skipped)
    refused(scene, s.capture_slot_hash(ONE), "SlotHashNotReady")
    scene.pass_slots(30)
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).captured_slot == target + missing
    assert scene.request(ONE).slot_hash == bytes(slot_hash(target + missing))


def test_skipped_slots_below_the_target_do_no_harm(at: At) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    scene.pass_slots(12, skipped=range(target - 5, target))
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).captured_slot == target


def test_with_skipped_slots_the_window_is_longer(at: At) -> None:
    """512 entries, not 512 slots: half of them skipped doubles the time."""
    scene = at("requested")
    target = scene.request(ONE).target_slot
    scene.pass_slots(1000, skipped=range(target + 1, target + 2000, 2))
    assert scene.slot_hashes[-1][0] < target
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).captured_slot == target


@pytest.mark.parametrize("at_index", [0, 1, 2, 255, 256, 257, 509, 510])
def test_the_target_is_found_anywhere_in_the_list(at: At, at_index: int) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    slots = [target + at_index - index for index in range(512)]
    scene.set_slot_hashes(slots[0] + 1, [(slot, slot_hash(slot)) for slot in slots])
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).captured_slot == target


@pytest.mark.parametrize("newer", [1, 2, 3, 100])
def test_a_short_list_is_read_to_its_end(at: At, newer: int) -> None:
    scene = at("requested")
    target = scene.request(ONE).target_slot
    slots = list(range(target + newer, target - 1, -1))
    scene.set_slot_hashes(target + newer + 1, [(slot, slot_hash(slot)) for slot in slots])
    refused(scene, s.capture_slot_hash(ONE), "SlotHashLapsed")
    slots.append(target - 9)
    scene.set_slot_hashes(target + newer + 1, [(slot, slot_hash(slot)) for slot in slots])
    scene.do(s.capture_slot_hash(ONE))
    assert scene.request(ONE).captured_slot == target


def test_an_empty_list_proves_nothing(at: At) -> None:
    scene = at("requested")
    scene.set_slot_hashes(scene.slot + 100, [])
    for call in (s.capture_slot_hash(ONE), s.rearm_slot_hash(ONE)):
        with pytest.raises(Refused, match="SlotHash"):
            scene.do(call)


def test_a_second_lapse_refunds(at: At) -> None:
    scene = at("lapsed")
    refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.do(s.rearm_slot_hash(ONE))
    refused(scene, s.rearm_slot_hash(ONE), "AlreadyRearmed")
    refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.pass_slots(600)
    refused(scene, s.rearm_slot_hash(ONE), "AlreadyRearmed")
    refused(scene, s.capture_slot_hash(ONE), "SlotHashLapsed")
    bond = scene.market(ONE).bond
    scene.do(s.expire_market(ONE))
    market = scene.market(ONE)
    assert (market.state, market.refund_reason) == (State.REFUNDING, Reason.HASH_LAPSED)
    assert market.liability == market.total_stake + bond


def test_one_lapse_alone_refunds_only_after_a_day(at: At) -> None:
    scene = at("lapsed")
    scene.at(scene.market(ONE).requested_at + RANDOMNESS_DEADLINE - 1)
    refused(scene, s.expire_market(ONE), "NotExpirable")
    scene.later(1).do(s.expire_market(ONE))
    assert scene.market(ONE).refund_reason == Reason.UNANSWERED


def test_a_captured_hash_does_not_lapse(at: At) -> None:
    scene = at("lapsed")
    scene.do(s.rearm_slot_hash(ONE))
    scene.captured(ONE)
    scene.pass_slots(2000)
    refused(scene, s.expire_market(ONE), "NotExpirable")
    for call in (s.capture_slot_hash(ONE), s.rearm_slot_hash(ONE)):
        with pytest.raises(Refused, match=r"AlreadyCaptured|SlotHashNotLapsed|AlreadyRearmed"):
            scene.do(call)
    scene.settled(scene.fulfilled(ONE))


def test_rearming_does_not_move_the_deadline(at: At) -> None:
    scene = at("lapsed")
    requested = scene.market(ONE).requested_at
    scene.at(requested + RANDOMNESS_DEADLINE - 5).do(s.rearm_slot_hash(ONE))
    scene.captured(ONE)
    proof = scene.proof(ONE)
    scene.at(requested + RANDOMNESS_DEADLINE)
    refused(scene, s.fulfill_vrf_randomness(ONE, proof), "RandomnessDeadlinePassed")
    scene.do(s.expire_market(ONE))


# Rotation in the middle of a market's life


def test_a_market_keeps_the_key_that_it_was_created_with(at: At) -> None:
    scene = at("active")
    second = s.Pubkey(s.public("second key"))
    scene.do(s.propose_authority(spec.Role.RANDOMNESS_KEY, second))
    scene.do(s.accept_authority(spec.Role.RANDOMNESS_KEY, second))
    assert scene.config.randomness_key == bytes(second)
    scene.captured(scene.requested(scene.scored(ONE)))
    refused(scene, s.fulfill_vrf_randomness(ONE, scene.proof(ONE, "second key")), "ProofMismatch")
    scene.settled(scene.fulfilled(ONE))


def test_a_market_keeps_its_bond_share(at: At) -> None:
    scene = at("scored")
    scene.do(s.set_randomness(0, 100_000))
    scene.requested(ONE)
    assert scene.market(ONE).bond == spec.share(scene.market(ONE).total_stake, 20_000)


def test_a_new_oracle_scores_old_markets(at: At) -> None:
    scene = at("closed")
    new = s.actor("new oracle")
    scene.do(s.propose_authority(spec.Role.ORACLE, new))
    scene.do(s.accept_authority(spec.Role.ORACLE, new))
    refused(scene, s.record_sentiment(ONE), "NotOracle")
    scene.do(s.record_sentiment(ONE, oracle=new))


def test_the_creation_fee_goes_to_the_treasury_of_the_day(at: At) -> None:
    scene = at("initialized")
    new = s.actor("new treasury")
    scene.do(s.propose_authority(spec.Role.TREASURY, new))
    scene.do(s.accept_authority(spec.Role.TREASURY, new))
    of = s.market("new")
    with pytest.raises(Refused):
        scene.do(s.create_market(of))
    scene.place(s.usdc_of(new), s.TokenAccount(s.USDC, new).account())
    scene.do(s.create_market(of).using(treasury_usdc=s.usdc_of(new)))
    assert scene.balance(s.usdc_of(new)) == spec.CREATE_FEE
