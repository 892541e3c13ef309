"""NO_COLOR: not one colour is sent, grey ones included; what a background said, reverse says."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class Colourless(LineFilter):
    """Takes the colours from what the plain theme draws, which leaves all but cursor and danger on no background."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours."""
        return [Segment(text, style and without_colour(style), control) for text, style, control in segments]


@lru_cache(1024)
def without_colour(style: Style) -> Style:
    """Return the style without colours, reversed where it has a background of its own."""
    on_background = style.bgcolor is not None and not style.bgcolor.is_default
    return style.without_color + Style(reverse=True) if on_background else style.without_color
