"""Fixtures: one Scene for the whole run, restored to a stage for every test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.programs import parts
from tests.programs.scene import Scene
from tests.programs.stages import Stages


@pytest.fixture(scope="session")
def stages() -> Stages:
    """Every stage of a market, reached when first asked for."""
    return Stages(Scene(parts.program(parts.OPINION_MARKET)))


@pytest.fixture
def at(stages: Stages) -> Callable[[str], Scene]:
    """The scene restored to a stage: `at("captured")`."""
    return stages.at


SLOW = ("test_state_machine.py", "on_validator")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first: the validator and the long sequences come last."""
    items.sort(key=lambda item: next((1 + at for at, name in enumerate(SLOW) if f"programs/{name}" in item.nodeid), 0))
