"""docs/analysis.md says what the code does."""

import re
from pathlib import Path

from oracle.analysis.analyser import Flag
from oracle.analysis.crowd import DEMANDS, OUTLIER_DISTANCE
from oracle.analysis.messages import AT_ONCE
from oracle.analysis.presentation import TEXT_LIMIT
from oracle.analysis.reading import ALONE, AUDIT, CHUNK_OPINIONS, CHUNK_TOKENS, TOLERANCE

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "analysis.md").read_text()


def test_the_table_of_confidences_is_the_rule() -> None:
    rows = re.findall(r"^\| (high|medium) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", DOCUMENT, re.MULTILINE)

    assert [(name, *map(int, figures)) for name, *figures in rows] == [
        (level.name.lower(), demand.count, demand.spread, demand.disagreement, demand.coverage)
        for level, demand in DEMANDS.items()
    ]


def test_the_figures_are_the_codes() -> None:
    for words in (
        f"up to {ALONE} opinions",
        f"at most {CHUNK_OPINIONS} opinions",
        f"{CHUNK_TOKENS:,} tokens",
        f"more than {TOLERANCE} points apart",
        f"sample of {AUDIT} others",
        f"{TEXT_LIMIT:,} characters",
        f"{OUTLIER_DISTANCE} points and than twice",
        f"{AT_ONCE} requests at once",
        *(f"`{flag}`" for flag in Flag),
    ):
        assert words in DOCUMENT
