"""The local analyser reads words; it is not asked to be clever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.analysis.lexicon import LexiconAnalyser


@pytest.fixture(scope="module")
def analyser() -> LexiconAnalyser:
    return LexiconAnalyser()


def test_praise_scores_above_the_middle_and_blame_below(analyser: LexiconAnalyser) -> None:
    assert analyser.score("Excellent, I love it, it works wonderfully.") > 80
    assert analyser.score("Terrible. I hate it and it fails.") < 20


def test_words_without_feeling_score_the_middle(analyser: LexiconAnalyser) -> None:
    assert analyser.score("The meeting is on Tuesday.") == 50


def test_a_negation_turns_the_score(analyser: LexiconAnalyser) -> None:
    assert analyser.score("It is not good.") < 50 < analyser.score("It is good.")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=2_000))
def test_any_text_has_a_score_between_0_and_100(text: str) -> None:
    assert 0 <= LexiconAnalyser().score(text) <= 100
