"""The end of a market: opinions closed, the receipt, and what can never happen afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from solders.account import Account
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from tests.programs import idl, spec
from tests.programs import scene as s
from tests.programs.effects import effects
from tests.programs.scene import (
    BOND_VAULT,
    CRANK,
    CREATOR,
    STAKERS,
    TREASURY,
    TREASURY_USDC,
    USDC,
    Scene,
    usdc_of,
)
from tests.programs.spec import fee_and_prize, share
from tests.programs.stages import BOND, ONE, STAKES
from tests.programs.tokens import TokenAccount
from tests.programs.world import Refused, actor

At = Callable[[str], Scene]
TOTAL = sum(STAKES[ONE])
FEE, PRIZE = fee_and_prize(TOTAL)
BOND_OF_ONE = share(TOTAL, 20_000)


@pytest.mark.parametrize("stage", ["paid", "recovered"])
def test_close_opinion(at: At, stage: str) -> None:
    scene = at(stage)
    for left, staker in zip((3, 2, 1, 0), STAKERS, strict=False):
        opinion = ONE.opinion(staker)
        rent = scene.lamports(opinion)
        did = effects(scene, s.close_opinion(ONE, staker))
        assert did.lamports == {opinion: -rent, staker: rent}
        assert did.gone == {opinion}
        assert did.fields == {ONE.address: {"open_opinions": left}}
        assert did.event == ("OpinionClosed", {"market": ONE.address, "staker": staker})


def test_an_opinion_of_a_settled_market_closes_before_the_prize_is_claimed(at: At) -> None:
    scene = at("settled")
    winner = scene.market(ONE).winner
    scene.do(*(s.close_opinion(ONE, staker) for staker in STAKERS[:4]))
    scene.do(s.claim_prize(ONE, winner))
    assert scene.market(ONE).prize_paid


COPIED = [
    "uuid", "creator", "created_at", "closes_at", "staker_count", "total_stake", "score", "confidence", "summary_hash",
    "statement_hash", "randomness_provider", "randomness_key", "bond", "fee", "prize", "winner", "winner_start",
    "winner_stake",
    "draw", "settled_at", "state", "bump", "refund_reason",
]  # fmt: skip


@pytest.mark.parametrize("stage", ["paid, opinions closed", "recovered, opinions closed"])
@pytest.mark.parametrize("donation", [0, 1, 10**9])
def test_finish_market(at: At, stage: str, donation: int) -> None:
    scene = at(stage).later(7)
    scene.place(ONE.escrow, TokenAccount(USDC, ONE.address, donation).account(scene.lamports(ONE.escrow)))
    market, request = scene.market(ONE), scene.request(ONE)
    held = {address: scene.lamports(address) for address in (ONE.address, ONE.escrow, ONE.vrf_request)}
    did = effects(scene, s.finish_market(ONE))
    spare = held[ONE.address] - scene.rent(467)
    lamports = {
        ONE.address: -spare, ONE.escrow: -held[ONE.escrow], ONE.vrf_request: -held[ONE.vrf_request],
        CRANK: held[ONE.vrf_request], CREATOR: held[ONE.escrow] + spare,
    }  # fmt: skip
    assert did.lamports == {address: delta for address, delta in lamports.items() if delta}
    assert did.gone == {ONE.escrow, ONE.vrf_request}
    assert did.tokens == ({BOND_VAULT: donation, ONE.escrow: -donation} if donation else {})
    assert did.event == ("MarketFinished", {"market": ONE.address, "swept": donation})
    receipt = scene.receipt(ONE)
    expected = {name: getattr(market, name) for name in COPIED}
    expected |= {name: getattr(request, name) for name in ("captured_slot", "slot_hash", "proof", "output")}
    expected |= {"version": 1, "finished_at": scene.now, "rest": b""}
    assert vars(receipt) == expected
    assert len(scene.data(ONE.address)) == 467


def test_a_long_market_gives_back_what_its_receipt_does_not_need(at: At) -> None:
    scene = at("initialized")
    of = scene.opened(s.market("long", statement="x" * 280))
    scene.at(scene.market(of).closes_at).do(s.expire_market(of))
    held = scene.lamports(of.address), scene.lamports(of.escrow)
    did = effects(scene, s.finish_market(of))
    assert held[0] == scene.rent(594)
    assert did.lamports[CREATOR] == held[0] - scene.rent(467) + held[1]
    assert scene.lamports(of.address) == scene.rent(467)
    assert len(scene.data(of.address)) == 467


def test_lamports_given_to_a_market_go_to_its_creator(at: At) -> None:
    scene = at("paid, opinions closed")
    found = scene.account(ONE.address)
    assert found is not None
    scene.place(ONE.address, Account(found.lamports + 12_345, found.data, found.owner))
    did = effects(scene, s.finish_market(ONE))
    assert did.lamports[ONE.address] == -12_345


@pytest.mark.parametrize("payer", [actor("stranger"), actor("nobody"), CREATOR, TREASURY_USDC])
def test_without_a_request_the_vrf_payer_is_not_looked_at(at: At, payer: Pubkey) -> None:
    scene = at("opened")
    scene.at(scene.market(ONE).closes_at).do(s.expire_market(ONE))
    scene.do(s.finish_market(ONE).using(vrf_payer=payer))
    receipt = scene.receipt(ONE)
    assert (receipt.captured_slot, receipt.slot_hash, receipt.proof, receipt.output) == (
        0,
        bytes(32),
        bytes(80),
        bytes(64),
    )


def test_the_creator_may_have_paid_the_request(at: At) -> None:
    scene = at("scored")
    of = replace(ONE, payer=CREATOR)
    winner = scene.settled(scene.fulfilled(scene.captured(scene.requested(of))))
    scene.do(s.claim_prize(of, winner), s.collect_fee(of), *(s.close_opinion(of, staker) for staker in STAKERS[:4]))
    held = sum(scene.lamports(address) for address in (of.address, of.escrow, of.vrf_request))
    assert effects(scene, s.finish_market(of)).lamports[CREATOR] == held - scene.rent(467)


@pytest.mark.parametrize("donation", [0, 7])
def test_a_creator_whose_key_became_a_program_blocks_nothing(at: At, donation: int) -> None:
    """The runtime shows a caller no change of an executable account, so nothing may be credited to it in a CPI."""
    scene = at("paid, opinions closed")
    scene.place(ONE.escrow, TokenAccount(USDC, ONE.address, donation).account(scene.lamports(ONE.escrow)))
    program = (2).to_bytes(4, "little") + bytes(s.PROGRAM_DATA)
    scene.place(CREATOR, Account(1_141_440, program, spec.UPGRADEABLE_LOADER, executable=True))
    held = scene.lamports(ONE.address) + scene.lamports(ONE.escrow)
    did = effects(scene, s.finish_market(ONE))
    assert did.lamports[CREATOR] == held - scene.rent(467)
    assert did.gone == {ONE.escrow, ONE.vrf_request}
    assert scene.receipt(ONE).creator == CREATOR


def test_a_donation_to_the_escrow_is_never_paid_out(at: At) -> None:
    scene = at("refunding")
    gift = 5_000_000
    scene.place(
        ONE.escrow, TokenAccount(USDC, ONE.address, TOTAL + BOND_OF_ONE + gift).account(scene.lamports(ONE.escrow))
    )
    for staker in STAKERS[:4]:
        scene.do(s.recover_stake(ONE, staker))
    assert scene.balance(ONE.escrow) == gift
    scene.do(*(s.close_opinion(ONE, staker) for staker in STAKERS[:4]))
    before = scene.balance(BOND_VAULT)
    scene.do(s.finish_market(ONE))
    assert scene.balance(BOND_VAULT) == before + gift


def test_an_unclaimed_prize_is_never_swept(at: At) -> None:
    scene = at("settled")
    scene.do(s.collect_fee(ONE), *(s.close_opinion(ONE, staker) for staker in STAKERS[:4]))
    for _ in range(3):
        scene.later(10 * 365 * spec.DAY)
        with pytest.raises(Refused, match="LiabilitiesOutstanding"):
            scene.do(s.finish_market(ONE))
    scene.do(s.claim_prize(ONE, scene.market(ONE).winner))


# After the end


def test_a_finished_uuid_never_lives_again(at: At) -> None:
    scene = at("finished")
    with pytest.raises(Refused, match="AlreadyInitialized"):
        scene.do(s.create_market(ONE))
    assert scene.receipt(ONE).uuid == ONE.uuid


def test_a_receipt_is_no_market(at: At) -> None:
    scene = at("finished")
    calls = [
        s.stake_opinion(ONE, STAKERS[6]), s.close_market(ONE), s.record_sentiment(ONE), s.request_vrf_randomness(ONE),
        s.capture_slot_hash(ONE), s.rearm_slot_hash(ONE), s.fulfill_vrf_randomness(ONE, bytes(80)),
        s.expire_market(ONE),
        s.claim_prize(ONE, STAKERS[0]), s.collect_fee(ONE), s.finish_market(ONE),
        s.close_opinion(ONE, STAKERS[0]), s.recover_stake(ONE, STAKERS[0]), s.run_lottery_with_vrf(ONE, STAKERS[0]),
    ]  # fmt: skip
    before = scene.data(ONE.address)
    for call in calls:
        with pytest.raises(Refused) as refused:
            scene.do(call)
        assert refused.value.code in idl.load().errors, call.name
    assert scene.data(ONE.address) == before


def test_a_closed_opinion_is_not_revived_in_the_same_transaction(at: At) -> None:
    """Lamports sent back to a closed Opinion inside the transaction leave an empty system account, not an Opinion."""
    scene = at("recovered")
    staker = STAKERS[0]
    opinion = ONE.opinion(staker)
    gift = transfer(TransferParams(from_pubkey=CRANK, to_pubkey=opinion, lamports=10**7))
    scene.send(s.close_opinion(ONE, staker).instruction(), gift)
    left = scene.account(opinion)
    assert left is not None
    assert (left.owner, left.data) == (spec.SYSTEM_PROGRAM, b"")
    with pytest.raises(Refused, match="WrongAccountOwner"):
        scene.do(s.recover_stake(ONE, staker))
    with pytest.raises(Refused, match="WrongAccountOwner"):
        scene.do(s.close_opinion(ONE, staker))


def test_a_closed_opinion_pays_nothing_in_the_same_transaction(at: At) -> None:
    scene = at("refunding")
    staker = STAKERS[0]
    opinion = ONE.opinion(staker)
    gift = transfer(TransferParams(from_pubkey=CRANK, to_pubkey=opinion, lamports=10**7))
    calls = [s.recover_stake(ONE, staker), s.close_opinion(ONE, staker)]
    with pytest.raises(Refused):
        scene.send(*(call.instruction() for call in calls), gift, s.recover_stake(ONE, staker).instruction())
    with pytest.raises(Refused):
        scene.do(*calls, s.close_opinion(ONE, staker))


def test_a_finished_market_leaves_no_revived_escrow_or_request(at: At) -> None:
    scene = at("paid, opinions closed")
    gifts = [
        transfer(TransferParams(from_pubkey=CRANK, to_pubkey=address, lamports=10**7))
        for address in (ONE.vrf_request, ONE.escrow)
    ]
    scene.send(s.finish_market(ONE).instruction(), *gifts)
    for address in (ONE.vrf_request, ONE.escrow):
        left = scene.account(address)
        assert left is not None
        assert (left.owner, left.data) == (spec.SYSTEM_PROGRAM, b"")
    with pytest.raises(Refused):
        scene.do(s.finish_market(ONE))


def test_after_refunding_nothing_draws(at: At) -> None:
    scene = at("captured")
    proof = scene.proof(ONE)
    scene.later(spec.RANDOMNESS_DEADLINE).do(s.expire_market(ONE))
    calls = [
        s.fulfill_vrf_randomness(ONE, proof), s.run_lottery_with_vrf(ONE, STAKERS[0]), s.claim_prize(ONE, STAKERS[0]),
        s.collect_fee(ONE), s.expire_market(ONE), s.request_vrf_randomness(ONE), s.record_sentiment(ONE),
        s.close_market(ONE),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(Refused) as refused:
            scene.do(call)
        assert refused.value.code in idl.load().errors, call.name


def test_after_verified_randomness_only_settlement_is_possible(at: At) -> None:
    scene = at("fulfilled")
    scene.do(s.revoke_randomness_key(ONE.key))
    for days in (0, 1, 14, 365):
        scene.later(days * spec.DAY)
        with pytest.raises(Refused, match="RandomnessVerified"):
            scene.do(s.expire_market(ONE))
    scene.settled(ONE)
    with pytest.raises(Refused, match="WrongMarketState"):
        scene.do(s.expire_market(ONE))
    with pytest.raises(Refused, match="WrongMarketState"):
        scene.do(s.recover_stake(ONE, STAKERS[0]))


def test_every_lamport_comes_back(at: At) -> None:
    """Through a whole life only the receipt's rent and the transaction fees are gone."""
    scene = at("initialized")
    of = s.market("whole life", statement="y" * 200)
    cast = (CREATOR, CRANK, *STAKERS)
    before = {one: scene.lamports(one) for one in cast}
    scene.opened(of, (1_000_000, 2_000_000))
    winner = scene.settled(scene.fulfilled(scene.captured(scene.requested(scene.scored(of)))))
    scene.do(s.claim_prize(of, winner), s.collect_fee(of), *(s.close_opinion(of, one) for one in STAKERS[:2]))
    scene.do(s.finish_market(of))
    spent = {one: before[one] - scene.lamports(one) for one in cast}
    assert spent == {**dict.fromkeys(cast, 0), CREATOR: scene.rent(467)}


def test_every_unit_is_accounted_for(at: At) -> None:
    scene = at("initialized")
    of = s.market("whole life")
    holders = [usdc_of(one) for one in (CREATOR, TREASURY, *STAKERS)] + [BOND_VAULT]
    before = {one: scene.balance(one) for one in holders}
    scene.opened(of, (1_000_001, 2_000_002, 3_000_003))
    winner = scene.settled(scene.fulfilled(scene.captured(scene.requested(scene.scored(of)))))
    scene.do(s.claim_prize(of, winner), s.collect_fee(of), *(s.close_opinion(of, one) for one in STAKERS[:3]))
    scene.do(s.finish_market(of))
    fee, prize = fee_and_prize(6_000_006)
    expected = dict.fromkeys(holders, 0)
    expected[usdc_of(CREATOR)] -= spec.CREATE_FEE
    expected[TREASURY_USDC] += spec.CREATE_FEE + fee
    for staker, stake in zip(STAKERS, (1_000_001, 2_000_002, 3_000_003), strict=False):
        expected[usdc_of(staker)] -= stake
    expected[usdc_of(winner)] += prize
    assert {one: scene.balance(one) - before[one] for one in holders} == expected
    assert scene.balance(BOND_VAULT) == BOND
