"""Scores that a multisig with roles records (v4): the oracle's key proposes and executes, and never votes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from solders.keypair import Keypair

from chain.constants import MarketState
from chain.multisig.model import Member, Roles, Status
from chain.multisig.v4.accounts import AddMember, RemoveMember, SetTimeLock
from chain.units import Seconds
from oracle.settlement.plan import WaitReason
from store import proposals
from store.settlements import Phase
from store.settlements import Status as Standing
from tests.oracle.settlement.conftest import Node
from tests.oracle.settlement.hall import Hall, council_node, opened_hall
from tests.oracle.settlement.house import Opened


@pytest.fixture(scope="module")
def node_of_v4() -> Iterator[Node]:
    with council_node() as node:
        yield node


@pytest.fixture
async def hall(node_of_v4: Node, tmp_path: Path) -> AsyncIterator[Hall]:
    async with opened_hall(node_of_v4, "v4", tmp_path) as hall:
        yield hall


async def number_of(hall: Hall, market: Opened) -> int:
    """The proposal that the oracle made for it."""
    kept = await proposals.newest(hall.house.db, str(hall.council.pinned.address), market.name)
    assert kept is not None
    return kept.number


async def test_the_oracle_proposes_three_approve_and_it_executes(hall: Hall) -> None:
    market = await hall.house.market()
    row = await hall.waiting(market)
    number = await number_of(hall, market)
    assert row.phase is Phase.RECORD
    assert row.reason == f"proposal {number} lacks 3 of 3 approvals: ask Ana, Ben, Chloe, Dayo, Esra"
    await hall.approve(number, 4, 1)
    assert (await hall.again(market)).reason == f"proposal {number} lacks 1 of 3 approvals: ask Ana, Chloe, Dayo"
    assert await hall.state(market) is MarketState.CLOSED
    await hall.approve(number, 2)
    await hall.settled(market)
    assert (await hall.proposal(number)).status is Status.EXECUTED
    acts = [sent.intent.split()[1] for sent in await hall.house.sent(market)]
    assert (acts.count("propose"), acts.count("record")) == (1, 1)


async def test_what_was_approved_and_called_off_parks_too(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    number = await number_of(hall, market)
    await hall.approve(number, 0, 1, 2)
    await hall.cancel(number, 2, 3, 4)
    row = await hall.again(market)
    assert row.status is Standing.PARKED
    assert f"proposal {number} was cancelled by Chloe, Dayo, Esra" in str(row.reason)


async def test_a_worker_that_is_stopped_while_it_proposes_leaves_one_proposal(hall: Hall) -> None:
    market = await hall.house.market()
    before = (await hall.multisig()).last_index
    signer = hall.house.stopping_signer()
    signer.go_on.set()
    await hall.house.settle(
        market, lambda row: row.phase is Phase.RECORD, hall.house.engine(recorder=hall.recorder, turn=0.0)
    )
    signer.go_on.clear()
    signer.asked.clear()
    await hall.house.hasten(market)
    engine = hall.house.engine("dies", recorder=hall.recorder, oracle=signer)
    stopped = asyncio.ensure_future(engine.settle(market.name))
    await signer.asked.wait()
    stopped.cancel()
    await asyncio.gather(stopped, return_exceptions=True)
    assert await number_of(hall, market) == before + 1
    await hall.waiting(market)
    assert (await hall.multisig()).last_index == before + 1


async def test_two_markets_at_once_take_a_number_each(hall: Hall) -> None:
    """Both mean the same number; whoever comes second takes the next, at no cost of an attempt."""
    markets = [await hall.house.market() for _ in range(2)]
    before = (await hall.multisig()).last_index
    for market in markets:
        await hall.house.settle(
            market, lambda row: row.phase is Phase.RECORD, hall.house.engine(recorder=hall.recorder, turn=0.0)
        )
        await hall.house.hasten(market)
    engines = [hall.house.engine(f"worker {number}", recorder=hall.recorder) for number in range(2)]
    await asyncio.gather(*(engine.settle(market.name) for engine, market in zip(engines, markets, strict=True)))
    rows = [await hall.house.row(market) for market in markets]
    assert [(row.wait_reason, row.attempt) for row in rows] == [(WaitReason.SIGNATURES, 0)] * 2
    assert {await number_of(hall, market) for market in markets} == {before + 1, before + 2}
    assert (await hall.multisig()).last_index == before + 2


async def test_a_proposal_that_became_stale_is_proposed_again(hall: Hall) -> None:
    market = await hall.house.market()
    await hall.waiting(market)
    first = await number_of(hall, market)
    await hall.approve(first, 0, 1)
    newcomer = Member(Keypair().pubkey(), Roles.VOTE)
    await hall.change(AddMember(newcomer))
    try:
        # The roster has to say so first; until then nothing goes on.
        assert "which was not agreed on" in str((await hall.again(market)).reason)
        pinned = hall.council.pinned
        hall.council = replace(hall.council, pinned=replace(pinned, members=pinned.members | {newcomer}))
        row = await hall.waiting(market)
        row = await hall.again(market)
        second = await number_of(hall, market)
        assert second > first
        assert f"proposal {second} lacks 3 of 3" in str(row.reason)
    finally:
        await hall.change(RemoveMember(newcomer.key))


async def test_a_time_lock_is_waited_out(hall: Hall) -> None:
    pinned = hall.council.pinned
    await hall.change(SetTimeLock(3600))
    hall.council = replace(hall.council, pinned=replace(pinned, time_lock=Seconds(3600)))
    try:
        market = await hall.house.market()
        await hall.waiting(market)
        number = await number_of(hall, market)
        await hall.approve(number, 0, 1, 2)
        assert (await hall.again(market)).reason == f"proposal {number} is approved and under its time lock"
        await hall.house.stage.extras.warp(Seconds(3600))
        await hall.settled(market)
    finally:
        await hall.change(SetTimeLock(0), after=Seconds(3601))


async def test_the_oracle_s_key_cannot_vote(hall: Hall) -> None:
    multisig = await hall.multisig()
    roles = multisig.roles_of(hall.house.stage.keys.oracle.public_key)
    assert roles == Roles.INITIATE | Roles.EXECUTE
    assert len(multisig.voters) == 5
