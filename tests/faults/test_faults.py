"""Twenty seeded runs; `make faults` makes a thousand. The seed is fixed, so that what fails fails again."""

import json
from pathlib import Path

import pytest

from ops.errors import OperatorError
from ops.localnet import node_parts
from tests.faults.batch import run_batch
from tests.faults.plan import COUNCIL_POINTS, Fault, Ground, Kind, plan_of
from tests.faults.stack import servers_of
from tests.parts import missing

SEED = 20
EMBEDDED = Ground(postgresql=False, debian_redis=False, endpoints=1, slot_ms=30)
COUNCIL = Ground(postgresql=False, debian_redis=False, endpoints=1, slot_ms=30, council=True)
DEBIAN = Ground(postgresql=True, debian_redis=True, endpoints=2, slot_ms=30)


@pytest.mark.parametrize(("ground", "first"), [(EMBEDDED, 0), (DEBIAN, 10)], ids=["embedded", "debian"])
async def test_every_market_ends_once_whatever_dies(ground: Ground, first: int, tmp_path: Path) -> None:
    try:
        node_parts()
    except OperatorError as error:
        missing("the localnet", str(error))
    plans = [plan_of(SEED, number, ground) for number in range(first, first + 10)]
    with servers_of(ground) as servers:
        verdicts = await run_batch(SEED, plans, ground, servers, tmp_path)
    wrong = [json.dumps(verdict.as_json(SEED, ground)) for verdict in verdicts if verdict.wrong]
    assert not wrong, "\n".join([f"seed {SEED}, logs in {tmp_path}", *wrong])
    assert any(one.at is not None for verdict in verdicts for one in verdict.struck)


async def test_a_council_s_score_is_recorded_once_whatever_dies_while_its_members_approve(tmp_path: Path) -> None:
    """A worker is killed at each point between a score that is ready and one that is recorded."""
    try:
        node_parts()
    except OperatorError as error:
        missing("the localnet", str(error))
    plans = [plan_of(SEED, number, COUNCIL) for number in range(len(COUNCIL_POINTS))]
    with servers_of(COUNCIL) as servers:
        verdicts = await run_batch(SEED, plans, COUNCIL, servers, tmp_path)
    wrong = [json.dumps(verdict.as_json(SEED, COUNCIL)) for verdict in verdicts if verdict.wrong]
    assert not wrong, "\n".join([f"seed {SEED}, logs in {tmp_path}", *wrong])
    assert {verdict.ended[name] for verdict in verdicts for name in verdict.ended} == {"settled"}
    struck = {(one.fault.act, one.fault.moment) for verdict in verdicts for one in verdict.struck if one.at is not None}
    # A run that has ended is met only where the worker goes on with the market.
    assert len(struck & set(COUNCIL_POINTS)) >= len(COUNCIL_POINTS) - 2, struck


def test_a_plan_is_its_seeds_and_no_fault_is_left_out() -> None:
    kinds: set[Kind] = set()
    for number in range(300):
        ground = (EMBEDDED, DEBIAN)[number % 2]
        plan = plan_of(SEED, number, ground)
        assert plan == plan_of(SEED, number, ground)
        assert plan.stakers[0] > 1
        kinds |= {fault.kind for fault in plan.faults if _reachable(fault, plan.stakers)}
    assert kinds == set(Kind)


def _reachable(fault: Fault, stakers: tuple[int, ...]) -> bool:
    return fault.market < len(stakers)
