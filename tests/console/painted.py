"""A screen as text, to the cell: its lines, then for each theme the styles of their cells.

A picture of one takes 30 kB, of which nobody reads a difference; this takes 2 kB, and a difference is the line that
changed. A style has a letter; `a12 b68` are twelve cells of the one and 68 of the other, `x5` five such lines.
"""

from collections.abc import Mapping
from itertools import groupby
from string import ascii_letters

from rich.segment import Segment

from console.app import Console

Lines = list[list[Segment]]


def lines_of(app: Console) -> Lines:
    """What the terminal is shown, line by line: a dialog with the screen below it."""
    compositor = app.screen._compositor  # pyright: ignore[reportPrivateUsage]
    update = compositor.render_update(full=True, screen_stack=app._background_screens, simplify=True)  # pyright: ignore[reportPrivateUsage]
    return [list(Segment.simplify(segment for strip in line for segment in strip)) for line in update.strips]


def words_of(lines: Lines) -> str:
    """The text alone, with a border where lines end that would end in spaces."""
    return "\n".join(f"{''.join(segment.text for segment in line)}|" for line in lines)


def styles_of(lines: Lines) -> str:
    """The styles of all cells, then what their letters mean."""
    letters: dict[str, str] = {}
    told = [" ".join(_run(segment, letters) for segment in line) for line in lines]
    runs = [(line, len(list(same))) for line, same in groupby(told)]
    body = [line if count == 1 else f"{line} x{count}" for line, count in runs]
    return "\n".join([*body, *(f"{letter} = {style}" for style, letter in letters.items())])


def _run(segment: Segment, letters: dict[str, str]) -> str:
    letter = letters.setdefault(str(segment.style), ascii_letters[len(letters)])
    return f"{letter}{segment.cell_length}"


def told(shown: Mapping[str, Lines]) -> str:
    """One size in every theme: the words once, since a theme changes colours alone."""
    words = {words_of(lines) for lines in shown.values()}
    assert len(words) == 1, "a theme changes words"
    return "\n".join([*words, *(f"-- {theme}\n{styles_of(lines)}" for theme, lines in shown.items())])
