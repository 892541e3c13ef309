"""Where a settled market's money went: fee, prize and what the escrow still owes."""

from collections.abc import Iterator

from chain import draw
from chain.accounts import Market
from chain.checks import Check, not_checkable, passed_if
from chain.events import (
    FeeCollectedEvent,
    LotterySettledEvent,
    MarketRefundingEvent,
    PrizeClaimedEvent,
    StakeRecoveredEvent,
)
from chain.evidence import Evidence
from chain.units import UsdcUnits, usdc


def settlement_checks(evidence: Evidence) -> Iterator[Check]:
    """The checks of a settled market's money."""
    yield _no_refund(evidence)
    yield _fee_and_prize(evidence)
    yield _prize(evidence)
    yield _fee(evidence)
    if isinstance(evidence.market, Market):
        market = evidence.market
        owed = (0 if market.prize_paid else market.prize) + (0 if market.fee_collected else market.fee)
        yield escrow_check(evidence, market, UsdcUnits(owed))


def _no_refund(evidence: Evidence) -> Check:
    """Settled and Refunding are both for ever, so a market is never one after the other."""
    refunds = evidence.of(MarketRefundingEvent), evidence.of(StakeRecoveredEvent)
    return passed_if(
        "no refund",
        not any(refunds) and not evidence.market.refund_reason,
        "Nothing was refunded.",
        "The market is settled, but it was refunding too.",
    )


def _fee_and_prize(evidence: Evidence) -> Check:
    market = evidence.market
    fee, prize = draw.fee(market.total_stake), draw.prize(market.total_stake)
    told = [(event.fee, event.prize) for event in evidence.of(LotterySettledEvent)]
    wrong = [amounts for amounts in [(market.fee, market.prize), *told] if amounts != (fee, prize)]
    found, won = wrong[0] if wrong else (fee, prize)
    return passed_if(
        "fee and prize",
        not wrong,
        f"Of {usdc(market.total_stake)}, {usdc(fee)} is the fee and {usdc(prize)} the prize.",
        f"The fee should be {usdc(fee)} and the prize {usdc(prize)}, not {usdc(found)} and {usdc(won)}.",
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


def escrow_check(evidence: Evidence, market: Market, owed: UsdcUnits) -> Check:
    """Whether the escrow holds what is still owed."""
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
