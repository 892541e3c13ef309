"""The crowd's score: whole-number arithmetic, against fractions."""

from fractions import Fraction
from statistics import median as exact_median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.units import BasisPoints, UsdcUnits
from oracle.analysis.crowd import (
    Confidence,
    CrowdSentiment,
    Demand,
    ScoredOpinion,
    confidence,
    crowd_sentiment,
    is_outlier,
    median,
)

panels = st.lists(st.integers(0, 100), min_size=1, max_size=5).map(tuple)
opinions = st.lists(st.builds(ScoredOpinion, panels, st.integers(500_000, 10_000_000).map(UsdcUnits)), min_size=1)


def rounded(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


@given(opinions)
def test_the_score_is_the_stake_weighted_mean_rounded_half_up(crowd: list[ScoredOpinion]) -> None:
    total = sum(opinion.stake for opinion in crowd)
    mean = Fraction(sum(opinion.score * opinion.stake for opinion in crowd), total)

    assert crowd_sentiment(crowd).score == rounded(mean)


@given(opinions)
def test_the_order_of_opinions_changes_nothing(crowd: list[ScoredOpinion]) -> None:
    assert crowd_sentiment(crowd[::-1]) == crowd_sentiment(crowd)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5))
def test_an_opinions_score_is_the_panels_median_rounded_half_up(scores: list[int]) -> None:
    assert median(scores) == rounded(Fraction(exact_median(scores)))


@given(opinions, st.integers(0, 100_000_000).map(UsdcUnits))
def test_what_is_left_out_lowers_the_coverage_and_nothing_else(crowd: list[ScoredOpinion], stake: UsdcUnits) -> None:
    found = crowd_sentiment(crowd, stake)
    scored = sum(opinion.stake for opinion in crowd)

    assert found.coverage == scored * 10_000 // (scored + stake)
    assert (found.score, found.spread) == (crowd_sentiment(crowd).score, crowd_sentiment(crowd).spread)
    assert found.confidence <= crowd_sentiment(crowd).confidence


def test_one_opinion_is_its_own_crowd_with_low_confidence() -> None:
    alone = ScoredOpinion((73,), UsdcUnits(500_000))

    assert crowd_sentiment([alone]) == CrowdSentiment(73, 0, 0, BasisPoints(10_000), 1, Confidence.LOW)


def test_a_market_without_opinions_has_no_score() -> None:
    with pytest.raises(ValueError, match="refund it"):
        crowd_sentiment([])


def test_a_panel_that_disagrees_lowers_the_confidence() -> None:
    agreeing = [ScoredOpinion((60, 62, 64), UsdcUnits(1_000_000))] * 6
    apart = [ScoredOpinion((40, 62, 84), UsdcUnits(1_000_000))] * 6

    assert crowd_sentiment(agreeing).confidence is Confidence.HIGH
    assert crowd_sentiment(apart).disagreement == 44
    assert crowd_sentiment(apart).confidence is Confidence.LOW


@pytest.mark.parametrize(
    ("count", "spread", "disagreement", "coverage", "expected"),
    [
        (5, 15, 10, 9_000, Confidence.HIGH),
        (4, 15, 10, 9_000, Confidence.MEDIUM),
        (5, 16, 10, 9_000, Confidence.MEDIUM),
        (5, 15, 11, 9_000, Confidence.MEDIUM),
        (5, 15, 10, 8_999, Confidence.MEDIUM),
        (3, 30, 20, 6_000, Confidence.MEDIUM),
        (2, 30, 20, 6_000, Confidence.LOW),
        (3, 31, 20, 6_000, Confidence.LOW),
        (3, 30, 21, 6_000, Confidence.LOW),
        (3, 30, 20, 5_999, Confidence.LOW),
        (10_000, 50, 0, 10_000, Confidence.LOW),
    ],
)
def test_confidence_follows_its_written_rule(
    count: int, spread: int, disagreement: int, coverage: int, expected: Confidence
) -> None:
    assert confidence(Demand(count, spread, disagreement, BasisPoints(coverage))) is expected


@pytest.mark.parametrize(
    ("score", "spread", "outlying"), [(75, 5, False), (76, 5, True), (76, 13, False), (24, 5, True)]
)
def test_an_outlier_lies_beyond_twice_the_spread_and_25(score: int, spread: int, outlying: bool) -> None:
    crowd = CrowdSentiment(50, spread, 0, BasisPoints(10_000), 9, Confidence.LOW)

    assert is_outlier(ScoredOpinion((score,), UsdcUnits(1)), crowd) is outlying
