"""A market's opinions scored again as a dry run: nothing is recorded, and its settlement goes on as it is."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from solders.pubkey import Pubkey

from chain.accounts import Market, decode_market
from chain.errors import MarketNotFound
from ops.cluster import connected
from ops.errors import OperatorError
from ops.explanation import plain
from oracle.analysis import NothingToScore, analyse
from oracle.analysis.record import AnalysisRecord
from oracle.parts import budget_of, panel_from, shared_pace
from oracle.settlement.analysing import Reading, read_opinions
from oracle.texts import texts_of
from settings import Settings
from store import analyses, audit
from store.database import Database


@dataclass(frozen=True, slots=True)
class Scored:
    """A score (0 to 100) with its confidence (0 to 2), and who made it."""

    score: int
    confidence: int
    analyser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reanalysis:
    """What came of it, beside the analysis that is kept (None where none is)."""

    market: str
    now: Scored
    kept: Scored | None
    opinions: int
    left_out: int
    differing: Mapping[str, tuple[int | None, int | None]]
    """By staker: the score that is kept and the one of now, where they differ; None where it was left out."""
    flagged: tuple[str, ...]
    tokens: int
    cost_microdollars: int
    latency_ms: int


def means(settings: Settings) -> str:
    """Return what a dry run takes, in a sentence without its period."""
    if settings.anthropic_api_key is None:
        return "A word list on this machine scores, at no cost"
    models = ", ".join(settings.analysis_models)
    return (
        f"{models} is asked, for at most ${settings.analysis_budget_dollars:g} and {settings.analysis_seconds:g} s, "
        "within the limits that the oracle keeps to as well"
    )


async def reanalyse(db: Database, settings: Settings, url: str | None, market: Pubkey, who: str) -> Reanalysis:
    """Score the market's opinions anew. It is an act in the audit log, since it may cost money.

    Raises MarketNotFound, OperatorError for a market that is finished or has nothing to score, what `analyse` raises.
    """
    found, reading = await _read(settings, url, market)
    async with shared_pace(settings) as pace:
        # The SDK takes a second to load.
        panel = await asyncio.to_thread(panel_from, settings, pace)
        try:
            made = await analyse(
                str(market),
                found.statement,
                reading.opinions,
                panel,
                seconds=settings.analysis_seconds,
                budget=budget_of(settings),
            )
        except NothingToScore as error:
            raise OperatorError(str(error)) from error
    details: dict[str, audit.Json] = {"score": made.score, "analyser": made.analyser, "cost": made.cost_microdollars}
    async with db.write() as connection:
        await audit.append(connection, who, "reanalyse", str(market), details)
    kept = await analyses.get(db, str(market))
    record = None if kept is None else AnalysisRecord.from_document(kept.document)
    return Reanalysis(
        market=str(market),
        now=Scored(made.score, int(made.confidence), made.analyser),
        kept=None if kept is None else Scored(kept.score, kept.confidence, kept.analyser),
        opinions=len(made.record.opinions),
        left_out=len(made.record.left_out),
        differing={} if record is None else _differing(record, made.record),
        flagged=tuple(one.staker for one in made.record.opinions if one.flags),
        tokens=made.input_tokens + made.output_tokens,
        cost_microdollars=made.cost_microdollars,
        latency_ms=made.latency_ms,
    )


async def _read(settings: Settings, url: str | None, address: Pubkey) -> tuple[Market, Reading]:
    opening = texts_of(settings.texts_path, settings.ipfs_gateways, settings.ipfs_apis)
    async with connected(settings, url) as rpc, opening as texts:
        [account] = await rpc.accounts([address])
        if account is None:
            raise MarketNotFound(f"there is no market at {address}: check the address and the cluster")
        market = decode_market(account.owner, account.data, settings.program)
        if not isinstance(market, Market):
            raise OperatorError(
                f"{address} is finished: its statement and opinions are gone from the chain, so it cannot be scored "
                f"anew; 'opinion verify {address} --record FILE' computes its score from the record"
            )
        return market, await read_opinions(rpc, settings.program, address, market, texts)


def _differing(kept: AnalysisRecord, now: AnalysisRecord) -> dict[str, tuple[int | None, int | None]]:
    before = {one.staker: one.score for one in kept.opinions}
    after = {one.staker: one.score for one in now.opinions}
    return {
        staker: (before.get(staker), after.get(staker))
        for staker in sorted(before.keys() | after.keys())
        if before.get(staker) != after.get(staker)
    }


def lines(made: Reanalysis) -> Iterator[str]:
    """Yield what came of it, line by line."""
    now, kept = made.now, made.kept
    yield f"now: score {now.score}, confidence {now.confidence}, by {plain(now.analyser)}"
    if kept is None:
        yield "kept: no analysis of this market is kept yet"
    else:
        yield f"kept: score {kept.score}, confidence {kept.confidence}, by {plain(kept.analyser)}"
    yield f"{made.opinions} opinions scored, {made.left_out} left out, {len(made.flagged)} flagged"
    yield f"{made.tokens:,} tokens, ${made.cost_microdollars / 1e6:.4f}, {made.latency_ms / 1_000:.1f} s"
    if kept is not None and not made.differing:
        yield "every opinion has the score that is kept"
    for staker, (before, after) in made.differing.items():
        words = [("not scored" if score is None else str(score)) for score in (before, after)]
        yield f"{staker}: {words[0]}, now {words[1]}"
    for staker in made.flagged:
        yield f"{staker}: flagged"
    yield "Nothing was recorded: the settlement goes on as it is."


def report(made: Reanalysis) -> dict[str, Any]:
    """Return it as a JSON object."""
    return asdict(made)
