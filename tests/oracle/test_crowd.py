"""The crowd's score: whole-number arithmetic, against fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.units import UsdcUnits
from oracle.analysis.crowd import Confidence, CrowdSentiment, ScoredOpinion, confidence, crowd_sentiment

opinions = st.lists(
    st.builds(ScoredOpinion, st.integers(0, 100), st.integers(500_000, 10_000_000).map(UsdcUnits)), min_size=1
)


@given(opinions)
def test_the_score_is_the_stake_weighted_mean_rounded_half_up(crowd: list[ScoredOpinion]) -> None:
    total = sum(opinion.stake for opinion in crowd)
    mean = Fraction(sum(opinion.score * opinion.stake for opinion in crowd), total)

    assert crowd_sentiment(crowd).score == (mean + Fraction(1, 2)).__floor__()


@given(opinions)
def test_the_order_of_opinions_changes_nothing(crowd: list[ScoredOpinion]) -> None:
    assert crowd_sentiment(crowd[::-1]) == crowd_sentiment(crowd)


def test_one_opinion_is_its_own_crowd_with_low_confidence() -> None:
    alone = ScoredOpinion(73, UsdcUnits(500_000))

    assert crowd_sentiment([alone]) == CrowdSentiment(score=73, spread=0, confidence=Confidence.LOW)


def test_a_market_without_opinions_has_no_score() -> None:
    with pytest.raises(ValueError, match="refund it"):
        crowd_sentiment([])


@pytest.mark.parametrize(
    ("count", "spread", "expected"),
    [
        (5, 15, Confidence.HIGH),
        (5, 16, Confidence.MEDIUM),
        (4, 0, Confidence.MEDIUM),
        (3, 30, Confidence.MEDIUM),
        (3, 31, Confidence.LOW),
        (2, 0, Confidence.LOW),
        (10_000, 50, Confidence.LOW),
    ],
)
def test_confidence_follows_its_written_rule(count: int, spread: int, expected: Confidence) -> None:
    assert confidence(count, spread) is expected
