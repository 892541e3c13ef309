"""The table at a real terminal: what comes there in parts is what would come at once, and is little."""

import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.console.load import changed, first_rows
from tests.console.frames import Terminal

ROOT = Path(__file__).parents[2]
ROWS, UPDATES = 10_000, 300


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The table alone, in which so many cells change."""
    words = ("-m", "benchmarks.console.live_table", "--rows", str(ROWS), "--updates", str(UPDATES), "--bindings", "30")
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    opened = Terminal(*words, environment=environment, program=Path(sys.executable))
    yield opened
    opened.close()


def test_parts_add_up_to_the_whole(terminal: Terminal) -> None:
    rows = first_rows(ROWS)
    for _ in islice(changed(rows, 20), UPDATES // 10 + UPDATES):
        pass
    terminal.until("soak-done")
    assert terminal.answer("jj") > 0
    wanted = [
        [row.name, row.state, str(row.stakers), str(row.stake), *row.statement.split()]
        for row in islice(rows.values(), 20)
    ]
    terminal.until(f"{rows['m00019'].stake} Statement of m00019")
    terminal.read(0.5)
    assert [line.split() for line in terminal.text().splitlines()[2:22]] == wanted


def test_a_cell_costs_little_and_a_lost_terminal_ends_it(terminal: Terminal) -> None:
    terminal.until("soak-warm")
    before = len(terminal.sent)
    terminal.until("soak-done")
    assert len(terminal.sent) - before < 100 * UPDATES + 1_000
    os.close(terminal.handle)
    deadline = time.monotonic() + 20
    while not terminal.ended():
        assert time.monotonic() < deadline, "it lives on without a terminal"
        time.sleep(0.05)
