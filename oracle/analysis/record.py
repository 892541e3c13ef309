"""The analysis record: all that a score was computed from, as one document whose hash goes on-chain.

Everything in it that is computed can be computed again from the rest (`recomputed`). Tokens, cost and latency are kept
beside it: they decide nothing, and would give two equal analyses different hashes. A model's own words are nowhere in
it, so nobody acts on what a stranger got a model to say.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from chain.units import BasisPoints, UsdcUnits, usdc
from oracle.analysis.crowd import Confidence, CrowdSentiment, ScoredOpinion, crowd_sentiment, is_outlier

VERSION = 2

_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Score = Annotated[int, Field(ge=0, le=100)]
_Units = Annotated[UsdcUnits, Field(gt=0, lt=2**64)]
_Flag = Literal["screen", "model", "controls", "company"]


class RecordError(Exception):
    """A document that is not an analysis record in its one spelling."""


@dataclass(frozen=True)
class PanelMember:
    """One analyser: its name, the models that its replies came from, and its prompt's hex hash, where it has one."""

    analyser: str
    models: tuple[str, ...]
    prompt_hash: _Hash | None


@dataclass(frozen=True)
class OpinionRecord:
    """One opinion as it was scored: inputs as on the chain, the stake that weighs it, the panel's scores in its order.

    `score` is their median; `cut` says that the text was longer than what was read; `flags` are why it is flagged.
    """

    staker: str
    cid: str
    text_hash: _Hash
    stake: _Units
    cut: bool
    flags: tuple[_Flag, ...]
    scores: Annotated[tuple[_Score, ...], Field(min_length=1, max_length=5)]
    score: _Score

    @property
    def scored(self) -> ScoredOpinion:
        """The part that arithmetic needs."""
        return ScoredOpinion(self.scores, self.stake)


@dataclass(frozen=True)
class LeftOut:
    """One opinion that has no part in the score, and why, as a sentence."""

    staker: str
    cid: str
    text_hash: _Hash
    stake: _Units
    reason: str


@dataclass(frozen=True)
class AnalysisRecord:
    """Who read which opinions of which market, and what came of it. Opinions and outliers are in order of staker."""

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")

    version: Literal[2]
    market: str
    statement_hash: _Hash
    statement_flagged: bool
    panel: Annotated[tuple[PanelMember, ...], Field(min_length=1, max_length=5)]
    opinions: Annotated[tuple[OpinionRecord, ...], Field(min_length=1)]
    left_out: tuple[LeftOut, ...]
    crowd: CrowdSentiment
    outliers: tuple[str, ...]
    summary: str

    def document(self) -> bytes:
        """Return the record's one spelling: JSON with sorted keys, no spaces, UTF-8."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def summary_hash(self) -> bytes:
        """Return the 32-byte SHA-256 of the document, which the program keeps."""
        return hashlib.sha256(self.document()).digest()

    @classmethod
    def from_document(cls, document: bytes) -> "AnalysisRecord":
        """Return the record that a document spells; raises RecordError for anything but its one spelling."""
        try:
            record = _RECORD.validate_json(document)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            # A key that should not be there is a stranger's word.
            place = ".".join(str(part) for part in first["loc"] if str(part) in _NAMES or isinstance(part, int))
            wrong = f"{place or 'the whole'} is wrong ({first['type']})"
            raise RecordError(f"The document is no analysis record of version {VERSION}: {wrong}.") from None
        if record.document() != document:
            raise RecordError("The document is an analysis record, but not in its one spelling: take the file as kept.")
        return record


_RECORD = TypeAdapter(AnalysisRecord)
_NAMES = frozenset(
    one.name for kind in (AnalysisRecord, PanelMember, OpinionRecord, LeftOut, CrowdSentiment) for one in fields(kind)
)


def make_record(
    *,
    market: str,
    statement: str,
    statement_flagged: bool,
    panel: Sequence[PanelMember],
    opinions: Sequence[OpinionRecord],
    left_out: Sequence[LeftOut],
) -> AnalysisRecord:
    """Return the record of these scores, with all that follows from them. Raises ValueError without an opinion."""
    first = AnalysisRecord(
        version=VERSION,
        market=market,
        statement_hash=hashlib.sha256(statement.encode()).hexdigest(),
        statement_flagged=statement_flagged,
        panel=tuple(panel),
        opinions=tuple(sorted(opinions, key=lambda opinion: opinion.staker)),
        left_out=tuple(sorted(left_out, key=lambda opinion: opinion.staker)),
        crowd=CrowdSentiment(0, 0, 0, BasisPoints(0), 0, Confidence.LOW),
        outliers=(),
        summary="",
    )
    return recomputed(first)


def recomputed(record: AnalysisRecord) -> AnalysisRecord:
    """Return the record with everything computed again from the panel's scores and the stakes."""
    opinions = tuple(replace(opinion, score=opinion.scored.score) for opinion in record.opinions)
    left_out = UsdcUnits(sum(opinion.stake for opinion in record.left_out))
    crowd = crowd_sentiment([opinion.scored for opinion in opinions], left_out)
    outliers = tuple(opinion.staker for opinion in opinions if is_outlier(opinion.scored, crowd))
    again = replace(record, opinions=opinions, crowd=crowd, outliers=outliers)
    return replace(again, summary=_summary(again))


def _summary(record: AnalysisRecord) -> str:
    """A few figures in words, by us and not by a model."""
    crowd = record.crowd
    stake = UsdcUnits(sum(opinion.stake for opinion in record.opinions))
    flagged = sum(bool(opinion.flags) for opinion in record.opinions)
    by = ", ".join(member.analyser for member in record.panel)
    return (
        f"Score {crowd.score} of 100, confidence {crowd.confidence.name.lower()}, by {by}. Opinions scored: "
        f"{crowd.count}, with {usdc(stake)}, {crowd.coverage // 100}% of the stake; left out: {len(record.left_out)}; "
        f"outliers: {len(record.outliers)}; flagged: {flagged}. Spread {crowd.spread}, the panel's disagreement "
        f"{crowd.disagreement}."
    )
