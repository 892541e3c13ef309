"""The local analyser: VADER's lexicon of English words, for localnet and devnet only.

It needs no key and no network, and knows nothing of irony or of any language but English, nor of the statement: a
stand-in that says so wherever its score is shown, never a judge of real money.
"""

import asyncio
from collections.abc import Sequence

from oracle.analysis.analyser import Limits, Reading, ScoredBatch
from oracle.analysis.presentation import Words

NAME = "lexicon (VADER, local; not for real money)"


class LexiconAnalyser:
    """Scores texts from 0 (against) over 50 (neither) to 100 (for)."""

    def __init__(self) -> None:
        # Loaded when it is wanted: workers with a key never read the lexicon.
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._vader = SentimentIntensityAnalyzer()

    @property
    def name(self) -> str:
        """Says what it is."""
        return NAME

    async def score(self, statement: str, texts: Sequence[Words], limits: Limits) -> ScoredBatch:
        """Return one reading for each text; the words are looked up off the event loop."""
        del statement, limits  # It reads words, not arguments, and costs nothing.
        return ScoredBatch(await asyncio.to_thread(self._readings, texts))

    def _readings(self, texts: Sequence[Words]) -> tuple[Reading, ...]:
        return tuple(Reading(self.score_of(words.text)) for words in texts)

    def score_of(self, text: str) -> int:
        """Return the sentiment of one text, 0 to 100; the same text gives the same score for ever."""
        # The library has no types; "compound" is a float between -1 and 1.
        compound = float(self._vader.polarity_scores(text)["compound"])  # pyright: ignore[reportUnknownMemberType]
        return round(50 * (1 + compound))
