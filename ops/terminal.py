"""Plain lines for a terminal, and for what stands behind a pipe: folded for people, whole for programs."""

import shutil
import sys
import textwrap
from collections.abc import Iterable


def columns() -> int | None:
    """Return the width of stdout's terminal; None where it is none: then a line stays one, for grep to find."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def paragraphs(lines: Iterable[str], width: int | None, *, first: str = "", rest: str = "") -> str:
    """Return the lines folded to `width`, or as they are where it is None; `first` and `rest` stand before them."""
    folded: list[str] = []
    for line in lines:
        lead = rest if folded else first
        if width is None:
            folded.append(lead + line)
            continue
        fill = textwrap.TextWrapper(width=width, initial_indent=lead, subsequent_indent=rest, break_on_hyphens=False)
        folded += fill.wrap(line) or [lead]
    return "\n".join(folded)
