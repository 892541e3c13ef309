"""Overview: what needs a person, and how everything is."""

from collections.abc import Callable, Iterable
from typing import Any

from textual.widget import Widget

from console.feeds.base import Feed, Snapshot
from console.overview_lines import Known, Line, following, lines_of
from console.screens.base import Room, bindings_of
from console.widgets.table import Column, LiveTable
from ops.status import Overview as Seen
from ops.status import Screen

_NAME, BESIDE = 12, 14
"""Columns of what a line is about, and of all that stands beside its words."""


class Overview(Room):
    """What needs a person comes first, in words; then every part with its state. Enter opens what is behind a line."""

    room = "overview"
    BINDINGS = bindings_of("overview")

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        columns: tuple[Column[Line], ...] = (
            Column("name", "what", _NAME, lambda line: line.name, lambda line: line.place, lambda line: line.style),
            Column("words", "", 40, lambda line: line.words, lambda line: line.place, lambda line: line.style, flex=1),
        )
        self._table: LiveTable[Line] = LiveTable(columns, sort="name", empty="Reading…", stays_first=True)
        self._known: Known | None = None

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield self._table

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The overview."""
        return [(self.context.hub.overview, self._paint)]

    def on_resize(self) -> None:
        """Words are folded to the screen."""
        self._show()

    def _paint(self, snapshot: Snapshot[Seen]) -> None:
        self._table.set_class(snapshot.error is not None, "stale")
        if snapshot.value is not None and (self._known is None or snapshot.value is not self._known.now):
            self._known = following(self._known, snapshot.value)
            self._show()

    def _show(self) -> None:
        if self._known is not None:
            self._table.replace_rows(lines_of(self._known, self.size.width - BESIDE))

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Open the screen behind the line, and for a line without one say it whole."""
        line = self._table.rows[event.key]
        if line.screen is Screen.OVERVIEW:
            self.say(line.words)
        else:
            self.context.obey(f"{line.screen} {line.filter_words}".strip())
