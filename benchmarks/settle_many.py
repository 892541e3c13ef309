"""Many markets due at once, with a model that takes 3 s, ten analyses at a time: how near the ideal the oracle comes.

    python -m benchmarks.settle_many [--markets 500] [--chain 6] [--slot-ms 400] [--postgresql]

The whole deployment runs as real processes on this machine: a localnet, Valkey, a watcher, ten analysis workers and
`--chain` others. The ideal is that ten analyses are under way all the time, and that the last market then waits for its
target slot and for finality. Own work is all that a settlement takes from its first act until it is paid but the
waits for a turn to be analysed, for the slot and for finality; queueing for a worker counts as work. All of it is
derived from the rows. Exit code 1 when the time until all are paid is more than 1.15 times the ideal, or the 95th
percentile of own work is 30 s or more.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.stand.courses import Course, courses, percentile
from benchmarks.stand.deployment import Deployment, Size, deployed
from benchmarks.stand.markets import open_markets, pass_a_day
from benchmarks.stand.processes import children_of, command_of, cpu_seconds
from chain.constants import TARGET_SLOT_DELAY
from oracle.settlement.plan import FINALITY_SLOTS
from store.settlements import SLOTS

GOAL_RATIO, GOAL_OWN_S = 1.15, 30.0
MODEL_S = 3.0
LOOK_S = 2.0
PATIENCE_S = 900.0


@dataclass(frozen=True)
class Figures:
    """What one run gave. `processor` is in seconds, by the kind of process."""

    courses: Sequence[Course]
    elapsed: float
    ideal: float
    processor: dict[str, float]

    @property
    def ratio(self) -> float:
        """Time over the ideal."""
        return self.elapsed / self.ideal


def ideal_seconds(markets: int, slot_ms: int) -> float:
    """Analyses without a pause, then one wait for the slot and one for finality."""
    return markets * MODEL_S / SLOTS + (TARGET_SLOT_DELAY + FINALITY_SLOTS) * slot_ms / 1000


async def measure(markets: int, chain: int, slot_ms: int, *, with_postgresql: bool) -> Figures:
    """Open the markets, let the oracle settle them, read how it went."""
    async with deployed(MODEL_S, slot_ms, with_postgresql=with_postgresql) as deployment:
        await open_markets(deployment.stage, markets, deployment.state.texts)
        await pass_a_day(deployment.stage)
        before = _processor()
        await deployment.start(Size(chain, SLOTS))
        found = await _until_paid(deployment, markets)
        used = {kind: seconds - before.get(kind, 0.0) for kind, seconds in _processor().items()}
    began = min(course.due for course in found)
    elapsed = (max(course.paid for course in found) - began).total_seconds()
    return Figures(found, elapsed, ideal_seconds(markets, slot_ms), used)


async def _until_paid(deployment: Deployment, markets: int) -> list[Course]:
    until = time.monotonic() + PATIENCE_S
    while len(found := await courses(deployment.db)) < markets:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(found)} of {markets} markets were paid within {PATIENCE_S:.0f} s")
        await asyncio.sleep(LOOK_S)
    return found


def _processor() -> dict[str, float]:
    """Processor time of our children until now, by kind."""
    kinds = {"analyse": "analysis workers", "capture,": "chain workers", "oracle watch": "watcher"}
    kinds |= {"opinion_localnet": "localnet", "valkey": "Valkey", "messages_api": "model"}
    used: dict[str, float] = {}
    for pid in children_of(os.getpid()):
        command = command_of(pid)
        kind = next((kind for word, kind in kinds.items() if word in command), "other")
        used[kind] = used.get(kind, 0.0) + cpu_seconds(pid)
    return used


def print_figures(figures: Figures) -> None:
    """The tables."""
    found = figures.courses
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    table = Table("", "s", title=f"{len(found)} markets due at once; {os.cpu_count()} cores, load {load}")
    table.add_row("until all are paid", f"{figures.elapsed:.1f}")
    scored = max(course.scored for course in found) - min(course.due for course in found)
    table.add_row("  until all are analysed", f"{scored.total_seconds():.1f}")
    table.add_row("ideal", f"{figures.ideal:.1f}")
    table.add_row("ratio", f"{figures.ratio:.2f}x (goal {GOAL_RATIO}x)")
    rows = {
        "own work": [course.own for course in found],
        "  of it the analysis": [course.analysed.total_seconds() for course in found],
        "  of it queued for a worker": [course.queued.total_seconds() for course in found],
        "declared waits": [course.waits.total_seconds() for course in found],
    }
    for name, values in rows.items():
        goal = f" (goal p95 <{GOAL_OWN_S:.0f})" if name == "own work" else ""
        table.add_row(name, f"p50 {percentile(values, 50):.1f}, p95 {percentile(values, 95):.1f}{goal}")
    for kind, seconds in sorted(figures.processor.items()):
        table.add_row(f"processor, {kind}", f"{seconds:.1f}, {seconds / len(found):.3f} a market")
    Console().print(table)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=500)
    parser.add_argument("--chain", type=int, default=6)
    parser.add_argument("--slot-ms", type=int, default=400)
    parser.add_argument("--postgresql", action="store_true", help="PostgreSQL in place of SQLite")
    options = parser.parse_args()
    measuring = measure(options.markets, options.chain, options.slot_ms, with_postgresql=options.postgresql)
    figures = asyncio.run(measuring)
    print_figures(figures)
    own = percentile([course.own for course in figures.courses], 95)
    return 0 if figures.ratio <= GOAL_RATIO and own < GOAL_OWN_S else 1


if __name__ == "__main__":
    sys.exit(main())
