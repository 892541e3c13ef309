"""How an opinion's text is shown to an analyser: cut to a length, with nothing in it that the eye would not see."""

import unicodedata
from dataclasses import dataclass

from oracle.analysis.screen import suspicious

TEXT_LIMIT = 2_000
"""Characters (code points) of a text that are read; what is cut off is not scored, and the record says so."""

_KEPT = frozenset("\n\t")
# Controls, formats (bidi, zero-width, tags), surrogates, private and unassigned ones, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True)
class Words:
    """A text as analysers get it: what is shown of it, whether its end was cut off, whether our screen flags it."""

    text: str
    cut: bool
    suspicious: bool


def words_of(text: str) -> Words:
    """Return the text's first TEXT_LIMIT characters, each invisible one written out as ⟨U+200B⟩, screened."""
    return Words(visible(text), len(text) > TEXT_LIMIT, suspicious(text[:TEXT_LIMIT]))


def visible(text: str) -> str:
    """Return the text's first TEXT_LIMIT characters with the invisible ones written out."""
    return "".join(_visible(character) for character in text[:TEXT_LIMIT])


def _visible(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"⟨U+{ord(character):04X}⟩"
