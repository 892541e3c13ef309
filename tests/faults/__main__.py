"""`python -m tests.faults --runs 1000 --seed N --state DIR`: seeded runs, resumed where they were left."""

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tests.faults.batch import NotSetUp, run_batch
from tests.faults.plan import Ground, Plan, ground_of, plan_of
from tests.faults.stack import Servers, servers_of

TOGETHER = 5
"""Runs at the same time on one stack."""


class Results:
    """The lines that are there; one is added as soon as its run is judged."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"results-{seed}.jsonl"

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line."""
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines() if line.endswith("}")]

    def add(self, line: dict[str, Any]) -> None:
        """One more."""
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")


class Pool:
    """Servers that are kept from one batch to the next."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._kept: dict[tuple[bool, bool], Servers] = {}

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def of(self, ground: Ground) -> Servers:
        """Those of the ground."""
        key = (ground.postgresql, ground.debian_redis)
        if key not in self._kept:
            self._kept[key] = self._open.enter_context(servers_of(ground))
        return self._kept[key]


def batches(seed: int, runs: int, done: set[int]) -> Iterator[tuple[Ground, list[Plan]]]:
    """The runs that are still to be made, in batches."""
    for batch in range((runs + TOGETHER - 1) // TOGETHER):
        ground = ground_of(seed, batch)
        numbers = range(batch * TOGETHER, min((batch + 1) * TOGETHER, runs))
        plans = [plan_of(seed, number, ground) for number in numbers if number not in done]
        if plans:
            yield ground, plans


async def work(seed: int, runs: int, state: Path, until: float) -> bool:
    """Make the runs that are missing; returns whether all that there are held. `until` is monotonic."""
    results = Results(state, seed)
    done = {line["run"] for line in results.lines()}
    print(f"seed {seed}: {len(done)} of {runs} runs are there, in {results.file}", flush=True)
    with Pool() as pool:
        for ground, plans in batches(seed, runs, done):
            if time.monotonic() > until:
                break
            folder = state / f"batch-{plans[0].number}"
            shutil.rmtree(folder, ignore_errors=True)
            for plan in plans:
                told = ", ".join(f"{fault.kind} {fault.phase}/{fault.moment}" for fault in plan.faults)
                print(f"run {plan.number}: markets of {plan.stakers} stakers; {told}", flush=True)
            began = time.monotonic()
            try:
                verdicts = await run_batch(seed, plans, ground, pool.of(ground), folder)
            except NotSetUp as error:
                print(f"batch of {plans[0].number} is left for the next time: {error}", flush=True)
                continue
            for verdict in verdicts:
                results.add(verdict.as_json(seed, ground))
                for words in verdict.wrong:
                    print(f"run {verdict.run} WRONG: {words}", flush=True)
            print(f"batch of {len(plans)} took {time.monotonic() - began:.0f} s on {ground}", flush=True)
            bare = any("bare" in words for words in verdicts[0].noted["tracebacks"])
            if not bare and not any(verdict.wrong for verdict in verdicts):
                shutil.rmtree(folder, ignore_errors=True)
    lines = results.lines()
    print("\n".join(summary(lines)), flush=True)
    return all(line["ok"] for line in lines)


def summary(lines: Sequence[dict[str, Any]]) -> list[str]:
    """The figures: runs, faults that struck, and how long work took to go on."""
    wrong = [line["run"] for line in lines if not line["ok"]]
    ended = Counter(words for line in lines for words in line["ended"].values())
    told = [f"{len(lines)} runs, {len(wrong)} wrong {wrong[:20] or ''}", f"markets: {dict(ended)}"]
    times: dict[str, list[float]] = defaultdict(list)
    planned: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    for fault in (fault for line in lines for fault in line["faults"]):
        planned[fault["kind"]] += 1
        struck[fault["kind"]] += fault["struck"]
        if fault["resumed_s"] is not None:
            times[fault["kind"]].append(fault["resumed_s"])
    for kind in sorted(planned):
        found = times[kind]
        resumed = f", work went on after {median(found):.1f} s (median), {max(found):.1f} s at most" if found else ""
        told.append(f"{kind}: {struck[kind]} struck of {planned[kind]} planned{resumed}")
    kept = sum(line["noted"].get("open_attempts", 0) for line in lines)
    stacks: Counter[str] = Counter()
    for line in lines:
        stacks.update(line["noted"].get("tracebacks", {}))
    told.append(f"attempts left open: {kept}; retried by the person: {sum(n['noted']['retried'] for n in lines)}")
    told += [f"traceback, {times} times: {words}" for words, times in stacks.most_common(15)]
    return told


def main() -> None:
    """Make the runs, and exit 1 where one did not hold."""
    parser = argparse.ArgumentParser(description="Seeded faults against the whole oracle; see tests/faults.")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed where left out")
    parser.add_argument("--state", type=Path, default=Path(".faults"), help="results and the logs of what went wrong")
    parser.add_argument("--hours", type=float, default=None, help="as many runs as fit, one after the other")
    arguments = parser.parse_args()
    seed = Random().randrange(10**6) if arguments.seed is None else arguments.seed
    runs = arguments.runs if arguments.hours is None else 10**9
    until = float("inf") if arguments.hours is None else time.monotonic() + arguments.hours * 3600
    held = asyncio.run(work(seed, runs, arguments.state.absolute(), until))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
