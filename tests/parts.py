"""What tests do where a program that they need is missing."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test, saying why; in CI, where every part is installed, fail it instead."""
    reason = f"{what} is missing: {remedy}"
    if os.environ.get("OPINION_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str, remedy: str, *folders: Path) -> str:
    """The path of a program from the folders or PATH, or no test."""
    for folder in folders:
        if (folder / name).exists():
            return str(folder / name)
    return shutil.which(name) or missing(name, remedy)
