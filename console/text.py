"""Words from outside, made harmless: nothing in them steers a terminal, hides, or turns the line round."""

import unicodedata

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_SHOWN = "\N{REPLACEMENT CHARACTER}"
# Controls, invisible formats (bidirectional overrides, zero-width joiners), surrogates, private and unassigned ones.
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(words: str) -> str:
    """Return the words on one line, with a sign in place of every character that cannot be seen."""
    spaced = (" " if letter in "\n\r\t" else letter for letter in words)
    return "".join(_SHOWN if unicodedata.category(letter) in _HARMFUL else letter for letter in spaced)


def safe_text(words: str, width: int) -> str:
    """Return the words in at most `width` cells of a terminal, with an ellipsis where something is left out."""
    shown = safe(words)
    if cell_len(shown) <= width:
        return shown
    return (set_cell_size(shown, width - 1).rstrip() + ELLIPSIS) if width > 0 else ""
