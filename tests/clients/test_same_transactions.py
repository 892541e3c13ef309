"""The same transactions give answers of the same shape, errors of the same words."""

from collections.abc import Callable
from typing import Any

import pytest

from . import flows
from .cluster import Cluster
from .shapes import differences

FLOWS = [flows.transfers, flows.versioned, flows.failures, flows.simulations, flows.tokens]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_a_flow_is_answered_alike(
    localnet: Cluster, validator: Cluster, flow: Callable[[Cluster], dict[str, Any]]
) -> None:
    ours, theirs = flow(localnet), flow(validator)
    assert ours.keys() == theirs.keys()
    found = {name: differences(ours[name], theirs[name]) for name in theirs}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("flow", [flows.failures, flows.simulations], ids=lambda flow: flow.__name__)
def test_errors_have_the_same_code_words_and_cause(
    localnet: Cluster, validator: Cluster, flow: Callable[[Cluster], dict[str, Any]]
) -> None:
    ours, theirs = flow(localnet), flow(validator)
    assert {name: _essence(answer) for name, answer in ours.items()} == {
        name: _essence(answer) for name, answer in theirs.items()
    }


def _essence(answer: dict[str, Any]) -> Any:
    """What must be equal, not only alike."""
    if "error" in answer:
        error = answer["error"]
        return error["code"], error["message"], (error.get("data") or {}).get("err")
    result = answer["result"]
    if isinstance(result, dict):
        value = result.get("value", result)
        inner = value[0] if isinstance(value, list) else value
        return inner.get("err", (inner.get("meta") or {}).get("err"))
    return None
