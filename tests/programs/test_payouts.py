"""Prizes, fees, refunds, and the end of a market: every effect of the six instructions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.programs import scene as s
from tests.programs import spec
from tests.programs.effects import effects
from tests.programs.scene import (
    BOND_VAULT,
    CONFIG,
    STAKERS,
    TREASURY,
    TREASURY_USDC,
    USDC,
    Scene,
    usdc_of,
)
from tests.programs.spec import Reason, State, fee_and_prize, share
from tests.programs.stages import ONE, STAKES, TWO
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused, actor

At = Callable[[str], Scene]
TOTAL = sum(STAKES[ONE])
FEE, PRIZE = fee_and_prize(TOTAL)
BOND_OF_ONE = share(TOTAL, 20_000)


def test_claim_prize(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    did = effects(scene, s.claim_prize(ONE, winner))
    assert did.tokens == {usdc_of(winner): PRIZE, ONE.escrow: -PRIZE}
    assert did.fields == {ONE.address: {"liability": FEE, "prize_paid": True}}
    assert did.event == (
        "PrizeClaimed", {"market": ONE.address, "winner": winner, "destination": usdc_of(winner), "amount": PRIZE},
    )  # fmt: skip
    assert not did.lamports
    with pytest.raises(Refused, match="AlreadyPaid"):
        scene.do(s.claim_prize(ONE, winner))


def test_collect_fee(at: At) -> None:
    scene = at("settled")
    did = effects(scene, s.collect_fee(ONE))
    assert did.tokens == {TREASURY_USDC: FEE, ONE.escrow: -FEE}
    assert did.fields == {ONE.address: {"liability": PRIZE, "fee_collected": True}}
    assert did.event == ("FeeCollected", {"market": ONE.address, "destination": TREASURY_USDC, "amount": FEE})
    with pytest.raises(Refused, match="AlreadyPaid"):
        scene.do(s.collect_fee(ONE))


@pytest.mark.parametrize("of", [ONE, TWO], ids=["one", "two"])
def test_fee_and_prize_are_the_pool(at: At, of: s.Market) -> None:
    settled = at("settled").market(of)
    total = sum(STAKES[of])
    assert settled.fee == total * 1000 // 10000
    assert settled.fee + settled.prize == total


def test_the_owner_who_signs_names_any_account_of_the_mint(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    elsewhere = actor("cold wallet")
    scene.place(elsewhere, TokenAccount(USDC, actor("custodian")).account())
    claim = s.claim_prize(ONE, winner).using(destination=elsewhere)
    with pytest.raises(Refused, match=r"NotAssociatedAccount|WrongTokenOwner"):
        scene.do(claim)
    assert effects(scene, claim.signed_by("winner")).tokens == {elsewhere: PRIZE, ONE.escrow: -PRIZE}
    fee = s.collect_fee(ONE).using(destination=elsewhere)
    with pytest.raises(Refused, match=r"NotAssociatedAccount|WrongTokenOwner"):
        scene.do(fee)
    assert effects(scene, fee.signed_by("treasury")).tokens == {elsewhere: FEE, ONE.escrow: -FEE}


def test_a_staker_who_signs_names_any_account_of_the_mint(at: At) -> None:
    scene = at("refunding")
    elsewhere = actor("cold wallet")
    scene.place(elsewhere, TokenAccount(USDC, actor("custodian")).account())
    call = s.recover_stake(ONE, STAKERS[0]).using(destination=elsewhere)
    with pytest.raises(Refused, match=r"NotAssociatedAccount|WrongTokenOwner"):
        scene.do(call)
    scene.do(call.signed_by("staker"))
    assert scene.balance(elsewhere) == STAKES[ONE][0] + share(STAKES[ONE][0], 20_000)


def test_an_associated_account_that_changed_hands_is_not_paid(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    scene.place(usdc_of(winner), TokenAccount(USDC, actor("stranger"), s.PURSE).account())
    scene.place(TREASURY_USDC, TokenAccount(USDC, actor("stranger"), s.PURSE).account())
    for call in (s.claim_prize(ONE, winner), s.collect_fee(ONE)):
        with pytest.raises(Refused, match="WrongTokenOwner"):
            scene.do(call)


def test_the_fee_goes_to_the_treasury_of_the_day(at: At) -> None:
    scene = at("settled")
    new = actor("new treasury")
    scene.do(s.propose_authority(spec.Role.TREASURY, new))
    scene.do(s.accept_authority(spec.Role.TREASURY, new))
    scene.place(usdc_of(new), TokenAccount(USDC, new).account())
    with pytest.raises(Refused, match="WrongRecipient"):
        scene.do(s.collect_fee(ONE))
    scene.do(s.collect_fee(ONE, new))
    assert scene.balance(usdc_of(new)) == FEE


def test_a_frozen_winner_blocks_nobody_else(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    frozen = TokenAccount(USDC, winner, s.PURSE).frozen()
    scene.place(usdc_of(winner), frozen.account())
    with pytest.raises(Refused, match="TokenAccountFrozen"):
        scene.do(s.claim_prize(ONE, winner))
    scene.do(s.collect_fee(ONE))
    scene.do(*(s.close_opinion(ONE, staker) for staker in STAKERS[:4]))
    with pytest.raises(Refused, match="LiabilitiesOutstanding"):
        scene.do(s.finish_market(ONE))
    elsewhere = actor("cold wallet")
    scene.place(elsewhere, TokenAccount(USDC, winner).account())
    scene.do(s.claim_prize(ONE, winner).using(destination=elsewhere).signed_by("winner"))
    scene.do(s.finish_market(ONE))
    assert scene.balance(elsewhere) == PRIZE


def test_a_frozen_treasury_blocks_nobody_else(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    scene.place(TREASURY_USDC, TokenAccount(USDC, TREASURY).frozen().account())
    with pytest.raises(Refused, match="TokenAccountFrozen"):
        scene.do(s.collect_fee(ONE))
    scene.do(s.claim_prize(ONE, winner))
    scene.do(*(s.close_opinion(ONE, staker) for staker in STAKERS[:4]))
    with pytest.raises(Refused, match="LiabilitiesOutstanding"):
        scene.do(s.finish_market(ONE))
    elsewhere = actor("cold wallet")
    scene.place(elsewhere, TokenAccount(USDC, TREASURY).account())
    scene.do(s.collect_fee(ONE).using(destination=elsewhere).signed_by("treasury"), s.finish_market(ONE))


def test_a_frozen_staker_blocks_no_refund_but_his(at: At) -> None:
    scene = at("refunding")
    scene.place(usdc_of(STAKERS[1]), TokenAccount(USDC, STAKERS[1]).frozen().account())
    with pytest.raises(Refused, match="TokenAccountFrozen"):
        scene.do(s.recover_stake(ONE, STAKERS[1]))
    for staker in (STAKERS[0], STAKERS[2], STAKERS[3]):
        scene.do(s.recover_stake(ONE, staker))


def test_recover_stake(at: At) -> None:
    scene = at("refunding")
    owed, start = TOTAL + BOND_OF_ONE, 0
    for staker, stake in zip(STAKERS, STAKES[ONE], strict=False):
        bond = share(start + stake, 20_000) - share(start, 20_000)
        owed -= stake + bond
        did = effects(scene, s.recover_stake(ONE, staker))
        assert did.tokens == {usdc_of(staker): stake + bond, ONE.escrow: -stake - bond}
        assert did.fields == {ONE.address: {"liability": owed}, ONE.opinion(staker): {"paid": True}}
        assert did.event == (
            "StakeRecovered",
            {
                "market": ONE.address, "staker": staker, "destination": usdc_of(staker), "stake": stake,
                "bond_share": bond,
            },
        )  # fmt: skip
        start += stake
        with pytest.raises(Refused, match="AlreadyPaid"):
            scene.do(s.recover_stake(ONE, staker))
    assert owed == 0


def test_a_stake_is_refunded_once_in_one_transaction_too(at: At) -> None:
    scene = at("refunding")
    call = s.recover_stake(ONE, STAKERS[0])
    with pytest.raises(Refused, match="AlreadyPaid"):
        scene.do(call, call)
    with pytest.raises(Refused, match="AlreadyPaid"):
        scene.do(call, call.signed_by("staker"))


def test_a_prize_and_a_fee_are_paid_once_in_one_transaction_too(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    for call in (s.claim_prize(ONE, winner), s.collect_fee(ONE)):
        with pytest.raises(Refused, match="AlreadyPaid"):
            scene.do(call, call)


def test_expiry_of_an_unanswered_request_moves_the_bond(at: At) -> None:
    scene = at("requested").later(spec.RANDOMNESS_DEADLINE)
    locked = scene.config.bond_locked
    did = effects(scene, s.expire_market(ONE))
    assert did.tokens == {BOND_VAULT: -BOND_OF_ONE, ONE.escrow: BOND_OF_ONE}
    assert did.fields == {
        ONE.address: {
            "state": State.REFUNDING, "refund_reason": Reason.UNANSWERED, "liability": TOTAL + BOND_OF_ONE,
        },
        CONFIG: {"bond_locked": locked - BOND_OF_ONE},
    }  # fmt: skip
    assert did.event == (
        "MarketRefunding", {"market": ONE.address, "reason": Reason.UNANSWERED, "bond": BOND_OF_ONE},
    )  # fmt: skip
    assert not did.lamports


REASONS = {
    "no stake, still active": ("opened", State.ACTIVE, spec.DAY, Reason.NO_STAKE),
    "not requested, still active": ("active", State.ACTIVE, spec.DAY + spec.REQUEST_DEADLINE, Reason.NOT_REQUESTED),
    "not requested, closed": ("closed", State.CLOSED, spec.REQUEST_DEADLINE, Reason.NOT_REQUESTED),
    "not requested, scored": ("scored", State.SCORED, spec.REQUEST_DEADLINE, Reason.NOT_REQUESTED),
}


@pytest.mark.parametrize(("stage", "state", "seconds", "reason"), REASONS.values(), ids=REASONS.keys())
def test_expiry_before_a_request_refunds_without_a_bond(
    at: At, stage: str, state: State, seconds: int, reason: Reason
) -> None:
    scene = at(stage)
    assert scene.state(ONE) is state
    with pytest.raises(Refused, match="NotExpirable"):
        scene.later(seconds - 1).do(s.expire_market(ONE))
    did = effects(scene.later(1), s.expire_market(ONE))
    assert did.fields == {ONE.address: {"state": State.REFUNDING, "refund_reason": reason}}
    assert did.event == ("MarketRefunding", {"market": ONE.address, "reason": reason, "bond": 0})
    assert not did.tokens


def test_a_single_staker_gets_all_back(at: At) -> None:
    scene = at("initialized")
    of = scene.opened(s.market("lonely"), (777_777,))
    scene.at(scene.market(of).closes_at - 1)
    with pytest.raises(Refused, match="NotExpirable"):
        scene.do(s.expire_market(of))
    scene.later(1).do(s.expire_market(of))
    assert scene.market(of).refund_reason == Reason.ONE_STAKER
    did = effects(scene, s.recover_stake(of, STAKERS[0]))
    assert did.tokens == {usdc_of(STAKERS[0]): 777_777, of.escrow: -777_777}
    scene.do(s.close_opinion(of, STAKERS[0]), s.finish_market(of))


@pytest.mark.parametrize("stage", ["closed", "scored"])
def test_one_staker_never_reaches_a_draw(at: At, stage: str) -> None:
    scene = at("initialized")
    of = scene.opened(s.market("lonely"), (777_777,))
    scene.at(scene.market(of).closes_at).do(s.close_market(of))
    if stage == "scored":
        scene.do(s.record_sentiment(of))
        with pytest.raises(Refused, match="TooFewStakers"):
            scene.do(s.request_vrf_randomness(of))
    scene.do(s.expire_market(of))
    assert scene.market(of).refund_reason == Reason.ONE_STAKER


@pytest.mark.parametrize("stage", ["active", "expired", "closed", "scored"])
def test_a_key_revoked_before_the_request_refunds_at_once(at: At, stage: str) -> None:
    scene = at(stage)
    scene.do(s.revoke_randomness_key(ONE.key))
    if stage == "scored":
        with pytest.raises(Refused, match="RandomnessKeyRevoked"):
            scene.do(s.request_vrf_randomness(ONE))
    scene.do(s.expire_market(ONE))
    assert scene.market(ONE).refund_reason == Reason.KEY_REVOKED
    scene.do(*(s.recover_stake(ONE, staker) for staker in STAKERS[:4]))
    assert scene.balance(ONE.escrow) == 0


@pytest.mark.parametrize("stage", ["requested", "captured"])
def test_a_key_revoked_after_the_request_changes_nothing(at: At, stage: str) -> None:
    scene = at(stage)
    scene.do(s.revoke_randomness_key(ONE.key))
    with pytest.raises(Refused, match="NotExpirable"):
        scene.do(s.expire_market(ONE))
    if stage == "requested":
        scene.captured(ONE)
    scene.settled(scene.fulfilled(ONE))
