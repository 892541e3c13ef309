"""What is sent for a change of the screen: the cells of the changed regions and no others.

Textual 8 crops a changed region on its right only, so that one cell costs its whole line up to there, and repeats the
colours for every piece of a line.
"""

# Textual has no public compositor.
# pyright: reportUnknownMemberType=false

from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate  # pyright: ignore[reportPrivateUsage]


class CellsUpdate(ChopsUpdate):
    """A partial update, cropped on both sides."""

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent."""
        parts: list[str] = []
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= last or end <= first:
                    continue
                left = max(x, first)
                cells = strip.crop(left - x, min(end, last) - x).simplify()
                parts += [f"\x1b[{y + 1};{left + 1}H", cells.render(console)]
        return "".join(parts)


def cropped(update: RenderableType | None) -> RenderableType | None:
    """Return a partial update that sends only what changed; anything else as it is."""
    if isinstance(update, ChopsUpdate):
        return CellsUpdate(update.chops, update.spans, update.chop_ends)
    return update
