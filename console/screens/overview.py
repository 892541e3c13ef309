"""Overview: what needs a person, and how everything is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from textual.widget import Widget

from console.feeds.base import Feed, Snapshot
from console.screens.base import Room, bindings_of
from console.sparkline import sparkline
from console.widgets.table import Column, LiveTable
from ops.status import Overview as Seen
from ops.status import Screen, Severity, attention
from ops.status_words import tiles

HOURS = 12
"""So many signs show a day."""
_SIGNS = {Severity.NOW: "!! NOW", Severity.SOON: "! soon", Severity.NOTE: "note"}
_STYLES = {Severity.NOW: "table--bad", Severity.SOON: "table--warning", Severity.NOTE: "table--muted"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, its words, and where Enter leads."""

    place: int
    name: str
    words: str
    style: str
    screen: Screen
    filter_words: str = ""


def lines_of(seen: Seen) -> dict[str, Line]:
    """Return the lines by key, what needs a person first."""
    found: dict[str, Line] = {}
    for number, one in enumerate(attention(seen)):
        style = _STYLES[one.severity]
        found[f"a{number}"] = Line(number, _SIGNS[one.severity], one.words, style, one.screen, one.words_after)
    if not found:
        found["a0"] = Line(0, "ok", "Nothing needs a person.", "table--good", Screen.OVERVIEW)
    for number, tile in enumerate(tiles(seen)):
        words = f"{tile.words}  {sparkline(tile.history, HOURS)} 24 h" if any(tile.history) else tile.words
        found[f"t{number}"] = Line(100 + number, tile.name, words, "", tile.screen, tile.words_after)
    return found


class Overview(Room):
    """What needs a person comes first, in words; then every part with its state. Enter opens what is behind a line."""

    room = "overview"
    BINDINGS = bindings_of("overview")

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        columns: tuple[Column[Line], ...] = (
            Column("name", "what", 12, lambda line: line.name, lambda line: line.place, lambda line: line.style),
            Column("words", "", 40, lambda line: line.words, lambda line: line.place, lambda line: line.style, flex=1),
        )
        self._table: LiveTable[Line] = LiveTable(columns, sort="name", empty="Reading…")

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield self._table

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The overview."""
        return [(self.context.hub.overview, self._paint)]

    def _paint(self, snapshot: Snapshot[Seen]) -> None:
        self._table.set_class(snapshot.error is not None, "stale")
        if snapshot.value is not None:
            self._table.replace_rows(lines_of(snapshot.value))

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Open the screen behind the line, and for a line without one say it whole."""
        line = self._table.rows[event.key]
        if line.screen is Screen.OVERVIEW:
            self.say(line.words)
        else:
            self.context.obey(f"{line.screen} {line.filter_words}".strip())
