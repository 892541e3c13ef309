# ruff: noqa: RUF001 - letters that are taken for others are what this is about.
"""A cheap look at a text for the marks of instructions to a model, before any model sees it.

It decides nothing about the score: what it flags is read alone, and the flag is shown. So it may be wrong in both
directions: what it misses is met by oracle.analysis.reading. It looks at the text as it is and as it would be with its
disguises taken off: compatibility forms, look-alike letters, accents, invisible characters, letters set apart, digits
for letters, reversed text, ROT13, HTML entities, percent signs, hexadecimal and base64.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from oracle.analysis.screen_words import IN_ANY_SCRIPT, MARKUP, ORDERS, PHRASES, plain

# Cyrillic, Greek, Armenian and other letters that look like the Latin one behind them.
_LOOK_ALIKE = {
    ord(theirs): ours
    for theirs, ours in (
        *zip("авеһіјкмнорстухѕԁԛԝӏз", "abehijkmhopctyxsdqwlz", strict=True),
        *zip("αβεηικνορτυχγωσ", "abenikvoptuxywo", strict=True),
        *zip("ɑɡıɩօսոհց", "agiiounhg", strict=True),
    )
}
_DIGITS = str.maketrans("0134579@$!|", "oieastgasil")
_SET_APART = re.compile(r"\b(?:\w[\s.\-_*·]){4,}\w\b")
_PACKED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]?){8,}")
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u180e\u2061-\u2064]")
_MANY_INVISIBLE = 3


def suspicious(text: str) -> bool:
    """Return whether the text bears the marks of instructions; never raises. Takes some 30 ms for 2,000 characters."""
    if _OVERRIDES.search(text) or len(_INVISIBLE.findall(text)) >= _MANY_INVISIBLE or _has_controls(text):
        return True
    return any(_instructs(bare) for bare in _decoded(text))


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" and character not in "\n\r\t" for character in text)


def _instructs(text: str) -> bool:
    """Looks at a text in all its guises; the dear patterns only at those that are not one already seen."""
    smooth = re.sub(r"[^\S\n]+", " ", plain(text))
    letters = smooth.translate(_LOOK_ALIKE)
    spoken = {smooth, letters, letters.translate(_DIGITS), _SET_APART.sub(_joined, smooth)}
    return bool(
        MARKUP.search(text)
        or any(PHRASES.search(guise) for guise in spoken)
        or IN_ANY_SCRIPT.search(smooth)
        or any(ORDERS.search(guise) for guise in (letters[::-1], codecs.decode(letters, "rot13")))
    )


def _decoded(text: str) -> Iterator[str]:
    yield text
    yield from {html.unescape(text), unquote(text, errors="replace")} - {text}
    # Codes may be spread over lines.
    joined = re.sub(r"[\r\n]+", "", text)
    for found in _PACKED.findall(joined):
        yield from _unpacked(found)
    for found in _HEXADECIMAL.findall(joined):
        yield bytes.fromhex(re.sub(r"[\s:]", "", found)).decode(errors="replace")


def _unpacked(packed: str) -> Iterator[str]:
    body = packed.rstrip("=").translate(str.maketrans("-_", "+/"))
    # A last letter alone carries no byte.
    body = body[:-1] if len(body) % 4 == 1 else body
    try:
        yield base64.b64decode(body + "=" * (-len(body) % 4)).decode(errors="replace")
    except binascii.Error:
        return


def _joined(match: re.Match[str]) -> str:
    return re.sub(r"[\s.\-_*·]", "", match[0])
