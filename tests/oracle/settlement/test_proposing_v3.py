"""Scores that a multisig without roles records (v3): no key of the oracle is a member, signers propose and execute."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain.constants import MarketState
from chain.multisig.v3 import instructions as v3
from chain.units import UsdcUnits
from oracle.settlement.plan import WaitReason
from store import proposals, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Phase
from store.settlements import Status as Standing
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall


@pytest.fixture(scope="module")
def node_of_v3() -> Iterator[Node]:
    with council_node() as node:
        yield node


@pytest.fixture
async def hall(node_of_v3: Node, tmp_path: Path) -> AsyncIterator[Hall]:
    async with opened_hall(node_of_v3, "v3", tmp_path) as hall:
        yield hall


async def test_a_signer_proposes_three_approve_and_the_market_is_settled(hall: Hall) -> None:
    market = await hall.house.market()
    row = await hall.waiting(market)
    assert row.phase is Phase.RECORD
    assert row.reason == f"nobody has proposed it yet: a signer does, by `opinion signers propose {market.name}`"
    number = await hall.propose(market)
    assert "lacks 3 of 3 approvals: ask Ana, Ben, Chloe, Dayo, Esra" in str((await hall.again(market)).reason)
    await hall.approve(number, 1, 4)
    assert "lacks 1 of 3 approvals: ask Ana, Chloe, Dayo" in str((await hall.again(market)).reason)
    assert await hall.state(market) is MarketState.CLOSED
    await hall.approve(number, 2)
    assert "is approved: a signer executes it" in str((await hall.again(market)).reason)
    await hall.execute(number)
    await hall.settled(market)
    kept = await proposals.newest(hall.house.db, str(hall.council.pinned.address), market.name)
    assert kept is not None
    assert (kept.number, kept.refused_at) == (number, None)


async def test_waiting_for_signers_is_one_wait_however_often_it_is_looked_at(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    for _ in range(3):
        await hall.again(market)
    reasons = [run.reason for run in await hall.house.runs(market)]
    assert reasons.count(WaitReason.SIGNATURES) == 1


async def test_a_rejection_parks_until_a_person_has_it_tried_again(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    number = await hall.propose(market)
    await hall.again(market)
    await hall.reject(number, 0, 1, 2)
    row = await hall.again(market)
    assert row.status is Standing.PARKED
    assert f"proposal {number} was rejected by Ana, Ben, Chloe: ask them why" in str(row.reason)
    await settlements.retry(hall.house.db, market.name, "a test")
    row = await hall.again(market)
    assert "nobody has proposed it yet" in str(row.reason)
    second = await hall.propose(market)
    await hall.approve(second, 0, 1, 2)
    await hall.execute(second)
    await hall.settled(market)


async def test_a_crash_after_a_rejection_was_seen_parks_all_the_same(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    number = await hall.propose(market)
    await hall.again(market)
    await hall.reject(number, 0, 1, 2)
    claim = await settlements.claim(hall.house.db, market.name, "dies")
    if claim is None:
        await hall.house.hasten(market)
        claim = await settlements.claim(hall.house.db, market.name, "dies")
    assert claim is not None
    await proposals.refuse(hall.house.db, claim, str(hall.council.pinned.address), number)
    await hall.house.expire_lease(market)
    assert (await hall.again(market)).status is Standing.PARKED


async def test_a_proposal_that_became_stale_is_proposed_again(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    number = await hall.propose(market)
    await hall.approve(number, 0, 1)
    stranger = Keypair().pubkey()
    await _change_members(hall, v3.add_member, stranger)
    try:
        # The roster has to say so first; until then nothing goes on.
        assert "which was not agreed on" in str((await hall.again(market)).reason)
        pinned = hall.council.pinned
        [ana, *_] = pinned.members
        changed = frozenset([*pinned.members, replace(ana, key=stranger)])
        hall.council = replace(hall.council, pinned=replace(pinned, members=changed))
        assert "nobody has proposed it yet" in str((await hall.again(market)).reason)
        second = await hall.propose(market)
        assert "lacks 3 of 3" in str((await hall.again(market)).reason)
        assert second > number
    finally:
        await _change_members(hall, v3.remove_member, stranger)


async def test_another_score_of_the_market_is_waited_out(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    number = await hall.propose(market, score_off=-1)
    row = await hall.again(market)
    assert row.reason == (
        f"proposal {number} would record another score of this market: a signer has to reject it before ours is made"
    )
    await hall.reject(number, 0, 1, 2)
    assert "nobody has proposed it yet" in str((await hall.again(market)).reason)


async def test_another_market_s_proposal_is_not_taken_for_ours(hall: Hall) -> None:
    one, other = await hall.house.market(), await hall.house.market()
    await hall.waiting(one)
    await hall.waiting(other)
    number = await hall.propose(one)
    assert "lacks 3" in str((await hall.again(one)).reason)
    assert "nobody has proposed it yet" in str((await hall.again(other)).reason)
    await hall.reject(number, 0, 1, 2)


async def test_a_council_that_is_not_as_agreed_on_stops_recording_and_costs_no_attempt(hall: Hall) -> None:
    market = await hall.house.market()
    hall.council = replace(hall.council, pinned=replace(hall.council.pinned, threshold=4))
    row = await hall.waiting(market)
    assert (row.attempt, row.status) == (0, Standing.WAITING)
    assert "the threshold is 3, and 4 was agreed on" in str(row.reason)


async def test_the_oracle_finds_its_proposal_again_after_its_database_was_lost(hall: Hall, tmp_path: Path) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    number = await hall.propose(market)
    await hall.again(market)
    async with Database(f"sqlite:///{tmp_path}/restored.db") as db:
        await migrate(db)
        await settlements.add(db, market.name)
        lost = replace(hall, house=replace(hall.house, db=db))
        await lost.waiting(market)
        assert f"proposal {number} lacks 3" in str((await lost.again(market)).reason)
    await hall.reject(number, 0, 1, 2)


async def _change_members(hall: Hall, change: Callable[..., Instruction], member: Pubkey) -> None:
    """By the members' vote, as authority 0."""
    council = hall.founded.council
    # It pays the rent of a new member itself.
    await hall.house.stage.fund(council.pinned.address, UsdcUnits(0))
    multisig = await council.adapter.read(hall.house.stage.rpc, council.pinned.address)
    wanted = change(multisig=council.pinned.address, member=member, program=council.adapter.program)
    made = council.adapter.propose(multisig, hall.founded.people[0].public_key, 0, [wanted])
    await hall.house.stage.send(f"{Keypair().pubkey()}", made, hall.founded.people[0])
    number = multisig.last_index + 1
    await hall.approve(number, 0, 1, 2)
    await hall.execute(number)
