"""The analysis record: all that a score was computed from, as one document whose hash goes on-chain."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from chain.units import UsdcUnits
from oracle.analysis.crowd import CrowdSentiment


@dataclass(frozen=True)
class OpinionRecord:
    """One opinion as it was scored: the staker's address, the text's CID, the stake that weighs it, the score."""

    staker: str
    cid: str
    stake: UsdcUnits
    score: int


@dataclass(frozen=True)
class AnalysisRecord:
    """Which analyser read which opinions of which market, and what came of it."""

    market: str
    analyser: str
    opinions: tuple[OpinionRecord, ...]
    crowd: CrowdSentiment

    def document(self) -> bytes:
        """Return the record's one spelling: JSON with sorted keys, no spaces, UTF-8; opinions in order of staker."""
        body = asdict(self) | {"opinions": _sorted(self.opinions)}
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def summary_hash(self) -> bytes:
        """Return the 32-byte SHA-256 of the document, which the program keeps."""
        return hashlib.sha256(self.document()).digest()


def _sorted(opinions: Sequence[OpinionRecord]) -> list[dict[str, object]]:
    return [asdict(opinion) for opinion in sorted(opinions, key=lambda opinion: opinion.staker)]
