"""Verification: an honest market holds, and each number that is bent is found out by name."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chain import addresses, draw, events
from chain.accounts import Market, MarketReceipt, Opinion, VrfRequest
from chain.checks import Check, Result, Verification
from chain.constants import (
    ORAO_DISCRIMINATOR,
    ORAO_PROGRAM_ID,
    MarketState,
    RandomnessProvider,
    RefundReason,
    RequestStatus,
)
from chain.ecvrf import SecretKey, proof_to_output
from chain.evidence import Evidence
from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits
from chain.verify import verify_market

KEY = SecretKey(bytes(range(32)))
UUID = bytes(range(16))
ADDRESS = addresses.market(UUID)
STATEMENT = "It rains."
STAKES = [500_000, 10_000_000, 2_345_678]
STAKERS = [Pubkey(bytes([n]) * 32) for n in (1, 2, 3)]
NOBODY = Pubkey.default()
BPS = BasisPoints(10_000)


def opinions(stakes: list[int]) -> tuple[Opinion, ...]:
    """One behind the other."""
    starts = [sum(stakes[:n]) for n in range(len(stakes))]
    return tuple(
        Opinion(1, 0, False, ADDRESS, who, UsdcUnits(start), UsdcUnits(stake), UnixTime(1), bytes(32), "a")
        for who, start, stake in zip(STAKERS, starts, stakes, strict=False)
    )


def market(**changes: Any) -> Market:
    """A refunding or settled market's plain part."""
    values: dict[str, Any] = dict.fromkeys(Market.__dataclass_fields__, 0) | {
        "version": 1,
        "uuid": UUID,
        "creator": NOBODY,
        "staker_count": len(STAKES),
        "open_opinions": len(STAKES),
        "total_stake": sum(STAKES),
        "summary_hash": bytes(32),
        "statement_hash": sha256(STATEMENT.encode()).digest(),
        "randomness_provider": RandomnessProvider.ECVRF,
        "randomness_key": KEY.public,
        "bond_share_bps": BPS,
        "winner": NOBODY,
        "refund_reason": RefundReason.NONE,
        "prize_paid": False,
        "fee_collected": False,
        "statement": STATEMENT,
    }
    return Market(**(values | changes))


def request(provider: RandomnessProvider = RandomnessProvider.ECVRF, output: bytes = bytes(64)) -> VrfRequest:
    """A fulfilled request of that market."""
    slot_hash = bytes([9]) * 32
    alpha = draw.alpha(market=ADDRESS, total_stake=UsdcUnits(sum(STAKES)), staker_count=3, slot_hash=slot_hash)
    proof = KEY.prove(alpha) if provider is RandomnessProvider.ECVRF else bytes(80)
    return VrfRequest(
        version=1,
        status=RequestStatus.FULFILLED,
        bump=0,
        rearmed=False,
        market=ADDRESS,
        payer=NOBODY,
        requested_at=UnixTime(5),
        requested_slot=Slot(1),
        target_slot=Slot(9),
        first_target_slot=Slot(9),
        captured_slot=Slot(10),
        slot_hash=slot_hash,
        captured_at=UnixTime(6),
        alpha=alpha,
        proof=proof,
        output=proof_to_output(proof) if provider is RandomnessProvider.ECVRF else output,
        fulfilled_at=UnixTime(7),
    )


def settled(vrf: VrfRequest | None = None, **changes: Any) -> Evidence:
    """An honest settled market, nothing paid yet, no history."""
    vrf = vrf or request()
    total = UsdcUnits(sum(STAKES))
    r = draw.draw(vrf.output, total)
    winner = next(opinion for opinion in opinions(STAKES) if opinion.covers(r))
    values: dict[str, Any] = {
        "state": MarketState.SETTLED,
        "liability": total,
        "fee": draw.fee(total),
        "prize": draw.prize(total),
        "winner": winner.staker,
        "winner_start": winner.start,
        "winner_stake": winner.stake,
        "draw": r,
        "settled_at": 8,
        "bond": total,
    }
    return Evidence(
        address=ADDRESS, market=market(**(values | changes)), request=vrf, opinions=opinions(STAKES), escrow=total
    )


def receipt(evidence: Evidence) -> Evidence:
    """The same market after it was finished."""
    whole, vrf = evidence.market, evidence.request
    assert vrf is not None
    kept = {name: getattr(whole, name, 0) for name in MarketReceipt.__dataclass_fields__}
    from_request = {name: getattr(vrf, name) for name in ("captured_slot", "slot_hash", "proof", "output")}
    finished = MarketReceipt(**(kept | from_request | {"finished_at": 9}))
    return replace(evidence, market=finished, request=None, opinions=(), escrow=None)


