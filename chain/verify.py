"""Re-checks a finished market from chain data alone; the core of `opinion verify`. Pure: chain.market_reader fetches.

Nothing that the program computed is taken on trust: alpha, proof, output, draw, winner, fee, prize and refunds are
computed again. What the accounts no longer hold is looked for in the market's events, and else said to be gone.
"""

from collections.abc import Iterator
from hashlib import sha256

from chain import addresses
from chain.accounts import Market
from chain.checks import Check, Verification, not_checkable, passed_if
from chain.constants import MarketState
from chain.events import MarketCreatedEvent, OpinionStakedEvent
from chain.evidence import Evidence
from chain.units import UsdcUnits, usdc
from chain.verify_draw import draw_checks
from chain.verify_money import refund_checks, settlement_checks


def verify_market(evidence: Evidence) -> Verification:
    """Every check that this market allows. A market that is neither settled nor refunding fails the first."""
    return Verification(tuple(_checks(evidence)))


def _checks(evidence: Evidence) -> Iterator[Check]:
    state = evidence.market.state
    words = state.name.lower().replace("_", " ")
    final = state in (MarketState.SETTLED, MarketState.REFUNDING)
    yield passed_if(
        "state", final, f"The market is {words}.", f"The market is {words}: there is no outcome to verify yet."
    )
    yield _address(evidence)
    yield _statement(evidence)
    if not final:
        return
    yield _opinions(evidence)
    if state is MarketState.SETTLED:
        yield from draw_checks(evidence)
        yield from settlement_checks(evidence)
    else:
        yield from refund_checks(evidence)


def _address(evidence: Evidence) -> Check:
    derived = addresses.market(evidence.market.uuid, evidence.program)
    return passed_if(
        "address",
        derived == evidence.address,
        "The address follows from the market's id and the program.",
        f"The market's id belongs to {derived}, not to {evidence.address}.",
    )


def _statement(evidence: Evidence) -> Check:
    market = evidence.market
    created = evidence.of(MarketCreatedEvent)
    if created and created[0].statement_hash != market.statement_hash:
        return passed_if(
            "statement", False, "", "The statement's hash is not the one that the market was created with."
        )
    if isinstance(market, Market):
        holds = sha256(market.statement.encode()).digest() == market.statement_hash
        return passed_if(
            "statement",
            holds,
            f"The statement hashes to {market.statement_hash.hex()}.",
            "The statement has another hash.",
        )
    if created:
        words = f"The receipt keeps the hash that the market was created with, {market.statement_hash.hex()}."
        return passed_if("statement", True, words, "")
    return not_checkable("statement", f"The receipt keeps only the statement's hash, {market.statement_hash.hex()}.")


def _opinions(evidence: Evidence) -> Check:
    """The stakes lie one behind the other in [0, total), which makes each as likely as it is large."""
    market = evidence.market
    spans = _spans(evidence)
    if len(spans) < market.staker_count:
        words = f"{len(spans)} of {market.staker_count} opinions can still be read; the others were closed."
        return not_checkable("opinions", words)
    end, gap = UsdcUnits(0), ""
    for start, stake in sorted(spans):
        if start != end:
            gap = f"The opinions do not tile the pool: one begins at {start}, where {end} was due."
            break
        end = UsdcUnits(start + stake)
    if not gap and (end != market.total_stake or len(spans) != market.staker_count):
        gap = f"{len(spans)} opinions reach to {end}; the market counts {market.staker_count} and {market.total_stake}."
    return passed_if("opinions", not gap, f"{len(spans)} opinions tile the pool of {usdc(market.total_stake)}.", gap)


def _spans(evidence: Evidence) -> set[tuple[UsdcUnits, UsdcUnits]]:
    """Start and stake of every opinion known from an account or an event."""
    found = {(opinion.start, opinion.stake) for opinion in evidence.opinions}
    return found | {(event.start, event.stake) for event in evidence.of(OpinionStakedEvent)}
