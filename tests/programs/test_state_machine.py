"""The state machine over random sequences, and the proof that it notices what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis.stateful import rule

from tests.programs import fuzz, machine, parts
from tests.programs import scene as s
from tests.programs.invariants import Broken, Watch
from tests.programs.machine import OpinionMarket
from tests.programs.model import Model
from tests.programs.scene import Scene
from tests.programs.spec import Reason

DONE = [
    "accept", "capture", "claim", "close", "close opinion", "collect", "create", "deposit", "draw", "expire", "finish", "fulfil",
    "pause", "propose", "rearm", "record", "recover", "request", "revoke", "rotate key", "set randomness", "stake", "withdraw",
]  # fmt: skip


@pytest.fixture
def scene() -> Scene:
    return Scene(parts.program(parts.OPINION_MARKET))


def test_state_machine_holds_every_invariant(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    steps = fuzz.wanted()
    with capsys.disabled():
        report = fuzz.run(scene, steps)
        print(f"\n{report}")
    assert report.steps >= steps
    assert report.counts.total() == report.steps
    if steps >= fuzz.DEFAULT_STEPS:
        for name in DONE:
            assert report.counts[f"{name}: done"], f"{name} never succeeded: the sequences are too shallow"
            assert report.counts[f"{name}: refused"], f"{name} was never refused: the sequences are too tame"
        assert set(report.reasons) == {reason.name for reason in Reason} - {"NONE"}
