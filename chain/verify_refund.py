"""Refunds: nobody won, the reason is a true one, and everyone got back what was due, once."""

from collections.abc import Iterator, Mapping

from solders.pubkey import Pubkey

from chain import draw
from chain.accounts import Market
from chain.checks import Check, failed, not_checkable, passed_if
from chain.constants import MAX_STAKE, MIN_STAKE, RefundReason
from chain.events import (
    FeeCollectedEvent,
    LotterySettledEvent,
    MarketRefundingEvent,
    PrizeClaimedEvent,
    SlotHashCapturedEvent,
    SlotHashRearmedEvent,
    StakeRecoveredEvent,
    VrfRandomnessFulfilledEvent,
    VrfRandomnessRequestedEvent,
)
from chain.evidence import Evidence, Staked
from chain.units import UsdcUnits, usdc
from chain.verify_money import escrow_check
from chain.verify_request import bond_bps, request_checks

_AFTER_REQUEST = (RefundReason.UNANSWERED, RefundReason.HASH_LAPSED)


def refund_checks(evidence: Evidence) -> Iterator[Check]:
    """The checks of a refunding market."""
    yield _no_draw(evidence)
    yield _reason(evidence)
    yield _refunding(evidence)
    if evidence.market.refund_reason in _AFTER_REQUEST:
        yield from request_checks(evidence)
    yield _refunds(evidence)
    if isinstance(evidence.market, Market):
        due = (_due(evidence, Staked(o.start, o.stake, o.staker)) for o in evidence.opinions if not o.paid)
        yield escrow_check(evidence, evidence.market, UsdcUnits(sum(map(sum, due))))


def _no_draw(evidence: Evidence) -> Check:
    market = evidence.market
    nobody = not any(bytes(market.winner)) and not market.prize and not market.fee and not market.settled_at
    kinds = (LotterySettledEvent, PrizeClaimedEvent, FeeCollectedEvent)
    drawn = any(isinstance(event, kinds) for event in evidence.events)
    return passed_if(
        "no draw",
        nobody and not drawn,
        "Nobody won and no fee was taken.",
        "A winner was drawn all the same, or paid.",
        decisive=True,
    )


def _reason(evidence: Evidence) -> Check:
    market, reason = evidence.market, evidence.market.refund_reason
    holds = _after_request(evidence, reason) if reason in _AFTER_REQUEST else _before_request(evidence, reason)
    words = market.refund_reason.name.lower().replace("_", " ")
    return passed_if(
        "reason",
        holds,
        f"It refunds because of: {words}.",
        f"It refunds because of {words}, which its data contradict.",
        decisive=True,
    )


def _before_request(evidence: Evidence, reason: RefundReason) -> bool:
    market = evidence.market
    counts = {RefundReason.NO_STAKE: market.staker_count == 0, RefundReason.ONE_STAKER: market.staker_count == 1}
    asked = market.bond or evidence.request or evidence.randomness or evidence.of(VrfRandomnessRequestedEvent)
    return reason is not RefundReason.NONE and counts.get(reason, True) and not asked


def _after_request(evidence: Evidence, reason: RefundReason) -> bool:
    """Verified randomness never refunds; a hash that was captured did not lapse."""
    market, randomness, request = evidence.market, evidence.randomness, evidence.request
    answered = evidence.of(VrfRandomnessFulfilledEvent) or (randomness is not None and randomness.fulfilled)
    never_asked = evidence.lacks(VrfRandomnessRequestedEvent) or (
        isinstance(market, Market) and not market.requested_at
    )
    if market.staker_count < 2 or never_asked or answered:
        return False
    if reason is RefundReason.UNANSWERED:
        return True
    captured = randomness is not None or evidence.of(SlotHashCapturedEvent)
    never_rearmed = evidence.lacks(SlotHashRearmedEvent) or (request is not None and not request.rearmed)
    return not captured and not never_rearmed


def _refunding(evidence: Evidence) -> Check:
    """The market became refundable once, for the reason and with the bond that it keeps."""
    market, told = evidence.market, evidence.of(MarketRefundingEvent)
    if not told and not evidence.history_complete:
        return not_checkable("refunding", "The transaction that made the market refundable is not at hand.")
    return passed_if(
        "refunding",
        [(event.reason, event.bond) for event in told] == [(market.refund_reason, market.bond)],
        f"It became refundable once, with a bond of {usdc(market.bond)} on top.",
        f"It became refundable {len(told)} time(s), not once for that reason with a bond of {usdc(market.bond)}.",
    )


def _refunds(evidence: Evidence) -> Check:
    """Each recorded refund is the stake and its share of the bond, once a staker."""
    market, refunds = evidence.market, evidence.of(StakeRecoveredEvent)
    paid = UsdcUnits(sum(event.stake + event.bond_share for event in refunds))
    stakers = {event.staker for event in refunds}
    if len(stakers) != len(refunds) or paid > market.total_stake + market.bond:
        return failed("refunds", "Somebody was refunded twice, or more than there was.")
    stakes = {one.staker: one for one in evidence.stakes()}
    wrong = [event for event in refunds if not _is_fair(evidence, stakes, event)]
    if wrong:
        return failed("refunds", f"{wrong[0].staker} was refunded another amount than was due.")
    left = [opinion for opinion in evidence.opinions if not opinion.paid]
    if len(refunds) + len(left) < market.staker_count:
        words = f"{len(refunds)} refunds are at hand and {len(left)} are due, of {market.staker_count}"
        if evidence.history_complete:
            return failed("refunds", f"{words}: the others count as paid, but no transaction paid them.")
        return not_checkable("refunds", f"{words}; of the others only their accounts' end tells.")
    unknown = len(stakers - stakes.keys())
    if unknown:
        return not_checkable("refunds", f"What {unknown} of {len(refunds)} refunds had staked is not at hand.")
    return passed_if("refunds", True, f"{len(refunds)} refunds paid {usdc(paid)}; {len(left)} are still due.", "")


def _is_fair(evidence: Evidence, stakes: Mapping[Pubkey, Staked], event: StakeRecoveredEvent) -> bool:
    """Against what was staked or, when that is not at hand, against what a refund can be at all."""
    refund = event.stake, event.bond_share
    if staked := stakes.get(event.staker):
        return refund == _due(evidence, staked)
    if evidence.history_complete or not MIN_STAKE <= event.stake <= MAX_STAKE:
        return False
    _, least = _due(evidence, Staked(UsdcUnits(0), event.stake, event.staker))
    # Where a stake begins moves its share of the bond by one unit at most, by rounding.
    return least <= event.bond_share <= least + bool(evidence.market.bond)


def _due(evidence: Evidence, staked: Staked) -> tuple[UsdcUnits, UsdcUnits]:
    """The stake and its share of the bond; none when there was no request, or its bond could not be taken."""
    bps = bond_bps(evidence)
    return staked.stake, draw.bond_share(staked.start, staked.stake, bps) if bps else UsdcUnits(0)
