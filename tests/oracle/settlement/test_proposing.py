"""Scores that a multisig records: what is the same in v4, where the oracle proposes, and in v3, where signers do."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.settlement.plan import WaitReason
from store import proposals, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Status as Standing
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall
from tests.oracle.settlement.house import Opened


@pytest.fixture(scope="module", params=["v4", "v3"])
def squads(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def node_of_council(squads: str) -> Iterator[Node]:
    with council_node() as node:
        yield node


@pytest.fixture
async def hall(node_of_council: Node, squads: str, tmp_path: Path) -> AsyncIterator[Hall]:
    async with opened_hall(node_of_council, squads, tmp_path) as hall:
        yield hall


async def proposed(hall: Hall, market: Opened, squads: str) -> int:
    """The number of the market's proposal, which the oracle has seen and waits for."""
    await hall.waiting(market)
    number = await hall.propose(market) if squads == "v3" else (await hall.multisig()).last_index
    assert f"proposal {number} lacks 3 of 3" in str((await hall.again(market)).reason)
    return number


async def test_waiting_for_signers_is_one_wait_however_often_it_is_looked_at(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    for _ in range(3):
        await hall.again(market)
    reasons = [run.reason for run in await hall.house.runs(market)]
    assert reasons.count(WaitReason.SIGNATURES) == 1


async def test_a_rejection_parks_until_a_person_has_it_tried_again(hall: Hall, squads: str) -> None:
    market = await hall.house.market()
    first = await proposed(hall, market, squads)
    await hall.reject(first, 0, 1, 2)
    row = await hall.again(market)
    assert row.status is Standing.PARKED
    assert f"proposal {first} was rejected by Ana, Ben, Chloe: ask them why" in str(row.reason)
    await settlements.retry(hall.house.db, market.name, "a test")
    second = await proposed(hall, market, squads)
    assert second > first
    await hall.approve(second, 0, 1, 2)
    if squads == "v3":
        await hall.execute(second)
    await hall.settled(market)


async def test_a_crash_after_a_rejection_was_seen_parks_all_the_same(hall: Hall, squads: str) -> None:
    market = await hall.house.market()
    number = await proposed(hall, market, squads)
    await hall.reject(number, 0, 1, 2)
    claim = await settlements.claim(hall.house.db, market.name, "dies")
    if claim is None:
        await hall.house.hasten(market)
        claim = await settlements.claim(hall.house.db, market.name, "dies")
    assert claim is not None
    await proposals.refuse(hall.house.db, claim, str(hall.council.pinned.address), number)
    await hall.house.expire_lease(market)
    assert (await hall.again(market)).status is Standing.PARKED


async def test_a_council_that_is_not_as_agreed_on_stops_recording_and_costs_no_attempt(hall: Hall) -> None:
    market, before = await hall.house.market(), (await hall.multisig()).last_index
    hall.council = replace(hall.council, pinned=replace(hall.council.pinned, threshold=4))
    row = await hall.waiting(market)
    assert (row.attempt, row.status) == (0, Standing.WAITING)
    assert "the threshold is 3, and 4 was agreed on" in str(row.reason)
    assert (await hall.multisig()).last_index == before


async def test_the_oracle_finds_its_proposal_again_after_its_database_was_lost(
    hall: Hall, squads: str, tmp_path: Path
) -> None:
    market = await hall.house.market()
    number = await proposed(hall, market, squads)
    async with Database(f"sqlite:///{tmp_path}/restored.db") as db:
        await migrate(db)
        await settlements.add(db, market.name)
        lost = replace(hall, house=replace(hall.house, db=db))
        await lost.waiting(market)
        assert f"proposal {number} lacks 3" in str((await lost.again(market)).reason)
    assert (await hall.multisig()).last_index == number
    await hall.reject(number, 0, 1, 2)
