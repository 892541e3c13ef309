"""What is sent for a change of the screen: the cells of the changed regions, the lines that differ, and no others.

Textual 8 crops a changed region on its right only, so that one cell costs its whole line up to there; repeats the
colours for every piece of a line; paints whole screens several times over when it goes from one to another; and ends
their lines with line feeds, which scroll a terminal that became smaller meanwhile.
"""

# Textual has no public compositor.
# pyright: reportUnknownMemberType=false

from typing import Any

from rich.console import Console
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate  # pyright: ignore[reportPrivateUsage]
from textual.strip import Strip


class Sequences(CompositorUpdate):
    """An update, as the terminal is sent it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent."""
        return self._text


class Painter:
    """Knows which lines the terminal shows, as long as all that is sent to it comes from here."""

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}
        """Whole lines by their number, as they were sent; not those that changed in part since."""

    def forget(self) -> None:
        """Nobody knows any more what the terminal shows."""
        self._lines.clear()

    def painted(self, update: Any, console: Console) -> Any:
        """Return the update, one of Textual's or anything that rich renders, as it is to be sent.

        From now on the terminal counts as showing it.
        """
        if isinstance(update, ChopsUpdate):
            return Sequences(self._cells(update, console))
        if isinstance(update, LayoutUpdate):
            return Sequences(self._whole(update, console))
        self.forget()
        return update

    def _cells(self, update: ChopsUpdate, console: Console) -> str:
        parts: list[str] = []
        for y, first, last in update.spans:
            self._lines.pop(y, None)
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is None or x >= last or end <= first:
                    continue
                left = max(x, first)
                cells = strip.crop(left - x, min(end, last) - x).simplify()
                parts += [f"\x1b[{y + 1};{left + 1}H", cells.render(console)]
        return "".join(parts)

    def _whole(self, update: LayoutUpdate, console: Console) -> str:
        parts: list[str] = []
        for y, strips in enumerate(update.strips):
            line = Strip.join(strips).simplify().render(console)
            if self._lines.get(y) != line:
                self._lines[y] = line
                parts += [f"\x1b[{y + 1};1H", line]
        return "".join(parts)
