"""The console's table and driver in an app of nothing else: `python -m benchmarks.console.live_table --rows 10000`."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from benchmarks.console.load import CURSOR, SOAKED, STEPS, WARM, WARM_S, Item, Load, changed, first_rows, load
from console.terminal_app import TerminalApp
from console.widgets.table import Column, LiveTable

COLUMNS: tuple[Column[Item], ...] = (
    Column("name", "market", 8, lambda row: row.name, lambda row: row.name),
    Column("state", "state", 10, lambda row: row.state, lambda row: row.state),
    Column("stakers", "stakers", 7, lambda row: str(row.stakers), lambda row: row.stakers, right=True),
    Column("stake", "stake", 8, lambda row: str(row.stake), lambda row: row.stake, right=True),
    Column("statement", "statement", 16, lambda row: row.statement, lambda row: row.statement, flex=1),
)


class Live(TerminalApp):
    """A clock, the table, a line of keys."""

    CSS = "Static { height: 1; } #clock { width: 10; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "quit", "quit")]

    def __init__(self, what: Load) -> None:
        super().__init__()
        self._what = what
        self._rows = first_rows(what.rows)
        self._table = LiveTable(COLUMNS, sort="name")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the console's themes give the table."""
        return {"muted": "#7d849b", "row-cursor-background": CURSOR, "row-cursor-foreground": "#ffffff"}

    def compose(self) -> ComposeResult:
        """As the console's rooms are laid out."""
        yield Static(" ", id="clock")
        yield self._table
        yield Static("q quit")

    def on_mount(self) -> None:
        """Fill the table and let it live."""
        self._table.replace_rows(self._rows)
        self._table.focus()
        if self._what.clock:
            self.set_interval(1, self._tick)
        for rate, among in ((self._what.changes, len(self._rows)), (self._what.cells, 20)):
            if rate:
                self.run_worker(self._change(rate, among))
        if self._what.updates:
            self.run_worker(self._soak())

    def _tick(self) -> None:
        self.query_one("#clock", Static).update(f"{datetime.now(UTC):%H:%M:%S}", layout=False)

    async def _change(self, rate: int, among: int) -> None:
        stream = changed(self._rows, among)
        while True:
            self._table.update_rows({row.name: row for row in islice(stream, max(rate // STEPS, 1))})
            await asyncio.sleep(1 / STEPS)

    async def _soak(self) -> None:
        stream = changed(self._rows, 20)
        updates, every = self._what.updates, max(self._what.updates // max(self._what.bindings, 1), 1)
        await self._go_on(islice(stream, updates // 10), every)
        self.query_one("#clock", Static).update(WARM, layout=False)
        await asyncio.sleep(WARM_S)
        await self._go_on(islice(stream, updates), every)
        self.query_one("#clock", Static).update(SOAKED, layout=False)

    async def _go_on(self, stream: Iterator[Item], every: int) -> None:
        for number, row in enumerate(stream):
            self._table.update_rows({row.name: row})
            if number % every == 0:
                self.refresh_bindings()
            await asyncio.sleep(0)


if __name__ == "__main__":
    Live(load()).run()
