"""Where the money went: fee, prize, refunds and what the escrow still owes."""

from collections.abc import Iterator

from chain import draw
from chain.accounts import Market
from chain.checks import Check, not_checkable, passed_if
from chain.constants import RefundReason
from chain.events import FeeCollectedEvent, LotterySettledEvent, PrizeClaimedEvent, StakeRecoveredEvent
from chain.evidence import Evidence
from chain.units import BasisPoints, UsdcUnits, usdc


def settlement_checks(evidence: Evidence) -> Iterator[Check]:
    """The checks of a settled market's money."""
    yield _fee_and_prize(evidence)
    yield _prize(evidence)
    yield _fee(evidence)
    if isinstance(evidence.market, Market):
        market = evidence.market
        owed = (0 if market.prize_paid else market.prize) + (0 if market.fee_collected else market.fee)
        yield _escrow(evidence, market, UsdcUnits(owed))


def refund_checks(evidence: Evidence) -> Iterator[Check]:
    """The checks of a refunding market: nobody won, and everyone gets all back, once."""
    market = evidence.market
    nobody = not any(bytes(market.winner)) and not market.prize and not market.fee and not market.settled_at
    drawn = evidence.of(LotterySettledEvent)
    yield passed_if(
        "no draw", nobody and not drawn, "Nobody won and no fee was taken.", "A winner was drawn all the same."
    )
    yield _reason(evidence)
    yield _refunds(evidence)
    if isinstance(market, Market):
        bps = market.bond_share_bps
        owed = sum(o.stake + _bonus(evidence, o.start, o.stake, bps) for o in evidence.opinions if not o.paid)
        yield _escrow(evidence, market, UsdcUnits(owed))


def _fee_and_prize(evidence: Evidence) -> Check:
    market = evidence.market
    fee, prize = draw.fee(market.total_stake), draw.prize(market.total_stake)
    return passed_if(
        "fee and prize",
        (market.fee, market.prize) == (fee, prize),
        f"Of {usdc(market.total_stake)}, {usdc(fee)} is the fee and {usdc(prize)} the prize.",
        f"The fee should be {usdc(fee)} and the prize {usdc(prize)}, not {usdc(market.fee)} and {usdc(market.prize)}.",
    )


def _prize(evidence: Evidence) -> Check:
    market = evidence.market
    claimed = evidence.of(PrizeClaimedEvent)
    if claimed:
        [first, *more] = claimed
        holds = not more and (first.winner, first.amount) == (market.winner, market.prize)
        words = f"The prize of {usdc(market.prize)} was paid to {first.destination}, once, for the winner."
        return passed_if("prize", holds, words, "The prize was paid more than once, or in another amount.")
    return _by_flag(evidence, "prize", isinstance(market, Market) and not market.prize_paid)


def _fee(evidence: Evidence) -> Check:
    collected = evidence.of(FeeCollectedEvent)
    market = evidence.market
    if collected:
        [first, *more] = collected
        words = f"The fee of {usdc(market.fee)} was paid to {first.destination}, once."
        holds = not more and first.amount == market.fee
        return passed_if("fee", holds, words, "The fee was paid more than once, or in another amount.")
    return _by_flag(evidence, "fee", isinstance(market, Market) and not market.fee_collected)


def _by_flag(evidence: Evidence, name: str, unpaid: bool) -> Check:
    """Without an event there is the market's own word, and none when the history should have had the event."""
    if unpaid:
        return passed_if(name, True, f"The {name} has not been claimed yet; the escrow keeps it.", "")
    if evidence.history_complete and getattr(evidence.market, name):
        return passed_if(name, False, "", f"The {name} counts as paid, but no transaction of the market paid it.")
    return not_checkable(name, f"The {name} is recorded as paid; the transaction that paid it is not at hand.")


def _escrow(evidence: Evidence, market: Market, owed: UsdcUnits) -> Check:
    held = evidence.escrow
    if held is None:
        return passed_if(
            "escrow", owed == 0, "The escrow is closed and owes nothing.", "The escrow is gone and owes money."
        )
    return passed_if(
        "escrow",
        held >= market.liability == owed,
        f"The escrow holds {usdc(held)} and owes {usdc(owed)}.",
        f"The escrow holds {usdc(held)}, its market says it owes {usdc(market.liability)}, and {usdc(owed)} is due.",
    )


def _reason(evidence: Evidence) -> Check:
    market = evidence.market
    answered = evidence.randomness is not None and evidence.randomness.fulfilled
    holds = {
        RefundReason.NONE: False,
        RefundReason.NO_STAKE: market.staker_count == 0 and market.bond == 0,
        RefundReason.ONE_STAKER: market.staker_count == 1 and market.bond == 0,
        RefundReason.NOT_REQUESTED: market.bond == 0,
        RefundReason.KEY_REVOKED: market.bond == 0,
        RefundReason.UNANSWERED: market.bond > 0 and not answered,
        RefundReason.HASH_LAPSED: market.bond > 0 and evidence.randomness is None,
    }[market.refund_reason]
    words = market.refund_reason.name.lower().replace("_", " ")
    return passed_if(
        "reason",
        holds,
        f"It refunds because of: {words}.",
        f"It refunds because of {words}, which its data contradict.",
    )


def _refunds(evidence: Evidence) -> Check:
    """Each recorded refund is the stake and its share of the bond, once a staker."""
    market, refunds = evidence.market, evidence.of(StakeRecoveredEvent)
    paid = sum(event.stake + event.bond_share for event in refunds)
    stakers = {event.staker for event in refunds}
    if len(stakers) != len(refunds) or paid > market.total_stake + market.bond:
        return passed_if("refunds", False, "", "Somebody was refunded twice, or more than there was.")
    wrong = [event for event in refunds if not _is_fair(evidence, event)]
    if wrong:
        return passed_if("refunds", False, "", f"{wrong[0].staker} was refunded another amount than was due.")
    left = [opinion for opinion in evidence.opinions if not opinion.paid]
    if len(refunds) + len(left) < market.staker_count:
        words = (
            f"{len(refunds)} refunds are at hand and {len(left)} are due; of the others only their accounts' end tells."
        )
        return not_checkable("refunds", words)
    return passed_if(
        "refunds", True, f"{len(refunds)} refunds paid {usdc(UsdcUnits(paid))}; {len(left)} are still due.", ""
    )


def _is_fair(evidence: Evidence, event: StakeRecoveredEvent) -> bool:
    """Against the open opinion, or against what a share of the bond can be at all."""
    market = evidence.market
    opinion = next((o for o in evidence.opinions if o.staker == event.staker), None)
    if opinion is None or not isinstance(market, Market):
        return event.bond_share <= market.bond
    bonus = _bonus(evidence, opinion.start, opinion.stake, market.bond_share_bps)
    return (event.stake, event.bond_share) == (opinion.stake, bonus)


def _bonus(evidence: Evidence, start: UsdcUnits, stake: UsdcUnits, bps: BasisPoints) -> UsdcUnits:
    """A stake's share of the bond; none when there was no request, and so no bond."""
    return draw.bond_share(start, stake, bps) if evidence.market.bond else UsdcUnits(0)
