"""The multisig as it begins, for every test anew."""

from __future__ import annotations

import pytest

from tests.programs.multisig.council import Council
from tests.programs.world import Snapshot


@pytest.fixture(scope="session")
def _begun() -> tuple[Council, Snapshot]:
    council = Council()
    return council, council.snapshot()


@pytest.fixture
def council(_begun: tuple[Council, Snapshot]) -> Council:
    """A multisig of five people and a crank, of whom three decide, without transactions."""
    council, start = _begun
    council.restore(start)
    return council
