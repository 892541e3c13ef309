"""Runs the state machine for a number of steps, in seeded batches, and goes on where an interrupted run stopped.

Settings, from the environment: OPINION_FUZZ_STEPS (20,000), OPINION_FUZZ_SEED (random; printed), OPINION_FUZZ_STATE
(a file that keeps seed and progress; none).
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.programs.machine import OpinionMarket
from tests.programs.scene import Scene
from tests.programs.world import Snapshot

DEFAULT_STEPS = 20_000
RUNS, RULES = 20, 120
"""Runs of a batch, and rules of a run."""


@dataclass
class Report:
    """What has been executed so far."""

    seed: int
    steps: int = 0
    batches: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])

    def save(self, path: Path) -> None:
        """Writes it whole or not at all."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(vars(self)))
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Report:
        """What an earlier run saved."""
        raw = json.loads(path.read_text())
        return cls(**{**raw, "counts": Counter(raw["counts"]), "reasons": Counter(raw["reasons"])})

    def __str__(self) -> str:
        rate = self.steps / self.seconds if self.seconds else 0.0
        lines = [
            f"seed {self.seed}: {self.steps} steps in {self.batches} batches, {self.seconds:.0f} s, {rate:.0f} steps/s"
        ]
        lines += [f"  {count:>8}  {name}" for name, count in sorted(self.counts.items())]
        lines += [f"  {count:>8}  refunding because {name}" for name, count in sorted(self.reasons.items())]
        return "\n".join(lines)


def wanted() -> int:
    """How many steps to run."""
    return int(os.environ.get("OPINION_FUZZ_STEPS") or DEFAULT_STEPS)


def begin() -> tuple[Report, Path | None]:
    """A new report, or the saved one."""
    path = Path(saved) if (saved := os.environ.get("OPINION_FUZZ_STATE")) else None
    if path is not None and path.exists():
        return Report.load(path), path
    return Report(int(os.environ.get("OPINION_FUZZ_SEED") or secrets.randbelow(2**32))), path


def batch(
    scene: Scene, start: Snapshot, number: int, kind: type[OpinionMarket] = OpinionMarket, *, shrink: bool = True
) -> tuple[Counter[str], Counter[str]]:
    """One batch with this seed: what its steps did. Raises whatever the machine found, shrunk."""
    fresh = {"scene": scene, "start": start, "counts": Counter[str](), "reasons": Counter[str]()}
    seeded = seed(number)(type(kind.__name__, (kind,), fresh))
    run_state_machine_as_test(
        seeded,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=RULES,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    return seeded.counts, seeded.reasons


def run(scene: Scene, start: Snapshot, steps: int) -> Report:
    """Batches until the report has this many steps."""
    report, path = begin()
    print(f"state machine: OPINION_FUZZ_SEED={report.seed}, from step {report.steps} to {steps}", flush=True)
    while report.steps < steps:
        began = time.monotonic()
        try:
            counts, reasons = batch(scene, start, report.seed + report.batches)
        except BaseException:
            print(f"found with OPINION_FUZZ_SEED={report.seed + report.batches} in its first batch", flush=True)
            raise
        report.counts += counts
        report.reasons += reasons
        report.steps += counts.total()
        report.batches += 1
        report.seconds += time.monotonic() - began
        if path is not None:
            report.save(path)
    return report
