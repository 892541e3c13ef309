"""The local analyser reads words; it is not asked to be clever."""

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.analysis.analyser import Limits
from oracle.analysis.lexicon import LexiconAnalyser
from oracle.analysis.presentation import words_of

ANALYSER = LexiconAnalyser()


def test_praise_scores_above_the_middle_and_blame_below() -> None:
    assert ANALYSER.score_of("Excellent, I love it, it works wonderfully.") > 80
    assert ANALYSER.score_of("Terrible. I hate it and it fails.") < 20


def test_words_without_feeling_score_the_middle() -> None:
    assert ANALYSER.score_of("The meeting is on Tuesday.") == 50


def test_a_negation_turns_the_score() -> None:
    assert ANALYSER.score_of("It is not good.") < 50 < ANALYSER.score_of("It is good.")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=2_000))
def test_any_text_has_a_score_between_0_and_100(text: str) -> None:
    assert 0 <= ANALYSER.score_of(text) <= 100


async def test_each_text_has_its_reading_and_nothing_was_spent() -> None:
    batch = await ANALYSER.score("", [words_of("I love it."), words_of("I hate it.")], Limits(deadline=0))

    assert [reading.score for reading in batch.readings] == [ANALYSER.score_of(t) for t in ("I love it.", "I hate it.")]
    assert (batch.cost, batch.input_tokens, batch.prompt_hash) == (0, 0, None)


def test_it_says_what_it_is() -> None:
    assert "not for real money" in ANALYSER.name
