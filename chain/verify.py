"""Re-checks a finished market from chain data alone; the core of `opinion verify`. Pure: chain.market_reader fetches.

Nothing that the program computed is taken on trust: alpha, proof, output, draw, winner, fee, prize and refunds are
computed again. What the accounts no longer hold is looked for in the market's events, and else said to be gone.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from chain import addresses
from chain.accounts import Market
from chain.checks import Check, Verification, not_checkable, passed_if
from chain.constants import MAX_STAKE, MIN_STAKE, MarketState
from chain.errors import MarketUnfinished
from chain.events import MarketCreatedEvent
from chain.evidence import Evidence, Staked
from chain.units import usdc
from chain.verify_draw import draw_checks
from chain.verify_money import settlement_checks
from chain.verify_refund import refund_checks
from chain.verify_request import request_checks


def verify_market(evidence: Evidence) -> Verification:
    """Every check that this market allows. Raises MarketUnfinished for one that is neither settled nor refunding."""
    if not evidence.final:
        words = _state(evidence)
        raise MarketUnfinished(f"the market {evidence.address} is {words}: there is no outcome to verify yet")
    return Verification(tuple(_checks(evidence)))


def _state(evidence: Evidence) -> str:
    return evidence.market.state.name.lower().replace("_", " ")


def _checks(evidence: Evidence) -> Iterator[Check]:
    yield passed_if("state", evidence.final, f"The market is {_state(evidence)}.", "")
    yield _address(evidence)
    yield _statement(evidence)
    yield _history(evidence)
    yield _opinions(evidence)
    if evidence.market.state is MarketState.SETTLED:
        yield from request_checks(evidence)
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


def _history(evidence: Evidence) -> Check:
    """What the other checks can lean on: with a complete history, an event that is missing never happened."""
    if not evidence.history_complete:
        return not_checkable("history", evidence.history_gap)
    words = f"The market's transactions are at hand back to its creation, with {len(evidence.events)} events."
    return passed_if("history", True, words, "")


def _opinions(evidence: Evidence) -> Check:
    """The stakes lie one behind the other in [0, total), which makes each as likely as it is large."""
    market = evidence.market
    stakes = sorted(evidence.stakes())
    if len(stakes) < market.staker_count and not evidence.history_complete:
        words = f"{len(stakes)} of {market.staker_count} opinions can still be read; the others were closed."
        return not_checkable("opinions", words)
    bent = _bent(stakes)
    end = stakes[-1].start + stakes[-1].stake if stakes else 0
    if not bent and (end != market.total_stake or len(stakes) != market.staker_count):
        bent = (
            f"{len(stakes)} opinions reach to {end}; the market counts {market.staker_count} and {market.total_stake}."
        )
    return passed_if("opinions", not bent, f"{len(stakes)} opinions tile the pool of {usdc(market.total_stake)}.", bent)


def _bent(stakes: Sequence[Staked]) -> str:
    """What is wrong with these opinions, told from the pool's start on; nothing when all is well."""
    end = 0
    for start, stake, staker in stakes:
        if start != end:
            return f"The opinions do not tile the pool: one begins at {start}, where {end} was due."
        if not MIN_STAKE <= stake <= MAX_STAKE:
            return f"{staker} staked {usdc(stake)}, which the protocol does not allow."
        end = start + stake
    return "" if len({one.staker for one in stakes}) == len(stakes) else "Somebody staked more than once."
