"""The local analyser: VADER's lexicon of English words, for localnet and devnet only.

It needs no key and no network, and knows nothing of irony or of any language but English: a stand-in that says so
wherever its score is shown, never a judge of real money.
"""

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

NAME = "lexicon (VADER, local; not for real money)"


class LexiconAnalyser:
    """Scores texts from 0 (against) over 50 (neither) to 100 (for)."""

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()

    def score(self, text: str) -> int:
        """Return the sentiment of one text, 0 to 100; the same text gives the same score for ever."""
        # The library has no types; "compound" is a float between -1 and 1.
        compound = float(self._vader.polarity_scores(text)["compound"])  # pyright: ignore[reportUnknownMemberType]
        return round(50 * (1 + compound))
