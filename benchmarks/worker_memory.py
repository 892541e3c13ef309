"""Memory of one worker with the fork that runs its job: a chain worker, without the model's SDK, and one for analyses.

    python -m benchmarks.worker_memory [--markets 12]

Sampled while they settle markets with a model that takes 3 s. PSS is what a process adds to the machine, with shared
pages divided among those that share them; RSS counts the fork's share of its parent's pages twice. Judged by the
largest PSS of parent and fork together, of a pair that shares with nobody else. Exit code 1 above the goals.
"""

import argparse
import asyncio
import os
import sys
import time

from rich.console import Console
from rich.table import Table

from benchmarks.stand.courses import courses
from benchmarks.stand.deployment import Size, deployed
from benchmarks.stand.markets import open_markets, pass_a_day
from benchmarks.stand.processes import Memory, children_of, command_of, memory_of

GOALS_MB = {"chain": 120, "analysis": 180}
MODEL_S = 3.0
SLOT_MS = 50
LOOK_S = 0.1
PATIENCE_S = 300.0
_MB = 1_000_000


async def measure(markets: int) -> dict[str, dict[str, Memory]]:
    """The most that each kind of worker took: alone, its fork, both."""
    most: dict[str, dict[str, Memory]] = {kind: {} for kind in GOALS_MB}
    async with deployed(MODEL_S, SLOT_MS) as deployment:
        await open_markets(deployment.stage, markets, deployment.state.texts)
        await pass_a_day(deployment.stage)
        await deployment.start(Size(1, 1))
        until = time.monotonic() + PATIENCE_S
        while len(await courses(deployment.db)) < markets and time.monotonic() < until:
            for pid in children_of(os.getpid()):
                if " work " in (command := command_of(pid)):
                    _note(most["analysis" if command.endswith("analyse") else "chain"], pid)
            await asyncio.sleep(LOOK_S)
    return most


def _note(most: dict[str, Memory], worker: int) -> None:
    """Keep the largest of each; a process that ends meanwhile is left out."""
    try:
        parts = {"worker": memory_of(worker)}
        for fork in children_of(worker):
            parts["fork"] = memory_of(fork)
    except OSError:
        return
    parts["both"] = Memory(sum(part.rss for part in parts.values()), sum(part.pss for part in parts.values()))
    for name, found in parts.items():
        before = most.get(name, Memory(0, 0))
        most[name] = Memory(max(before.rss, found.rss), max(before.pss, found.pss))


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=12)
    most = asyncio.run(measure(parser.parse_args().markets))
    table = Table("worker", "part", "RSS MB", "PSS MB", "goal", title="the most that was seen")
    for kind, parts in most.items():
        for name, found in parts.items():
            goal = f"{GOALS_MB[kind]}" if name == "both" else ""
            table.add_row(kind, name, f"{found.rss / _MB:.0f}", f"{found.pss / _MB:.0f}", goal)
    Console().print(table)
    met = all("fork" in parts and parts["both"].pss <= GOALS_MB[kind] * _MB for kind, parts in most.items())
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
