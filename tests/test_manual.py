"""The man page is the commands', and shells complete them."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import missing

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def test_the_man_page_is_what_make_man_writes() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "man" / "make.py"))
    assert (ROOT / "docs" / "man" / "opinion.1").read_text() == made["page"](), "run `make man`"


def test_the_man_page_can_be_read() -> None:
    if shutil.which("man") is None or shutil.which("groff") is None:
        missing("man", "install Debian's man-db and groff")
    command = ["man", "--warnings", "-l", str(ROOT / "docs" / "man" / "opinion.1")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "80"})
    assert shown.stderr == ""
    assert "opinion queue pause NAME" in shown.stdout


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("opinion st", "status store"),
        ("opinion store gr", "grants"),
        ("opinion console --scr", "--screen"),
        ("opinion console --screen al", "alerts"),
        ("opinion console --theme ", "dark light plain"),
        ("opinion queue pause an", "analyse"),
        ("opinion completion f", "fish"),
    ],
)
def test_bash_completes(typed: str, completed: str) -> None:
    words = typed.split(" ")
    quoted = " ".join(f'"{word}"' for word in words)
    script = (
        f"source <(opinion completion bash); COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
        '_opinion_completion opinion; echo "${COMPREPLY[@]}"'
    )
    path = {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=path, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (completed, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_script(shell: str) -> None:
    done = subprocess.run([BIN / "opinion", "completion", shell], capture_output=True, text=True, check=True)
    assert "_OPINION_COMPLETE" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)
