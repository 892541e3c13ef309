"""One localnet and one validator for the whole session."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import parts
from .cluster import Cluster, start_localnet, start_validator

JAVASCRIPT = Path(__file__).parent / "javascript"


@pytest.fixture(scope="session")
def localnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster, server = start_localnet(tmp_path_factory.mktemp("localnet"))
    yield cluster
    cluster.client.close()
    server.stop()


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("validator")
    cluster, server = start_validator(folder)
    yield cluster
    cluster.client.close()
    server.stop()
    # Its ledger is a gigabyte of preallocated files.
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["localnet", "validator"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def solana_cli() -> str:
    """Agave's command line."""
    return parts.on_path("solana", "put Agave's tools on PATH")


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The folder of the JavaScript clients, with what they need installed."""
    parts.on_path("node", "install Node.js 20 or newer")
    npm = parts.on_path("npm", "install npm")
    if not (JAVASCRIPT / "node_modules" / ".package-lock.json").exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        result = subprocess.run(command, cwd=JAVASCRIPT, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            parts.missing("the JavaScript clients", f"npm ci failed: {result.stderr.strip()[-300:]}")
    return JAVASCRIPT
