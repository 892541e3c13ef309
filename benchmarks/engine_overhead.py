"""What leases, fences, the journal and the audit log cost: the engine against RQ jobs that make the same calls without.

    python -m benchmarks.engine_overhead [--markets 8] [--rounds 2]

One worker of each kind, in turn, settles as many markets on the same localnet, from due to the finalized receipt; the
lexicon scores. Both plan, read and send by the same code. Judged by the worker's seconds a market; its processor time
is told too. Exit code 1 when the engine takes more than 1.3 times as long.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from benchmarks.stand.bare import DONE, DUE, JOB, QUEUE, redis_of
from benchmarks.stand.deployment import ANALYSIS, CHAIN, Deployment, deployed
from benchmarks.stand.markets import open_markets, pass_a_day
from benchmarks.stand.processes import children_of, command_of, cpu_seconds
from ops.up.child import Child
from oracle.queues import JobQueues
from oracle.reconciler import Reconciler
from store import settlements
from store.settlements import Status

GOAL = 1.3
SLOT_MS = 50
LOOK_S = 0.05
PATIENCE_S = 300.0
Way = Callable[[Deployment, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True)
class Took:
    """Seconds: all of it, and processor time of the worker and its forks."""

    elapsed: float
    processor: float

    def __add__(self, other: "Took") -> "Took":
        return Took(self.elapsed + other.elapsed, self.processor + other.processor)


async def engine(deployment: Deployment, markets: Sequence[str]) -> None:
    """Settle by the engine; what the watcher does is done here."""
    for market in markets:
        await settlements.add(deployment.db, market)
    with JobQueues(deployment.environment["REDIS_URL"]) as queues:
        reconciler = Reconciler(deployment.db, queues)
        while True:
            await reconciler.look()
            rows = {row.market: row.status for row in await settlements.all_of(deployment.db)}
            if all(rows[market] is Status.DONE for market in markets):
                return
            if parked := [market for market in markets if rows[market] is Status.PARKED]:
                raise RuntimeError(f"{parked[0]} was parked")
            await asyncio.sleep(LOOK_S)


async def bare(deployment: Deployment, markets: Sequence[str]) -> None:
    """Settle by bare jobs."""
    redis: Any = redis_of(deployment.environment["REDIS_URL"])
    queue: Any = RqQueue(QUEUE, connection=redis, serializer=JSONSerializer)
    redis.zadd(DUE, dict.fromkeys(markets, 0.0))
    while not all(redis.smismember(DONE, list(markets))):
        due = redis.zrangebyscore(DUE, 0, time.time())
        for market in due:
            redis.zrem(DUE, market)
            queue.enqueue(JOB, args=(market.decode(),), result_ttl=0)
        await asyncio.sleep(LOOK_S)


async def measured(work: Way, worker: Child, deployment: Deployment, markets: Sequence[str]) -> Took:
    """Seconds that the running `worker` took."""
    [pid] = [pid for pid in children_of(os.getpid()) if " ".join(worker.command) in command_of(pid)]
    began, before = time.perf_counter(), cpu_seconds(pid)
    async with asyncio.timeout(PATIENCE_S):
        await work(deployment, markets)
    return Took(time.perf_counter() - began, cpu_seconds(pid) - before)


async def measure(count: int, rounds: int) -> tuple[Took, Took]:
    """Totals of the engine and of bare jobs."""
    async with deployed(None, SLOT_MS) as deployment:
        markets = await open_markets(deployment.stage, count * rounds * 2, deployment.state.texts)
        await pass_a_day(deployment.stage)
        ours = deployment.worker("engine", f"{CHAIN},{ANALYSIS}")
        theirs = deployment.child("bare", (sys.executable, "-m", "benchmarks.stand.bare"))
        for worker in (ours, theirs):
            await deployment.supervisor.start(worker)
        totals: dict[Way, Took] = {engine: Took(0, 0), bare: Took(0, 0)}
        for _ in range(rounds):
            for way, worker in ((engine, ours), (bare, theirs)):
                share, markets = markets[:count], markets[count:]
                totals[way] += await measured(way, worker, deployment, share)
    return totals[engine], totals[bare]


def main() -> int:
    """Prints the table; 0 when the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    count: int = options.markets * options.rounds
    ours, theirs = asyncio.run(measure(options.markets, options.rounds))
    ratio = ours.elapsed / theirs.elapsed
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    table = Table("worker", "s a market", "processor s a market", title=f"{count} markets each; load {load}")
    table.add_row("settlement engine", f"{ours.elapsed / count:.2f}", f"{ours.processor / count:.2f}")
    table.add_row("bare RQ jobs", f"{theirs.elapsed / count:.2f}", f"{theirs.processor / count:.2f}")
    table.add_row("ratio", f"{ratio:.2f}x (goal {GOAL}x)", f"{ours.processor / theirs.processor:.2f}x")
    Console().print(table)
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
