"""Of a change, its cells are sent and no others; of a whole screen, the lines that the terminal does not show yet."""

import pyte
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from console.painting import Painter

RED = Style.parse("red")
CONSOLE = Console(color_system="standard", force_terminal=True)


def line(*words: str) -> Strip:
    return Strip([Segment(word, RED) for word in words])


def sent(painter: Painter, update: CompositorUpdate) -> str:
    painted = painter.painted(update, CONSOLE)
    assert isinstance(painted, CompositorUpdate)
    return painted.render_segments(CONSOLE)


def whole(*lines: str) -> LayoutUpdate:
    return LayoutUpdate([[line(words)] for words in lines], Region(0, 0, 4, len(lines)))


def test_the_left_and_the_right_of_a_change_are_left_out() -> None:
    chops = [{0: line("aaaa", "bbbb", "cccc"), 12: line("dddd")}, {0: line("eeee", "ffff", "gggg"), 12: None}]
    update = sent(Painter(), ChopsUpdate(chops, [(0, 4, 14), (1, 2, 6)], [[12, 16], [12, 16]]))
    screen = pyte.Screen(16, 2)
    pyte.Stream(screen).feed(update)
    assert screen.display == ["    bbbbccccdd  ", "  eeff          "]
    assert (update.count("\x1b[31m"), "\n" in update) == (3, False), "equal colours are sent once a piece"


def test_of_a_whole_screen_only_lines_are_sent_that_differ() -> None:
    painter, screen = Painter(), pyte.Screen(4, 3)
    stream = pyte.Stream(screen)
    stream.feed(sent(painter, whole("aaaa", "bbbb", "cccc")))
    assert screen.display == ["aaaa", "bbbb", "cccc"]
    assert sent(painter, whole("aaaa", "bbbb", "cccc")) == ""
    stream.feed(sent(painter, ChopsUpdate([{}, {}, {0: line("dddd")}], [(2, 0, 4)], [[], [], [4]])))
    last = sent(painter, whole("aaaa", "eeee", "cccc"))
    stream.feed(last)
    assert screen.display == ["aaaa", "eeee", "cccc"], "a line that changed in part is sent again"
    assert "aaaa" not in last


def test_what_is_forgotten_is_sent_again() -> None:
    painter = Painter()
    first = sent(painter, whole("aaaa", "bbbb"))
    painter.forget()
    assert sent(painter, whole("aaaa", "bbbb")) == first


def test_what_is_no_update_stays_as_it_is() -> None:
    assert Painter().painted("a screen", CONSOLE) == "a screen"
