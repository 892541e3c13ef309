"""One market's analysis: from opinions as they were read to a record that anyone can compute again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.analysis.analyser import Budget, Flag, Limits, Reading, ScoredBatch
from oracle.analysis.crowd import Confidence
from oracle.analysis.failures import NothingToScore, Unavailable
from oracle.analysis.opinions import ReadOpinion, with_text
from oracle.analysis.panel import Panel
from oracle.analysis.presentation import Words, words_of
from oracle.analysis.record import AnalysisRecord, LeftOut, OpinionRecord, PanelMember, make_record

SECONDS = 30.0


@dataclass(frozen=True)
class Analysis:
    """A finished analysis: the record and its document, and beside them what they took.

    `cost_microdollars` is 0 for an analyser that costs nothing; `latency_ms` is from the first look to the record.
    """

    record: AnalysisRecord
    document: bytes
    analyser: str
    input_tokens: int
    output_tokens: int
    cost_microdollars: int
    latency_ms: int

    @property
    def score(self) -> int:
        """The crowd's score, 0 to 100."""
        return self.record.crowd.score

    @property
    def confidence(self) -> Confidence:
        """How far it can be leaned on."""
        return self.record.crowd.confidence

    @property
    def summary_hash(self) -> bytes:
        """The document's SHA-256, for the chain."""
        return self.record.summary_hash()


async def analyse(
    market: str,
    statement: str,
    opinions: Sequence[ReadOpinion],
    panel: Panel,
    *,
    seconds: float = SECONDS,
    budget: int | None = None,
) -> Analysis:
    """Score the opinions on a market; all of it, retries included, within `seconds`.

    `opinions` are all of the market's, those without a text too; `budget` is in microdollars, None for no limit.
    Raises AnalysisFailure, never a guess.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    readable = with_text(market, opinions)
    limits = Limits(start + seconds, Budget(budget))
    try:
        async with asyncio.timeout_at(limits.deadline):
            asked, *words = await asyncio.to_thread(lambda: [words_of(text) for text in _texts(statement, readable)])
            batches = await panel.score(statement, words, limits)
    except TimeoutError:
        raise Unavailable(
            f"{panel.name} did not score all {len(readable)} opinions on {market} within {seconds:g} s: wait for "
            "it, or raise ANALYSIS_SECONDS."
        ) from None
    record = _record(market, statement, asked, opinions, readable, words, panel, batches)
    return Analysis(
        record=record,
        document=record.document(),
        analyser=panel.name,
        input_tokens=sum(batch.input_tokens for batch in batches),
        output_tokens=sum(batch.output_tokens for batch in batches),
        cost_microdollars=sum(batch.cost for batch in batches),
        latency_ms=round(1000 * (loop.time() - start)),
    )


def _texts(statement: str, readable: Sequence[tuple[ReadOpinion, str]]) -> list[str]:
    return [statement, *(text for _, text in readable)]


def _record(
    market: str,
    statement: str,
    asked: Words,
    opinions: Sequence[ReadOpinion],
    readable: Sequence[tuple[ReadOpinion, str]],
    words: Sequence[Words],
    panel: Panel,
    batches: Sequence[ScoredBatch],
) -> AnalysisRecord:
    scored: list[OpinionRecord] = []
    left_out = [_left_out(opinion, opinion.trouble) for opinion in opinions if opinion.trouble is not None]
    columns = zip(*(batch.readings for batch in batches), strict=True)
    for (opinion, _), shown, readings in zip(readable, words, columns, strict=True):
        trouble = _trouble(panel, readings)
        if trouble:
            left_out.append(_left_out(opinion, trouble))
        else:
            scored.append(_opinion(opinion, shown, readings))
    if not scored:
        raise NothingToScore(f"No opinion on {market} was scored by all of {panel.name}: have a person look at them.")
    members = [
        PanelMember(analyser.name, batch.models, batch.prompt_hash)
        for analyser, batch in zip(panel.analysers, batches, strict=True)
    ]
    return make_record(
        market=market,
        statement=statement,
        statement_flagged=asked.suspicious,
        panel=members,
        opinions=scored,
        left_out=left_out,
    )


def _trouble(panel: Panel, readings: Sequence[Reading]) -> str:
    """Which analyser would not score the opinion, and why; nothing when all did."""
    return "; ".join(
        f"{analyser.name}, asked about it alone and twice: {reading.trouble}"
        for analyser, reading in zip(panel.analysers, readings, strict=True)
        if reading.score is None
    )


def _opinion(opinion: ReadOpinion, shown: Words, readings: Sequence[Reading]) -> OpinionRecord:
    scores = tuple(reading.score for reading in readings if reading.score is not None)
    flags = {flag for reading in readings for flag in reading.flags}
    if shown.suspicious:
        flags.add(Flag.SCREEN)
    return OpinionRecord(
        staker=opinion.staker,
        cid=opinion.cid,
        text_hash=opinion.text_hash.hex(),
        stake=opinion.stake,
        cut=shown.cut,
        flags=tuple(sorted(flag.value for flag in flags)),
        scores=scores,
        score=0,
    )


def _left_out(opinion: ReadOpinion, reason: str) -> LeftOut:
    return LeftOut(opinion.staker, opinion.cid, opinion.text_hash.hex(), opinion.stake, reason)
