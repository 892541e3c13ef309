"""What `make run` starts."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A make within `make test` says which folder it is in.
ENV = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The Makefile beside environments that are ready and an `opinion` that says what it was given."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, does in (("ops/environments.sh", "exit 0"), (".venv/bin/opinion", 'echo "opinion $*"')):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{does}\n")
        file.chmod(0o755)
    return tmp_path


def test_at_a_terminal_the_console_is_opened(copy: Path) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        with os.fdopen(theirs) as terminal:
            subprocess.run(["make", "run"], cwd=copy, env=ENV, stdin=terminal, stdout=terminal, timeout=30, check=True)
        assert screen.read(200).split() == [b"opinion", b"up", b"--traffic", b"--console"]


def test_elsewhere_it_is_not(copy: Path) -> None:
    done = subprocess.run(
        ["make", "run"], cwd=copy, env=ENV, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True
    )
    assert done.stdout.split() == [b"opinion", b"up", b"--traffic"]
