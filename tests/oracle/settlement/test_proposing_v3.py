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
from store import proposals
from store.settlements import Phase
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
