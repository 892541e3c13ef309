"""From scores of single opinions to the crowd's: whole-number arithmetic, so that anyone gets the same figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from chain.units import UsdcUnits

HIGH_CONFIDENCE_COUNT, HIGH_CONFIDENCE_SPREAD = 5, 15
MEDIUM_CONFIDENCE_COUNT, MEDIUM_CONFIDENCE_SPREAD = 3, 30


class Confidence(IntEnum):
    """How far the crowd's score can be leaned on, as the program records it."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


@dataclass(frozen=True)
class ScoredOpinion:
    """One opinion's score (0 to 100) with the stake that weighs it."""

    score: int
    stake: UsdcUnits


@dataclass(frozen=True)
class CrowdSentiment:
    """The crowd's score (0 to 100), the stake-weighted mean distance from it (`spread`), and the confidence."""

    score: int
    spread: int
    confidence: Confidence


def crowd_sentiment(opinions: Sequence[ScoredOpinion]) -> CrowdSentiment:
    """Return the stake-weighted mean, rounded half up, its spread, and the confidence by the rule of `confidence`.

    Raises ValueError without opinions: such a market is refunded, not scored.
    """
    if not opinions:
        raise ValueError("A market without opinions has no sentiment: refund it.")
    score = _weighted_mean([(opinion.score, opinion.stake) for opinion in opinions])
    spread = _weighted_mean([(abs(opinion.score - score), opinion.stake) for opinion in opinions])
    return CrowdSentiment(score, spread, confidence(len(opinions), spread))


def confidence(count: int, spread: int) -> Confidence:
    """High: five opinions or more within 15 points on the mean; medium: three or more within 30; low: all else."""
    if count >= HIGH_CONFIDENCE_COUNT and spread <= HIGH_CONFIDENCE_SPREAD:
        return Confidence.HIGH
    if count >= MEDIUM_CONFIDENCE_COUNT and spread <= MEDIUM_CONFIDENCE_SPREAD:
        return Confidence.MEDIUM
    return Confidence.LOW


def _weighted_mean(values: Sequence[tuple[int, int]]) -> int:
    total = sum(weight for _, weight in values)
    return (2 * sum(value * weight for value, weight in values) + total) // (2 * total)
