"""@sqds/multisig as it comes from npm, against the program that every localnet has in the place of Squads v4."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.localnet import MULTISIG
from tests.oracle.settlement.conftest import Node, started_node


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A localnet as `opinion localnet` starts it."""
    folder = Path(tempfile.mkdtemp(prefix="opinion-"))
    node = started_node(folder)
    yield node
    node.stop()
    shutil.rmtree(folder)


def test_squads_own_client_goes_through_the_life_of_proposals(javascript: Path, node: Node) -> None:
    command = ["node", "--no-warnings", "squads.mjs", node.url, str(MULTISIG)]
    result = subprocess.run(command, cwd=javascript, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == {
        "approved": "Approved",
        "executed": "Executed",
        "paid": 500_000_000,
        "rejected": "Rejected",
        "cancelled": "Cancelled",
        "threshold": 3,
        "members": 5,
        "stale": 4,
        "batch": "Executed",
        "paidInBatch": 7,
        "closed": True,
    }
