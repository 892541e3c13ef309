"""Of a change, its cells are sent and no others."""

import pyte
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from console.painting import CellsUpdate, cropped

RED = Style.parse("red")


def line(*words: str) -> Strip:
    return Strip([Segment(word, RED) for word in words])


def test_the_left_and_the_right_of_a_change_are_left_out() -> None:
    chops = [{0: line("aaaa", "bbbb", "cccc"), 12: line("dddd")}, {0: line("eeee", "ffff", "gggg"), 12: None}]
    update = cropped(ChopsUpdate(chops, [(0, 4, 14), (1, 2, 6)], [[12, 16], [12, 16]]))
    assert isinstance(update, CellsUpdate)
    sent = update.render_segments(Console(color_system="standard", force_terminal=True))
    screen = pyte.Screen(16, 2)
    pyte.Stream(screen).feed(sent)
    assert screen.display == ["    bbbbccccdd  ", "  eeff          "]
    assert (sent.count("\x1b[31m"), "\n" in sent) == (3, False), "equal colours are sent once a piece"


def test_what_is_no_partial_update_stays_as_it_is() -> None:
    whole = "a screen"
    assert cropped(whole) is whole
