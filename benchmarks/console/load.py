"""Rows that look like markets, and how they change: the same for both tables that are measured."""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

CURSOR = "#34405f"
"""The background of the cursor's row, by which a measurement knows the answer to a key."""
MARK = "m00000"
"""The first row's name: once it is there, the table is."""
WARM, SOAKED = "soak-warm", "soak-done"
"""What the screen shows once a soak has warmed up, and at its end."""
WARM_S = 3.0
"""How long it stays warm, for somebody to look."""
STEPS = 10
"""So many times a second the changes of that time come together."""
STATES = ("active", "closed", "paid", "randomness")


@dataclass(frozen=True, slots=True)
class Item:
    """One row."""

    name: str
    state: str
    stakers: int
    stake: int
    statement: str


@dataclass(frozen=True, slots=True)
class Load:
    """What happens to the rows: `changes` a second anywhere, `cells` a second among the first, then as fast as can be
    `updates` of a cell that is shown and `bindings` refreshes of the keys."""

    rows: int
    changes: int
    cells: int
    clock: bool
    updates: int
    bindings: int


def load() -> Load:
    """Read it from the command line."""
    parser = argparse.ArgumentParser()
    for name in ("rows", "changes", "cells", "updates", "bindings"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--clock", action="store_true")
    return Load(**vars(parser.parse_args()))


def first_rows(count: int) -> dict[str, Item]:
    """So many rows, by name."""
    chance = random.Random(5)
    names = [f"m{number:05}" for number in range(count)]
    return {
        name: Item(name, chance.choice(STATES), chance.randrange(100), chance.randrange(10_000), f"Statement of {name}")
        for name in names
    }


def changed(rows: dict[str, Item], among: int) -> Iterator[Item]:
    """Without end: one of the first `among` rows with another stake, noted in `rows`. The names, and so the order of
    the rows, stay."""
    chance = random.Random(6)
    names = list(rows)[:among]
    while True:
        row = rows[chance.choice(names)]
        rows[row.name] = replace(row, stake=(row.stake + chance.randrange(1, 10_000)) % 10_000)
        yield rows[row.name]
