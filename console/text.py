"""Words from outside, made harmless: nothing in them steers a terminal, hides, or turns the line round."""

import re
import unicodedata

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_SHOWN = "\N{REPLACEMENT CHARACTER}"
# Controls, invisible formats (bidirectional overrides, zero-width joiners), surrogates, private and unassigned ones.
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters that show nothing: Hangul fillers, the empty Braille cell.
_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Marks that choose another look for the letter before them; terminals disagree on its width.
_LOOKS = re.compile("[\ufe00-\ufe0f\u034f\u180b-\u180f\U000e0100-\U000e01ef]")
_MOST_MARKS = 3
"""On one letter; more would climb over other lines, and be sent with each."""


def safe(words: str) -> str:
    """Return the words on one line, with a sign in place of every character that cannot be seen."""
    shown: list[str] = []
    marks = 0
    for letter in _LOOKS.sub("", words):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if letter in "\n\r\t":
            shown.append(" ")
        elif kind in _HARMFUL or letter in _EMPTY:
            shown.append(_SHOWN)
        elif marks <= _MOST_MARKS:
            shown.append(letter)
    return "".join(shown)


def safe_text(words: str, width: int) -> str:
    """Return the words in at most `width` cells of a terminal, with an ellipsis where something is left out."""
    shown = safe(words)
    if cell_len(shown) <= width:
        return shown
    return (set_cell_size(shown, width - 1).rstrip() + ELLIPSIS) if width > 0 else ""
