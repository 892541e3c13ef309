"""The console, its table alone, and a stock Textual DataTable, each in a pseudo-terminal of 80x24, counted at the
terminal's side.

    python -m benchmarks.console_in_terminal [--quick]

All show 10,000 rows; the console reads them from a database in which another process changes them, with 1,000 jobs in
Valkey. All run in the same run, since a busy machine stretches all times. Exit code 1 where the console or its table is
above the goals.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.console import backends, measures
from benchmarks.console.measures import Subject

ROWS = 10_000
CHANGES = 50
CELLS = 20
UPDATES, BINDINGS = 86_400, 10_000
STOCK_SHARE = 20
"""The stock footer grows with each refresh: a twentieth shows it."""
NAMES = {
    "frame": ("start to first frame", "s", 1.0),
    "paint": ("start to first row", "s", None),
    "idle": ("idle, with a clock", "B/s", 120.0),
    "cells": (f"{CELLS} changed cells a second", "B/s", 2_000.0),
    "processor": ("  and of a core", "%", None),
    "p50": (f"key to first byte at {CHANGES} changes/s, p50", "ms", None),
    "p95": ("  p95", "ms", 50.0),
    "stall": ("delay of the loop in 10 s without a reader", "ms", 100.0),
    "gone": ("terminal gone to process gone", "s", 5.0),
    "resident": ("resident", "MB", 150.0),
    "help": ("`opinion --help`", "s", 0.3),
    "status": ("`opinion status`", "s", 1.2),
    "growth": (f"growth over {UPDATES:,} updates, {BINDINGS:,} refreshes", "MB", 5.0),
}
"""Each measure's words, unit, and the most that is allowed."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How long to measure."""

    seconds: float
    presses: int
    share: int
    """Of a soak, one part in so many."""


def measured(subject: Subject, extent: Extent, stock: bool) -> dict[str, float]:
    """Measure all that can be measured of it, telling of each part on stderr."""
    found: dict[str, float] = {}

    def note(names: tuple[str, ...], measure: Callable[[], float | tuple[float, ...]]) -> None:
        print(f"{subject.name}: {', '.join(names)}", file=sys.stderr)
        value = measure()
        found.update(zip(names, value if isinstance(value, tuple) else (value,), strict=True))

    note(("frame", "paint"), lambda: measures.first_paint(subject))
    note(("idle", "resident"), lambda: measures.idle(subject, extent.seconds))
    note(("cells", "processor"), lambda: measures.cells(subject, CELLS, extent.seconds))
    note(("p50", "p95"), lambda: measures.keys(subject, CHANGES, extent.presses))
    note(("stall",), lambda: measures.stall(subject))
    note(("gone",), lambda: measures.gone(subject))
    if subject.happening is not None:
        note(("help",), lambda: measures.command_line("--help"))
        note(("status",), lambda: measures.command_line("status"))
    else:
        share = extent.share * (STOCK_SHARE if stock else 1)
        note(("growth",), lambda: measures.soak(subject, UPDATES // share, BINDINGS // share))
    return found


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the soak, and shorter looks")
    given = parser.parse_args()
    extent = Extent(5, 40, 10) if given.quick else Extent(20, 200, 1)
    ours = measures.table_of("our table", "benchmarks.console.live_table", ROWS)
    stock = measures.table_of("stock table", "benchmarks.console.stock_table", ROWS)
    whole = Subject("console", "ops.commands", ("console", "--screen", "markets"), backends.MARK, backends.happening)
    subjects = [whole, ours, stock]
    with backends.standing():
        figures = {subject: measured(subject, extent, subject is stock) for subject in subjects}
    table = Table("measure", "unit", *(subject.name for subject in subjects), "goal", title="80x24, 10,000 rows")
    for name, (words, unit, goal) in NAMES.items():
        values = [figures[subject].get(name) for subject in subjects]
        shown = ("-" if value is None else f"{value:,.2f}" if unit == "s" else f"{value:,.0f}" for value in values)
        table.add_row(words, unit, *shown, "" if goal is None else f"{goal:g}")
    Console().print(table)
    if extent.share > 1:
        print(f"--quick: growth is over one {extent.share}th of the updates and refreshes.")
    print(f"The stock table's growth is over one {STOCK_SHARE}th of what ours is over.")
    above = [
        name
        for name, (_, _, goal) in NAMES.items()
        if goal is not None and max(figures[subject].get(name, 0) for subject in (whole, ours)) > goal
    ]
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
