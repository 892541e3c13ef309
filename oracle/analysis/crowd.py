"""From scores of single opinions to the crowd's: whole-number arithmetic, so that anyone gets the same figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from chain.units import BasisPoints, UsdcUnits

WHOLE = BasisPoints(10_000)
OUTLIER_DISTANCE = 25


class Confidence(IntEnum):
    """How far the crowd's score can be leaned on, as the program records it."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


@dataclass(frozen=True)
class ScoredOpinion:
    """One opinion's scores (0 to 100), one of each analyser of the panel, with the stake that weighs them."""

    scores: tuple[int, ...]
    stake: UsdcUnits

    @property
    def score(self) -> int:
        """The panel's score for this opinion."""
        return median(self.scores)

    @property
    def disagreement(self) -> int:
        """How far the panel's highest score lies above its lowest."""
        return max(self.scores) - min(self.scores)


@dataclass(frozen=True)
class CrowdSentiment:
    """The crowd's score (0 to 100) and what the confidence follows from.

    `spread` is the stake-weighted mean distance from the score; `disagreement` the stake-weighted mean of how far the
    panel's analysers lie apart; `coverage` the share of the market's stake whose opinions were scored.
    """

    score: int
    spread: int
    disagreement: int
    coverage: BasisPoints
    count: int
    confidence: Confidence


@dataclass(frozen=True)
class Demand:
    """What a confidence asks for: at least so many opinions and so much coverage, at most so much of the others."""

    count: int
    spread: int
    disagreement: int
    coverage: BasisPoints


DEMANDS = {
    Confidence.HIGH: Demand(count=5, spread=15, disagreement=10, coverage=BasisPoints(9_000)),
    Confidence.MEDIUM: Demand(count=3, spread=30, disagreement=20, coverage=BasisPoints(6_000)),
}
"""The written rule: high where all of the first hold, medium where all of the second do, low else."""


def median(scores: Sequence[int]) -> int:
    """Return the middle score; of an even number of scores the mean of the middle two, rounded half up."""
    ordered = sorted(scores)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (low + high + 1) // 2


def crowd_sentiment(opinions: Sequence[ScoredOpinion], left_out: UsdcUnits = UsdcUnits(0)) -> CrowdSentiment:  # noqa: B008
    """Return the stake-weighted mean of the opinions' scores, rounded half up, and the confidence by DEMANDS.

    `left_out` is the stake of the opinions that were not scored. Raises ValueError without opinions: such a market is
    refunded, not scored.
    """
    if not opinions:
        raise ValueError("A market without opinions has no sentiment: refund it.")
    score = _weighted_mean([(opinion.score, opinion.stake) for opinion in opinions])
    spread = _weighted_mean([(abs(opinion.score - score), opinion.stake) for opinion in opinions])
    disagreement = _weighted_mean([(opinion.disagreement, opinion.stake) for opinion in opinions])
    scored = sum(opinion.stake for opinion in opinions)
    coverage = BasisPoints(scored * WHOLE // (scored + left_out))
    found = Demand(len(opinions), spread, disagreement, coverage)
    return CrowdSentiment(score, spread, disagreement, coverage, len(opinions), confidence(found))


def confidence(found: Demand) -> Confidence:
    """Return the highest confidence whose demands are all met."""
    for level, demand in DEMANDS.items():
        enough = found.count >= demand.count and found.coverage >= demand.coverage
        if enough and found.spread <= demand.spread and found.disagreement <= demand.disagreement:
            return level
    return Confidence.LOW


def is_outlier(opinion: ScoredOpinion, crowd: CrowdSentiment) -> bool:
    """Whether the opinion lies further from the crowd's score than twice the spread, and than OUTLIER_DISTANCE."""
    return abs(opinion.score - crowd.score) > max(OUTLIER_DISTANCE, 2 * crowd.spread)


def _weighted_mean(values: Sequence[tuple[int, int]]) -> int:
    total = sum(weight for _, weight in values)
    return (2 * sum(value * weight for value, weight in values) + total) // (2 * total)
