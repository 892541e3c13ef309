"""A market's analysis and its draw in words: pure."""

from collections.abc import Iterator

from chain.accounts import Market, MarketReceipt, VrfRequest
from chain.constants import MarketState, RefundReason, RequestStatus
from chain.units import usdc
from ops.explanation import plain, utc
from ops.market_detail import MarketDetail
from oracle.analysis.record import AnalysisRecord
from store.analyses import KeptAnalysis


def analysis_lines(detail: MarketDetail) -> Iterator[str]:
    """Yield who scored the market, what the score follows from, and whether the chain has the same record."""
    kept, record = detail.explanation.analysis, detail.record
    if kept is None:
        yield "No analysis of this market is kept here: it is not made yet, or was made elsewhere."
        return
    yield f"score {kept.score}, confidence {kept.confidence} of 2, by {plain(kept.analyser)}, at {utc(kept.made_at)}"
    yield (
        f"took {kept.latency_ms / 1_000:.1f} s, {kept.input_tokens:,} tokens in and {kept.output_tokens:,} out, "
        f"${kept.cost_microdollars / 1e6:.4f}"
    )
    yield from _hash_lines(kept, detail.outcome)
    if record is None:
        yield "Its record cannot be read: it was made by another release."
    else:
        yield from _record_lines(record)


def _hash_lines(kept: KeptAnalysis, outcome: Market | MarketReceipt | None) -> Iterator[str]:
    yield f"record {kept.summary_hash.hex()}"
    if outcome is None or not any(outcome.summary_hash):
        yield "The chain has no record of this market yet."
    elif outcome.summary_hash == kept.summary_hash:
        yield "The chain has the same record."
    else:
        yield f"! THE CHAIN HAS ANOTHER RECORD: {outcome.summary_hash.hex()}, score {outcome.score}"


def _record_lines(record: AnalysisRecord) -> Iterator[str]:
    crowd = record.crowd
    yield plain(record.summary)
    yield (
        f"confidence from {crowd.count} opinions, {crowd.coverage / 100:g}% of the stake scored, "
        f"spread {crowd.spread}, panel's disagreement {crowd.disagreement}"
    )
    if record.statement_flagged:
        yield "! the statement itself is flagged"
    for number, member in enumerate(record.panel, 1):
        models = f" ({', '.join(map(plain, member.models))})" if member.models else ""
        prompt = f", prompt {member.prompt_hash[:16]}" if member.prompt_hash else ""
        yield f"panel {number}: {plain(member.analyser)}{models}{prompt}"
    apart = max((max(one.scores) - min(one.scores) for one in record.opinions), default=0)
    if len(record.panel) > 1:
        yield f"the panel lies at most {apart} apart on one opinion"
    flagged = [one for one in record.opinions if one.flags]
    yield f"{len(flagged)} flagged, {len(record.outliers)} outliers, {len(record.left_out)} left out"
    for one in flagged:
        yield f"flagged {one.staker}: {', '.join(one.flags)}; score {one.score}"
    for staker in record.outliers:
        yield f"outlier {staker}"
    for left in record.left_out:
        yield f"left out {left.staker}, {usdc(left.stake)}: {plain(left.reason)}"


def draw_lines(detail: MarketDetail) -> Iterator[str]:
    """Yield where the randomness came from, the draw, and the winner's interval."""
    outcome, request = detail.outcome, detail.request
    if outcome is None:
        yield "The chain shows no market here."
        return
    yield f"pool {usdc(outcome.total_stake)} of {outcome.staker_count} stakers, randomness {_name(outcome)}"
    yield f"key {outcome.randomness_key.hex()}"
    if request is not None:
        yield from _request_lines(request)
    elif isinstance(outcome, MarketReceipt) and outcome.captured_slot:
        yield f"captured slot {outcome.captured_slot}, hash {outcome.slot_hash.hex()}"
        yield f"proof {outcome.proof.hex()}"
        yield f"output {outcome.output.hex()}"
    else:
        yield "No randomness was requested."
    yield from _result_lines(outcome)


def _request_lines(request: VrfRequest) -> Iterator[str]:
    yield f"requested at slot {request.requested_slot} by {request.payer}: {request.status.name.lower()}"
    rearmed = f", re-armed; the first was {request.first_target_slot}" if request.rearmed else ""
    yield f"target slot {request.target_slot}{rearmed}"
    if request.status is not RequestStatus.REQUESTED:
        yield f"captured slot {request.captured_slot}, hash {request.slot_hash.hex()}"
        yield f"input {request.alpha.hex()}"
    if request.fulfilled_at:
        yield f"proof {request.proof.hex()}"
        yield f"output {request.output.hex()}"


def _result_lines(outcome: Market | MarketReceipt) -> Iterator[str]:
    if outcome.refund_reason is not RefundReason.NONE:
        yield f"Nobody wins: it refunds because of {outcome.refund_reason.name.lower().replace('_', ' ')}."
    elif outcome.state is MarketState.SETTLED:
        end = outcome.winner_start + outcome.winner_stake
        yield f"drawn r = {outcome.draw:,} of {outcome.total_stake:,} units"
        yield f"winner {outcome.winner}, who covers {outcome.winner_start:,} to {end - 1:,}"
        yield (
            f"{usdc(outcome.winner_stake)} staked, odds {outcome.winner_stake / outcome.total_stake:.2%}; "
            f"prize {usdc(outcome.prize)}, fee {usdc(outcome.fee)}"
        )
    else:
        yield "Nothing is drawn yet."


def _name(outcome: Market | MarketReceipt) -> str:
    return outcome.randomness_provider.name.lower().replace("_", " ")
