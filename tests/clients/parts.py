"""Programs that these tests need and that a machine may lack."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCALNET_PYTHON = ROOT / "localnet" / ".venv" / "bin" / "python"


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test, saying why; in CI, where every part is installed, fail it instead."""
    reason = f"{what} is missing: {remedy}"
    if os.environ.get("OPINION_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def on_path(program: str, remedy: str) -> str:
    """The path of `program`, or no test."""
    return shutil.which(program) or missing(program, remedy)


def localnet_python() -> str:
    """The interpreter that the localnet runs in, or no test."""
    if not LOCALNET_PYTHON.exists():
        missing("localnet/.venv", "run `make setup`")
    return str(LOCALNET_PYTHON)