def history(evidence: Evidence) -> tuple[events.Event, ...]:
    """What the market's transactions logged."""
    m, vrf = evidence.market, evidence.request
    assert vrf is not None
    staked = [
        events.OpinionStakedEvent(ADDRESS, o.staker, o.start, o.stake, n, UsdcUnits(o.start + o.stake))
        for n, o in enumerate(evidence.opinions, 1)
    ]
    return (
        events.MarketCreatedEvent(ADDRESS, m.creator, m.closes_at, m.statement_hash),
        *staked,
        events.VrfRandomnessRequestedEvent(ADDRESS, vrf.target_slot, m.bond),
        events.SlotHashCapturedEvent(ADDRESS, vrf.captured_slot, vrf.slot_hash, vrf.alpha),
        events.VrfRandomnessFulfilledEvent(ADDRESS, vrf.output),
        events.LotterySettledEvent(ADDRESS, m.winner, UsdcUnits(m.draw), m.prize, m.fee),
        events.PrizeClaimedEvent(ADDRESS, m.winner, NOBODY, m.prize),
        events.FeeCollectedEvent(ADDRESS, NOBODY, m.fee),
    )


def failed(evidence: Evidence) -> set[str]:
    """The names of the checks that failed."""
    return {check.name for check in verify_market(evidence).with_result(Result.FAILED)}


def open_checks(evidence: Evidence) -> set[str]:
    """The names of the checks that could not be made."""
    return {check.name for check in verify_market(evidence).with_result(Result.NOT_CHECKABLE)}


def test_an_honest_market_holds_at_every_age() -> None:
    fresh = settled()
    assert (failed(fresh), open_checks(fresh)) == (set(), {"history", "slot hash", "output"})
    paid = replace(
        settled(liability=0, prize_paid=True, fee_collected=True),
        events=history(fresh),
        history_complete=True,
        escrow=UsdcUnits(0),
    )
    assert (failed(paid), open_checks(paid)) == (set(), set())
    assert (failed(receipt(paid)), open_checks(receipt(paid))) == (set(), set())
    bare = replace(receipt(fresh), events=())
    assert failed(bare) == set()
    gone = {"statement", "history", "opinions", "request", "slot hash", "output", "winner's stake", "prize", "fee"}
    assert open_checks(bare) == gone
    assert verify_market(bare).ok


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"draw": 1_234_567_890}, {"draw", "winner"}),
        ({"fee": 1}, {"fee and prize", "escrow"}),
        ({"prize": 1}, {"fee and prize", "escrow"}),
        ({"winner": Pubkey(bytes([7]) * 32)}, {"winner's stake"}),
        ({"winner_start": 1}, {"winner's stake"}),
        ({"statement": "It snows."}, {"statement"}),
        ({"total_stake": sum(STAKES) + 1}, {"opinions", "alpha", "proof", "fee and prize"}),
        ({"staker_count": 2}, {"opinions", "alpha", "proof"}),
        ({"randomness_key": SecretKey(bytes(32)).public}, {"proof"}),
        ({"randomness_key": bytes(32)}, {"proof"}),
        ({"uuid": bytes(16)}, {"address"}),
        ({"liability": 1}, {"escrow"}),
    ],
)
def test_a_bent_market_is_found_out(changes: dict[str, Any], names: set[str]) -> None:
    assert names <= failed(settled(**changes))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"proof": bytes(80)}, {"proof"}),
        ({"output": bytes(64)}, {"proof"}),
        ({"alpha": bytes(32)}, {"alpha"}),
        ({"slot_hash": bytes([8]) * 32}, {"alpha", "proof"}),
        ({"slot_hash": bytes(32)}, {"randomness"}),
        ({"captured_slot": Slot(8)}, {"slot hash"}),
    ],
)
def test_a_bent_request_is_found_out(changes: dict[str, Any], names: set[str]) -> None:
    honest = settled()
    assert honest.request is not None
    assert names <= failed(replace(honest, request=replace(honest.request, **changes)))


def test_gaps_overlaps_and_strangers_among_the_opinions_are_found_out() -> None:
    honest = settled()
    first, second, third = honest.opinions
    for bent in [
        (first, replace(second, start=UsdcUnits(second.start + 1)), third),
        (first, replace(second, stake=UsdcUnits(second.stake - 1)), third),
        (first, second, replace(third, stake=UsdcUnits(third.stake + 1))),
    ]:
        assert "opinions" in failed(replace(honest, opinions=bent))
    assert "opinions" in open_checks(replace(honest, opinions=(first, second)))


def test_a_bent_history_is_found_out() -> None:
    honest = settled(liability=0, prize_paid=True, fee_collected=True)
    true = history(honest)
    whole = replace(honest, events=true, history_complete=True)
    prize, fee = true[-2:]
    assert "prize" in failed(replace(whole, events=(*true, prize)))
    assert "fee" in failed(replace(whole, events=(*true, fee)))
    assert "prize" in failed(replace(whole, events=(*true[:-2], replace(prize, amount=UsdcUnits(1)), fee)))  # type: ignore[call-arg]
    assert {"prize", "fee"} <= failed(replace(whole, events=true[:-2]))
    assert "statement" in failed(replace(whole, events=(replace(true[0], statement_hash=bytes(32)), *true[1:])))  # type: ignore[call-arg]


