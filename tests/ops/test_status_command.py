"""`opinion status` where nothing can be asked: its exit code, and who stops reading it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OPINION = Path(sys.executable).with_name("opinion")
NOWHERE = {
    "PATH": os.environ["PATH"],
    "SOLANA_RPC_URL": "http://127.0.0.1:1",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DATABASE_URL": "postgresql://somebody:the-secret@127.0.0.1:1/opinion",
}


def shell(line: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """What bash says of it, with the first command's exit code."""
    words = ["bash", "-c", f'{line}; exit "${{PIPESTATUS[0]}}"', "bash", str(OPINION)]
    return subprocess.run(words, env=NOWHERE, cwd=folder, capture_output=True, text=True, check=False)


def test_what_cannot_be_asked_is_told_with_exit_code_four(tmp_path: Path) -> None:
    done = shell('"$1" status --json', tmp_path)
    assert done.returncode == 4
    assert json.loads(done.stdout)["schema"] == 1
    assert done.stderr == ""
    assert "the-secret" not in done.stdout


@pytest.mark.parametrize("options", ["", "--json", "--watch"])
def test_whoever_reads_the_first_line_alone_ends_it_quietly(options: str, tmp_path: Path) -> None:
    done = shell(f'"$1" status {options} | head -n 1', tmp_path)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_closed_output_is_no_fault(tmp_path: Path) -> None:
    done = shell('"$1" status >&-', tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (4, "", "")
