"""What loads what: the programs' tests have solders and nothing else of Solana's."""

import subprocess
import sys

import pytest

HEAVY = {"solana", "anchorpy", "httpx", "settings"}
LIGHT = [
    "units",
    "constants",
    "addresses",
    "wire",
    "accounts",
    "instructions",
    "logs",
    "events",
    "errors",
    "failures",
    "ecvrf",
    "draw",
    "token",
    "loader",
    "signers",
    "journal",
    "answers",
    "health",
    "transaction",
    "checks",
    "evidence",
    "verify",
]


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_neither_solana_py_nor_anchorpy(module: str) -> None:
    code = f"import sys, chain.{module}; print({HEAVY} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "set()\n"
