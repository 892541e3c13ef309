"""The peer: Textual's own table, header and footer: `python -m benchmarks.console.stock_table --rows 10000`."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Header

from benchmarks.console.load import CURSOR, SOAKED, STEPS, WARM, WARM_S, Item, Load, changed, first_rows, load


class Stock(App[int]):
    """The same rows and changes, as the manual shows how."""

    CSS = f"DataTable > .datatable--cursor {{ background: {CURSOR}; color: white; }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("j", "down", "down"),
        Binding("k", "up", "up"),
    ]

    def __init__(self, what: Load) -> None:
        super().__init__()
        self._what = what
        self._rows = first_rows(what.rows)
        self._table: DataTable[str] = DataTable(cursor_type="row")

    def compose(self) -> ComposeResult:
        """The stock parts."""
        yield Header(show_clock=self._what.clock)
        yield self._table
        yield Footer()

    def on_mount(self) -> None:
        """Fill the table and let it live."""
        for name, width in (("market", 8), ("state", 10), ("stakers", 7), ("stake", 8), ("statement", 30)):
            self._table.add_column(name, width=width, key=name)
        for row in self._rows.values():
            self._table.add_row(row.name, row.state, str(row.stakers), str(row.stake), row.statement, key=row.name)
        self._table.focus()
        for rate, among in ((self._what.changes, len(self._rows)), (self._what.cells, 20)):
            if rate:
                self.run_worker(self._change(rate, among))
        if self._what.updates:
            self.run_worker(self._soak())

    async def _change(self, rate: int, among: int) -> None:
        stream = changed(self._rows, among)
        while True:
            for row in islice(stream, max(rate // STEPS, 1)):
                self._table.update_cell(row.name, "stake", str(row.stake))
            await asyncio.sleep(1 / STEPS)

    async def _soak(self) -> None:
        stream = changed(self._rows, 20)
        updates, every = self._what.updates, max(self._what.updates // max(self._what.bindings, 1), 1)
        await self._go_on(islice(stream, updates // 10), every)
        self.title = WARM
        await asyncio.sleep(WARM_S)
        await self._go_on(islice(stream, updates), every)
        self.title = SOAKED

    async def _go_on(self, stream: Iterator[Item], every: int) -> None:
        for number, row in enumerate(stream):
            self._table.update_cell(row.name, "stake", str(row.stake))
            if number % every == 0:
                self.refresh_bindings()
            await asyncio.sleep(0)

    def action_down(self) -> None:
        """One row down."""
        self._table.action_cursor_down()

    def action_up(self) -> None:
        """One row up."""
        self._table.action_cursor_up()


if __name__ == "__main__":
    Stock(load()).run()
