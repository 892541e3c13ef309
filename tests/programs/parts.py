"""Where the built programs and the validator are, and the one place that says a part is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

BUILT = Path(os.environ.get("OPINION_BUILT") or Path(__file__).parents[2] / "programs" / "built")
"""OPINION_BUILT names another folder, to try a build that is not in git."""

OPINION_MARKET = BUILT / "opinion_market.so"
ECVRF_TEST = BUILT / "ecvrf_test.so"


def missing(what: str) -> None:
    """Skips the test, saying why; with OPINION_CI=1 fails it, because there nothing may be missing."""
    if os.environ.get("OPINION_CI") == "1":
        pytest.fail(what)
    pytest.skip(what)


def program(path: Path) -> bytes:
    """A built program. They are in git, so a missing one is always a failure."""
    if not path.is_file():
        pytest.fail(f"{path.name} is not built: run programs/build")
    return path.read_bytes()


def tool(name: str) -> str:
    """The path of one of Solana's own programs."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not on PATH")
    assert found is not None
    return found


def validator() -> str:
    """The path of solana-test-validator."""
    return tool("solana-test-validator")
