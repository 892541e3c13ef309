"""Why a text cannot be had. Each says one sentence, which is shown to people and kept in the analysis record."""

# ruff: noqa: N818 - classes are named after what happened.

from typing import ClassVar


class TextError(Exception):
    """A text that cannot be scored; `for_ever` tells whether asking again is of use."""

    for_ever: ClassVar[bool]


class TextUnavailable(TextError):
    """Nobody who was asked has the text now; it may be had later."""

    for_ever = False


class TextMismatch(TextError):
    """The CID and the text hash on the chain name different bytes: no text can ever match both."""

    for_ever = True


class TextUnreadable(TextError):
    """What is named, whoever has it, is no text: a CID of another kind, too long, not UTF-8."""

    for_ever = True
