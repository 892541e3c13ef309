"""@solana/web3.js 1.x and @solana/kit as they come, on both clusters."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .cluster import Cluster


def _run(script: Path, cluster: Cluster) -> dict[str, Any]:
    """The last line that a script prints, as JSON."""
    command = ["node", "--no-warnings", script.name, cluster.url, cluster.ws_url]
    result = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, timeout=90, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("library", ["web3", "kit"])
def test_a_library_sends_confirms_and_reads(javascript: Path, cluster: Cluster, library: str) -> None:
    seen = _run(javascript / f"{library}.mjs", cluster)
    assert seen["balance"] == "1000000000"
    assert seen["fee"] == "5000"
    assert seen["version"] == 0
    assert seen["parsedType"] == "transfer"
    assert seen["preflightHasLogs"] is True
    assert seen["accountChange"] == "1000000000"
    assert seen["slots"] >= 2
    assert seen["programAccounts"] >= 1
    assert seen["programType"] == "program"