def test_an_escrow_that_holds_too_little_is_found_out() -> None:
    assert "escrow" in failed(replace(settled(), escrow=UsdcUnits(sum(STAKES) - 1)))
    assert "escrow" not in failed(replace(settled(), escrow=UsdcUnits(sum(STAKES) + 1)))
    assert "escrow" in failed(replace(settled(), escrow=None))


def orao(evidence: Evidence) -> bytes:
    """A fulfilled RandomnessV2 account."""
    vrf = evidence.request
    assert vrf is not None
    return ORAO_DISCRIMINATOR + b"\1" + bytes(32) + vrf.alpha + vrf.output


def test_the_external_providers_account_is_read() -> None:
    vrf = request(RandomnessProvider.ORAO, output=bytes(range(64)))
    honest = settled(vrf, randomness_provider=RandomnessProvider.ORAO, randomness_key=bytes(32))
    good = orao(honest)
    assert verify_market(replace(honest, external=(ORAO_PROGRAM_ID, good))).ok
    assert "proof" in open_checks(honest)
    assert "proof" in failed(replace(honest, external=(NOBODY, good)))
    for at in (0, 8, 41, 73, 136):
        bent = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        assert "proof" in failed(replace(honest, external=(ORAO_PROGRAM_ID, bent))), at


def refunding(reason: RefundReason, stakes: list[int], *, bond: int = 0, **changes: Any) -> Evidence:
    """A refunding market nobody was paid from yet."""
    values: dict[str, Any] = {
        "state": MarketState.REFUNDING,
        "refund_reason": reason,
        "staker_count": len(stakes),
        "total_stake": sum(stakes),
        "bond": bond,
        "requested_at": 5 if bond else 0,
        "liability": sum(stakes) + bond,
    }
    return Evidence(
        address=ADDRESS,
        market=market(**(values | changes)),
        opinions=opinions(stakes),
        escrow=UsdcUnits(sum(stakes) + bond),
    )


@pytest.mark.parametrize(
    ("reason", "stakes", "bond"),
    [
        (RefundReason.NO_STAKE, [], 0),
        (RefundReason.ONE_STAKER, [500_000], 0),
        (RefundReason.NOT_REQUESTED, STAKES, 0),
        (RefundReason.KEY_REVOKED, STAKES, 0),
        (RefundReason.UNANSWERED, STAKES, sum(STAKES)),
        (RefundReason.HASH_LAPSED, STAKES, sum(STAKES)),
    ],
)
def test_refunds_for_each_reason_hold(reason: RefundReason, stakes: list[int], bond: int) -> None:
    assert failed(refunding(reason, stakes, bond=bond)) == set()
    assert "reason" in failed(refunding(reason, [*stakes, 600_000, 600_000][:2], bond=7 if not bond else 0))


def test_refunds_are_checked_one_by_one() -> None:
    start = refunding(RefundReason.UNANSWERED, STAKES, bond=sum(STAKES))
    paid = tuple(
        events.StakeRecoveredEvent(ADDRESS, o.staker, NOBODY, o.stake, draw.bond_share(o.start, o.stake, BPS))
        for o in start.opinions
    )
    done = replace(
        start,
        market=replace(start.market, liability=UsdcUnits(0)),  # type: ignore[call-arg]
        opinions=tuple(replace(o, paid=True) for o in start.opinions),
        events=paid,
        escrow=UsdcUnits(0),
    )
    assert (failed(done), open_checks(done)) == (set(), {"history", "refunding", "request"})
    assert "refunds" in failed(replace(done, events=(*paid, paid[0])))
    assert "refunds" in failed(replace(done, events=(replace(paid[0], stake=UsdcUnits(1)), *paid[1:])))
    assert "refunds" in open_checks(replace(done, events=()))
    assert "no draw" in failed(replace(done, market=replace(done.market, prize=UsdcUnits(5))))  # type: ignore[call-arg]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_bytes_that_decode_are_judged_and_never_raise(data: st.DataObject) -> None:
    honest = settled()
    name = data.draw(
        st.sampled_from(["draw", "winner_start", "winner_stake", "fee", "prize", "total_stake", "bond", "liability"])
    )
    bent = replace(honest.market, **{name: data.draw(st.integers(0, 2**64 - 1))})
    for evidence in (replace(honest, market=bent), receipt(replace(honest, market=bent))):
        verification = verify_market(evidence)
        assert all(check.words.endswith(".") and "\n" not in check.words for check in verification.checks)


def test_the_summary_counts() -> None:
    checks = tuple(
        Check(name, result, "x")
        for name, result in [("a", Result.OK), ("b", Result.FAILED), ("c", Result.NOT_CHECKABLE)]
    )
    assert Verification(checks[:1]).summary() == "1 checks hold."
    assert (
        Verification(checks).summary() == "1 of 3 checks failed (b), 1 could not be made from what the chain still has."
    )
    assert not Verification(checks).ok
    undecided = Verification((checks[0], replace(checks[2], decisive=True)))
    assert not undecided.ok
    assert undecided.summary().endswith("without one of them the outcome is not verified: c.")
