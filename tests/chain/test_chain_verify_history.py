"""Verification against a market's events: what the protocol forbids fails by name when the events are at hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from solders.pubkey import Pubkey
from test_chain_verify import (
    ADDRESS,
    BPS,
    NOBODY,
    STAKERS,
    STAKES,
    failed,
    history,
    open_checks,
    orao,
    receipt,
    refunding,
    request,
    settled,
)

from chain import draw, events
from chain.accounts import Market, MarketReceipt
from chain.checks import Result
from chain.constants import ORAO_PROGRAM_ID, MarketState, RandomnessProvider, RefundReason
from chain.errors import MarketUnfinished
from chain.evidence import Evidence
from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits
from chain.verify import verify_market

TOTAL = UsdcUnits(sum(STAKES))
REARMED = events.SlotHashRearmedEvent(ADDRESS, Slot(10))
OUTPUT = bytes(range(64))


def paid() -> Evidence:
    """A settled and paid market with its whole history."""
    fresh = settled()
    done = settled(liability=0, prize_paid=True, fee_collected=True)
    return replace(done, events=history(fresh), history_complete=True, escrow=UsdcUnits(0))


def changed(evidence: Evidence, kind: type[events.Event], **changes: Any) -> Evidence:
    """The same history with one kind of event bent."""
    bent = [replace(e, **changes) if isinstance(e, kind) else e for e in evidence.events]  # type: ignore[type-var]
    return replace(evidence, events=tuple(bent))


def refunded(reason: RefundReason = RefundReason.UNANSWERED, bps: BasisPoints = BPS) -> Evidence:
    """A receipt of a market that asked for randomness in vain and paid everybody back, with its whole history."""
    bond = draw.share(TOTAL, bps)
    start = refunding(reason, STAKES, bond=bond, bond_share_bps=bps, liability=0)
    kept = {name: getattr(start.market, name, 0) for name in MarketReceipt.__dataclass_fields__}
    gone = {"captured_slot": 0, "slot_hash": bytes(32), "proof": bytes(80), "output": bytes(64), "finished_at": 9}
    told = (
        events.MarketCreatedEvent(ADDRESS, NOBODY, UnixTime(0), start.market.statement_hash),
        *(
            events.OpinionStakedEvent(ADDRESS, o.staker, o.start, o.stake, n, UsdcUnits(o.start + o.stake))
            for n, o in enumerate(start.opinions, 1)
        ),
        events.VrfRandomnessRequestedEvent(ADDRESS, Slot(9), bond),
        *([REARMED] if reason is RefundReason.HASH_LAPSED else []),
        events.MarketRefundingEvent(ADDRESS, reason, bond),
        *(
            events.StakeRecoveredEvent(ADDRESS, o.staker, NOBODY, o.stake, draw.bond_share(o.start, o.stake, bps))
            for o in start.opinions
        ),
    )
    market = MarketReceipt(**(kept | gone))
    return replace(start, market=market, opinions=(), escrow=None, events=told, history_complete=True)


def with_more(evidence: Evidence, more: Sequence[events.Event]) -> Evidence:
    """The same history and something after it."""
    return replace(evidence, events=(*evidence.events, *more))


def without(evidence: Evidence, kind: type[events.Event]) -> Evidence:
    """The same history with one kind of event left out."""
    return replace(evidence, events=tuple(event for event in evidence.events if not isinstance(event, kind)))


@pytest.mark.parametrize("bps", [10_000, 12_345, 100_000])
@pytest.mark.parametrize("reason", [RefundReason.UNANSWERED, RefundReason.HASH_LAPSED])
def test_honest_histories_hold_whole(reason: RefundReason, bps: int) -> None:
    for honest in (paid(), receipt(paid()), refunded(reason, BasisPoints(bps))):
        assert (failed(honest), open_checks(honest)) == (set(), set())


UNFAIR = events.StakeRecoveredEvent(ADDRESS, STAKERS[0], NOBODY, UsdcUnits(STAKES[0]), UsdcUnits(STAKES[0]))


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ([REARMED, REARMED], {"request"}),
        ([events.SlotHashRearmedEvent(ADDRESS, Slot(11))], {"slot hash"}),
        ([events.VrfRandomnessRequestedEvent(ADDRESS, Slot(9), TOTAL)], {"request"}),
        ([events.VrfRandomnessFulfilledEvent(ADDRESS, bytes(64))], {"output"}),
        ([events.MarketRefundingEvent(ADDRESS, RefundReason.UNANSWERED, TOTAL)], {"no refund"}),
        ([UNFAIR], {"no refund"}),
        ([events.OpinionStakedEvent(ADDRESS, NOBODY, TOTAL, UsdcUnits(500_000), 4, TOTAL)], {"opinions"}),
    ],
)
def test_a_settled_market_with_a_forbidden_event_fails(more: Sequence[events.Event], names: set[str]) -> None:
    assert names <= failed(with_more(receipt(paid()), more))
    assert names <= failed(replace(with_more(receipt(paid()), more), history_complete=False))


@pytest.mark.parametrize(
    ("kind", "changes", "name"),
    [
        (events.VrfRandomnessRequestedEvent, {"target_slot": Slot(11)}, "slot hash"),
        (events.VrfRandomnessRequestedEvent, {"bond": UsdcUnits(1)}, "bond"),
        (events.VrfRandomnessFulfilledEvent, {"output": bytes(64)}, "output"),
        (events.LotterySettledEvent, {"fee": UsdcUnits(1)}, "fee and prize"),
        (events.LotterySettledEvent, {"prize": UsdcUnits(1)}, "fee and prize"),
        (events.LotterySettledEvent, {"winner": NOBODY}, "winner"),
    ],
)
def test_a_settled_market_with_another_event_fails(
    kind: type[events.Event], changes: dict[str, Any], name: str
) -> None:
    assert name in failed(changed(receipt(paid()), kind, **changes))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (events.VrfRandomnessRequestedEvent, "request"),
        (events.SlotHashCapturedEvent, "slot hash"),
        (events.VrfRandomnessFulfilledEvent, "output"),
        (events.LotterySettledEvent, "winner"),
        (events.OpinionStakedEvent, "winner's stake"),
    ],
)
def test_what_a_complete_history_lacks_never_happened(kind: type[events.Event], name: str) -> None:
    assert name in failed(without(receipt(paid()), kind))
    assert name not in failed(replace(without(receipt(paid()), kind), history_complete=False))


def test_an_open_request_agrees_with_its_events() -> None:
    honest = paid()
    assert honest.request is not None
    rearmed = replace(honest, request=replace(honest.request, rearmed=True, target_slot=Slot(10)))
    assert "request" in failed(rearmed)
    assert failed(with_more(rearmed, [REARMED])) == set()
    assert "request" in failed(with_more(honest, [REARMED]))


def test_unfair_refunds_of_a_finished_market_fail() -> None:
    honest = refunded()
    first, second = (e for e in honest.of(events.StakeRecoveredEvent) if e.staker in STAKERS[:2])
    rest = without(honest, events.StakeRecoveredEvent)
    swapped = [replace(first, staker=second.staker), replace(second, staker=first.staker)]
    for unfair in (
        swapped,
        [replace(first, bond_share=UsdcUnits(first.bond_share + 1)), second],
        [replace(first, staker=Pubkey(bytes([9]) * 32)), second],
        [first, second],
    ):
        assert "refunds" in failed(with_more(rest, unfair))
    stranger = replace(without(rest, events.OpinionStakedEvent), history_complete=False)
    assert "refunds" in open_checks(with_more(stranger, honest.of(events.StakeRecoveredEvent)))
    assert "refunds" in failed(with_more(stranger, [replace(first, bond_share=UsdcUnits(5))]))


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (events.VrfRandomnessFulfilledEvent(ADDRESS, bytes(64)), "reason"),
        (events.MarketRefundingEvent(ADDRESS, RefundReason.UNANSWERED, TOTAL), "refunding"),
        (events.LotterySettledEvent(ADDRESS, NOBODY, TOTAL, TOTAL, TOTAL), "no draw"),
        (events.PrizeClaimedEvent(ADDRESS, NOBODY, NOBODY, TOTAL), "no draw"),
        (events.FeeCollectedEvent(ADDRESS, NOBODY, TOTAL), "no draw"),
    ],
)
def test_a_refunding_market_with_a_forbidden_event_fails(more: events.Event, name: str) -> None:
    assert name in failed(with_more(refunded(), [more]))


def test_the_refunding_event_says_what_the_market_says() -> None:
    for bent in ({"reason": RefundReason.KEY_REVOKED}, {"bond": UsdcUnits(0)}):
        assert "refunding" in failed(changed(refunded(), events.MarketRefundingEvent, **bent))
    assert "refunding" in failed(without(refunded(), events.MarketRefundingEvent))


def test_a_hash_lapses_only_uncaptured_and_re_armed() -> None:
    lapsed = refunded(RefundReason.HASH_LAPSED)
    assert "reason" in failed(without(lapsed, events.SlotHashRearmedEvent))
    captured = events.SlotHashCapturedEvent(ADDRESS, Slot(10), bytes(32), bytes(32))
    assert "reason" in failed(with_more(lapsed, [captured]))
    asked = events.VrfRandomnessRequestedEvent(ADDRESS, Slot(9), TOTAL)
    never = refunding(RefundReason.NOT_REQUESTED, STAKES)
    assert "reason" not in failed(never)
    assert "reason" in failed(with_more(never, [asked]))


def test_a_bond_that_a_frozen_vault_kept_is_not_checkable() -> None:
    honest = refunded()
    alone = [replace(event, bond_share=UsdcUnits(0)) for event in honest.of(events.StakeRecoveredEvent)]
    bare = replace(honest, market=replace(honest.market, bond=UsdcUnits(0)))  # type: ignore[call-arg]
    bare = with_more(without(bare, events.StakeRecoveredEvent), alone)
    bare = changed(bare, events.MarketRefundingEvent, bond=UsdcUnits(0))
    assert (failed(bare), open_checks(bare)) == (set(), {"bond"})
    assert "bond" in failed(replace(honest, market=replace(honest.market, bond=UsdcUnits(7))))  # type: ignore[call-arg]


def test_a_settled_market_whose_proof_was_not_checked_is_not_ok() -> None:
    vrf = request(RandomnessProvider.ORAO, output=OUTPUT)
    market = settled(vrf, randomness_provider=RandomnessProvider.ORAO, randomness_key=bytes(32))
    assert failed(market) == set()
    assert not verify_market(market).ok
    assert verify_market(replace(market, external=(ORAO_PROGRAM_ID, orao(market)))).ok


def test_a_bare_receipt_is_ok_for_its_draw_can_be_computed_again() -> None:
    bare = replace(receipt(paid()), events=(), history_complete=False)
    verification = verify_market(bare)
    assert verification.ok
    assert {"proof", "draw", "winner"} <= {check.name for check in verification.with_result(Result.OK)}


@pytest.mark.parametrize("state", [state for state in MarketState if state < MarketState.SETTLED])
def test_a_market_without_an_outcome_is_unfinished_not_failed(state: MarketState) -> None:
    market = settled(state=state)
    assert isinstance(market.market, Market)
    words = state.name.lower().replace("_", " ")
    with pytest.raises(MarketUnfinished) as caught:
        verify_market(market)
    assert str(caught.value) == f"the market {ADDRESS} is {words}: there is no outcome to verify yet"
