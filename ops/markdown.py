"""Markdown in which words from anywhere stay words: they stand in code spans, which nothing in them can end; pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ops.explanation import plain

MOST = 300
"""Characters of one quotation."""
_TICKS = re.compile("`+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text in Markdown, and what its file is called."""

    title: str
    text: str
    file_name: str


def quoted(words: str) -> str:
    """Return the words on one line as a code span; what is longer than MOST is cut, which is told by an ellipsis."""
    shown = shortened(words)
    if not shown:
        return "(nothing)"
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    fence, space = "`" * (longest + 1), " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{space}{shown}{space}{fence}"


def shortened(words: str) -> str:
    """Return the words on one line, without what a terminal would obey, cut where they are longer than MOST."""
    shown = plain(" ".join(words.split()))
    return shown if len(shown) <= MOST else f"{shown[: MOST - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def section(title: str, items: Iterable[str], nothing: str) -> Iterator[str]:
    """Yield a heading and a list; the sentence `nothing` where the list is empty."""
    yield f"\n## {title}\n"
    found = [f"- {item}" for item in items]
    yield from found or [nothing]
