"""The request for randomness: made once, re-armed once at most, for a bond that is a share of the pool."""

from collections.abc import Iterator

from chain import draw
from chain.accounts import Market
from chain.checks import Check, failed, not_checkable, passed_if
from chain.constants import BPS_DENOMINATOR, MAX_BOND_SHARE, MIN_BOND_SHARE, MarketState
from chain.events import SlotHashRearmedEvent, VrfRandomnessRequestedEvent
from chain.evidence import Evidence
from chain.units import BasisPoints, Slot, usdc


def request_checks(evidence: Evidence) -> Iterator[Check]:
    """The checks of a market that asked for randomness, settled or not."""
    yield _request(evidence)
    yield _bond(evidence)


def target_slot(evidence: Evidence) -> Slot | None:
    """The slot before which nothing may be captured: the re-armed one, or else the first; None when not at hand."""
    told = [event.target_slot for event in evidence.of(VrfRandomnessRequestedEvent)]
    told += [event.target_slot for event in evidence.of(SlotHashRearmedEvent)]
    told += [evidence.request.target_slot] if evidence.request else []
    return max(told, default=None)


def bond_bps(evidence: Evidence) -> BasisPoints | None:
    """What the market's bond is of its pool: pinned in a Market, computed back for a receipt. None when it is none.

    A pool of two stakers is at least $1, so each basis point is 100 units or more and no two give the same bond.
    """
    market, total = evidence.market, evidence.market.total_stake
    if not market.bond or not total:
        return None
    bps = market.bond_share_bps if isinstance(market, Market) else -(-market.bond * BPS_DENOMINATOR // total)
    found = BasisPoints(bps)
    fits = MIN_BOND_SHARE <= found <= MAX_BOND_SHARE and draw.share(total, found) == market.bond
    return found if fits else None


def _request(evidence: Evidence) -> Check:
    requested, rearmed = evidence.of(VrfRandomnessRequestedEvent), evidence.of(SlotHashRearmedEvent)
    if len(requested) > 1 or len(rearmed) > 1:
        words = f"Randomness was requested {len(requested)} time(s) and re-armed {len(rearmed)} time(s)."
        return failed("request", words)
    if evidence.lacks(VrfRandomnessRequestedEvent):
        return failed("request", "No transaction of the market requested randomness.")
    if not _agrees(evidence):
        return failed("request", "The request's account has other target slots than its transactions.")
    if not requested and evidence.request is None:
        return not_checkable("request", "The request was closed and its transaction is not at hand.")
    again = bool(rearmed) or (evidence.request is not None and evidence.request.rearmed)
    words = f"Randomness was requested once and {'re-armed once' if again else 'never re-armed'}."
    return passed_if("request", True, words, "")


def _agrees(evidence: Evidence) -> bool:
    """Whether the request's account, where it is still open, has the targets of its transactions."""
    request = evidence.request
    if request is None:
        return True
    first = {event.target_slot for event in evidence.of(VrfRandomnessRequestedEvent)}
    last = {event.target_slot for event in evidence.of(SlotHashRearmedEvent)}
    if not request.rearmed:
        return not last and request.target_slot == request.first_target_slot and first <= {request.target_slot}
    return (
        first <= {request.first_target_slot}
        and last <= {request.target_slot}
        and not evidence.lacks(SlotHashRearmedEvent)
    )


def _bond(evidence: Evidence) -> Check:
    bond = evidence.market.bond
    told = evidence.of(VrfRandomnessRequestedEvent)
    share = bond_bps(evidence)
    if not bond and evidence.market.state is MarketState.REFUNDING:
        return not_checkable("bond", "The bond was not paid out: that the vault was frozen is the program's word.")
    return passed_if(
        "bond",
        share is not None and all(event.bond == bond for event in told),
        f"The bond of {usdc(bond)} is the share of the pool that had to be locked.",
        f"The bond of {usdc(bond)} is not the share of the pool that had to be locked.",
    )
