"""What an analysis reads: opinions with their texts, or with the reason why there is none.

The rule for a text that cannot be had, or that does not match its CID and hash: the opinion is left out of the score,
its stake weighs nothing in it, lowers the coverage (and so perhaps the confidence), and stands in the record with the
reason. Its chance in the lottery is the stake's, and stays. The same holds for an opinion that the analyser, asked
about it alone and twice, would not score (see oracle.analysis.reading).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chain.units import UsdcUnits
from oracle.analysis.failures import NothingToScore


@dataclass(frozen=True)
class ReadOpinion:
    """One staker's opinion: the address, the CID, the 32-byte SHA-256 of the text and the stake, all as on the chain.

    `text` is None where it could not be had; `trouble` then says why, as a sentence.
    """

    staker: str
    cid: str
    text_hash: bytes
    stake: UsdcUnits
    text: str | None
    trouble: str | None = None

    def __post_init__(self) -> None:
        if (self.text is None) != bool(self.trouble):
            raise ValueError(f"The opinion of {self.staker} needs either its text or the trouble with it.")


def with_text(market: str, opinions: Sequence[ReadOpinion]) -> list[tuple[ReadOpinion, str]]:
    """Return the opinions that have a text, with it, in order of staker; raise NothingToScore when none has."""
    readable = [(opinion, opinion.text) for opinion in opinions if opinion.text is not None]
    if not readable:
        raise NothingToScore(
            f"None of the {len(opinions)} opinions on {market} has a text that can be read: bring the texts back and "
            "retry, or let the market be refunded."
        )
    return sorted(readable, key=lambda pair: pair[0].staker)
