"""What is tried against a council by who has no three keys: races, replays, look-alikes and nodes that lie.

Everything goes through our own clients, on a localnet, for both versions of the multisig.
"""

import asyncio
from base64 import b64decode
from dataclasses import replace
from typing import Any

import httpx
import pytest
from solders.keypair import Keypair
from solders.signature import Signature

from chain.constants import MarketState
from chain.errors import ChainError, TransactionError, UnexpectedAccount
from chain.multisig.model import Status
from chain.multisig.pinned import Pinned
from chain.multisig.v3 import instructions as v3
from chain.multisig.v4 import instructions as v4
from chain.rpc import Rpc
from chain.signers import KeypairSigner
from chain.units import Seconds
from ops.errors import OperatorError
from ops.signers.acts import Act, prepared, propose_score
from oracle.settlement.proposing import CouncilRecorder
from store import proposals
from store.settlements import Phase
from store.settlements import Status as Standing
from tests.journeys.lying_node import lying_node
from tests.ops.signers.signing import table_of
from tests.oracle.settlement.hall import Hall
from tests.oracle.settlement.house import Opened

STATUS_V4, APPROVED_V4 = 48, 3
OF_V4 = pytest.mark.parametrize("squads", ["v4"], indirect=True)
"""No key of the oracle is a member of a multisig of v3."""
EXPIRED = 155
"""Blocks after which a blockhash is not known any more."""


@pytest.fixture(scope="module", params=["v4", "v3"])
def squads(request: pytest.FixtureRequest) -> str:
    return request.param


async def analysed(hall: Hall) -> Opened:
    """A market whose score is ready, and that nobody has proposed yet."""
    market = await hall.house.market()
    engine = hall.house.engine(recorder=hall.recorder, turn=0.0)
    await hall.house.settle(market, lambda row: row.phase is Phase.RECORD, engine)
    return market


async def last(hall: Hall) -> int:
    return (await hall.multisig()).last_index


# Races


async def test_of_two_members_who_propose_a_score_at_once_one_does(hall: Hall) -> None:
    market, before, table = await analysed(hall), await last(hall), table_of(hall)
    ana, ben, *_ = hall.founded.people
    tried = await asyncio.gather(
        *(propose_score(table, market.address, person, hall.house.db) for person in (ana, ben)), return_exceptions=True
    )
    refused = [one for one in tried if isinstance(one, BaseException)]
    assert len(refused) == 1, tried
    assert isinstance(refused[0], ChainError | OperatorError)
    assert await last(hall) == before + 1
    with pytest.raises(OperatorError, match=f"Proposal {before + 1} does that already"):
        await propose_score(table, market.address, ben, hall.house.db)
    await hall.reject(before + 1, 0, 1, 2)


async def test_of_two_members_who_propose_two_scores_at_once_both_do(hall: Hall) -> None:
    """Both want the next number; who comes second looks again, and takes the one after."""
    one, other, table = await analysed(hall), await analysed(hall), table_of(hall)
    before, (ana, ben, *_) = await last(hall), hall.founded.people
    found = await asyncio.gather(
        propose_score(table, one.address, ana, hall.house.db), propose_score(table, other.address, ben, hall.house.db)
    )
    assert sorted(number for _, number in found) == [before + 1, before + 2]
    for _, number in found:
        await hall.reject(number, 0, 1, 2)


@OF_V4
async def test_the_worker_goes_on_with_what_a_member_proposed_before_it(hall: Hall) -> None:
    """It has the number written down and the transaction signed; the member's lands first."""
    market, before = await analysed(hall), await last(hall)
    signer = hall.house.stopping_signer()
    await hall.house.hasten(market)
    working = asyncio.ensure_future(hall.house.engine(recorder=hall.recorder, oracle=signer).settle(market.name))
    await signer.asked.wait()
    _, number = await propose_score(table_of(hall), market.address, hall.founded.people[0], hall.house.db)
    signer.go_on.set()
    await working
    assert number == before + 1
    row = await hall.again(market)
    assert (row.attempt, row.status) == (0, Standing.WAITING)
    assert f"proposal {number} lacks 3 of 3" in str(row.reason)
    assert await last(hall) == number
    kept = await proposals.newest(hall.house.db, str(hall.council.pinned.address), market.name)
    assert kept is not None
    assert kept.number == number
    await hall.approve(number, 0, 1, 2)
    await hall.settled(market)


@OF_V4
async def test_what_a_member_executes_before_the_worker_is_done_once(hall: Hall) -> None:
    """The worker has its execution signed; the member's lands first."""
    market = await analysed(hall)
    await hall.waiting(market)
    number = await last(hall)
    await hall.approve(number, 0, 1, 2)
    signer = hall.house.stopping_signer()
    await hall.house.hasten(market)
    working = asyncio.ensure_future(hall.house.engine(recorder=hall.recorder, oracle=signer).settle(market.name))
    await signer.asked.wait()
    await hall.execute(number)
    assert await hall.state(market) is MarketState.SCORED
    signer.go_on.set()
    await working
    with pytest.raises(TransactionError):
        await hall.execute(number)
    assert (await hall.house.row(market)).attempt == 0
    await hall.settled(market)
    assert (await hall.proposal(number)).status is Status.EXECUTED


# Replays


async def test_an_old_approval_that_is_sent_again_is_no_vote(hall: Hall) -> None:
    """Who reads the chain has the bytes of every vote there was; a member has changed their mind since."""
    market = await analysed(hall)
    number = await hall.propose(market)
    ana, ben, *_ = hall.founded.people
    sent = await (await prepared(table_of(hall), Act.APPROVE, [number], ana, hall.house.db)).make(hall.house.db)
    wire = await wire_of(hall, sent.signature)
    await hall.reject(number, 0)
    rpc = hall.house.stage.rpc
    for until in (0, await rpc.block_height() + EXPIRED):
        while await rpc.block_height() < until:  # noqa: ASYNC110 - blocks come by themselves
            await asyncio.sleep(0.1)
        with pytest.raises(ChainError):
            await rpc.send(wire)
        await rpc.send(wire, preflight=False)
        await hall.send(hall.council.adapter.approve(hall.council.pinned.address, number, ben.public_key), ben)
        found = await hall.proposal(number)
        assert (found.status, found.approved, found.rejected) == (
            Status.ACTIVE,
            (ben.public_key,),
            (ana.public_key,),
        )
        await hall.reject(number, 1)
    await hall.reject(number, 2)
    assert (await hall.proposal(number)).status is Status.REJECTED


async def wire_of(hall: Hall, signature: Signature) -> bytes:
    """A transaction's bytes, as every node gives them to everybody."""
    params = [str(signature), {"encoding": "base64", "commitment": "confirmed", "maxSupportedTransactionVersion": 0}]
    body = {"jsonrpc": "2.0", "id": 1, "method": "getTransaction", "params": params}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer: dict[str, Any] = (await client.post(hall.house.stage.url, json=body)).json()
    return b64decode(answer["result"]["transaction"][0])


# Look-alikes


async def look_alike(hall: Hall, squads: str) -> Pinned:
    """The same people, threshold and time lock, founded for real with another create key."""
    create_key, founder, pinned = KeypairSigner(Keypair()), hall.founded.people[0], hall.council.pinned
    by: dict[str, Any] = {"create_key": create_key.public_key, "creator": founder.public_key}
    by |= {"threshold": pinned.threshold, "program": hall.council.adapter.program}
    if squads == "v4":
        treasury = hall.house.stage.keys.treasury.public_key
        made = v4.create_multisig(treasury=treasury, members=tuple(pinned.members), time_lock=Seconds(0), **by)
        signers = [create_key]
    else:
        made, signers = v3.create_multisig(members=[member.key for member in pinned.members], **by), []
    await hall.house.stage.send(f"found {create_key.public_key}", [made], founder, *signers)
    return replace(
        pinned, create_key=create_key.public_key, address=hall.council.adapter.address(create_key.public_key)
    )


async def test_three_real_members_record_nothing_by_a_look_alike(hall: Hall, squads: str) -> None:
    """They were shown the wrong multisig, and all three approved there."""
    market, ours, before = await analysed(hall), hall.council, await last(hall)
    poisoned = replace(ours, pinned=await look_alike(hall, squads))
    theirs = replace(hall, council=poisoned, founded=replace(hall.founded, council=poisoned))
    number = await theirs.propose(market)
    await theirs.approve(number, 0, 1, 2)
    assert (await theirs.proposal(number)).status is Status.APPROVED
    with pytest.raises(TransactionError):
        await theirs.execute(number)
    assert await hall.state(market) is MarketState.CLOSED
    reading = await table_of(theirs).reading(number, hall.house.db)
    assert any(words.startswith("Executed now it would fail: ") for words in reading.warnings)
    assert await last(hall) == before


async def test_a_node_that_shows_a_look_alike_in_the_place_of_ours_is_not_believed(hall: Hall, squads: str) -> None:
    market, ours = await analysed(hall), hall.council.pinned.address
    pinned = await look_alike(hall, squads)
    account = await hall.house.stage.rpc.account(pinned.address)
    assert account is not None
    before, theirs = await last(hall), account.data

    def lie(address: str, data: bytes) -> bytes:
        return theirs if address == str(ours) else data

    with lying_node(hall.house.stage.url, lie) as liar:
        async with Rpc([liar]) as rpc:
            with pytest.raises(UnexpectedAccount, match="do not trust it"):
                await hall.council.adapter.read(rpc, ours)
            row = await hall.house.once(market, hall.house.engine(recorder=recorder_by(hall, rpc)))
    assert "do not trust it" in str(row.reason)
    assert await last(hall) == before
    assert await hall.state(market) is MarketState.CLOSED


def recorder_by(hall: Hall, rpc: Rpc) -> CouncilRecorder:
    stage = hall.house.stage
    return CouncilRecorder(hall.house.db, rpc, hall.council, stage.keys.oracle.public_key, stage.program)


# Nodes that lie


@OF_V4
async def test_a_node_that_says_approved_has_nothing_executed(hall: Hall) -> None:
    """The worker believes the one node that it asks, and the program does not."""
    market = await analysed(hall)
    await hall.waiting(market)
    number = await last(hall)
    await hall.approve(number, 0, 1)
    address = str((await hall.proposal(number)).address)

    def lie(of: str, data: bytes) -> bytes:
        return data[:STATUS_V4] + bytes((APPROVED_V4,)) + data[STATUS_V4 + 1 :] if of == address else data

    with lying_node(hall.house.stage.url, lie) as liar:
        async with Rpc([liar]) as rpc:
            shown = await hall.council.adapter.proposal(rpc, await hall.multisig(), number)
            assert shown is not None
            assert shown.status is Status.APPROVED
            row = await hall.house.once(market, hall.house.engine(recorder=recorder_by(hall, rpc)))
    assert row.status is Standing.WAITING
    assert await hall.state(market) is MarketState.CLOSED
    assert (await hall.proposal(number)).status is Status.ACTIVE
    await hall.approve(number, 4)
    await hall.settled(market)


@OF_V4
async def test_another_s_approved_proposal_is_not_taken_for_ours(hall: Hall, squads: str) -> None:
    """A node shows the look-alike's proposal, which three approved, where ours stands."""
    market = await analysed(hall)
    await hall.waiting(market)
    number = await last(hall)
    poisoned = replace(hall.council, pinned=await look_alike(hall, squads))
    theirs = replace(hall, council=poisoned, founded=replace(hall.founded, council=poisoned))
    copy = await theirs.propose(market)
    await theirs.approve(copy, 0, 1, 2)
    shown = await hall.house.stage.rpc.account((await theirs.proposal(copy)).address)
    assert shown is not None
    address, data = str((await hall.proposal(number)).address), shown.data
    with lying_node(hall.house.stage.url, lambda of, told: data if of == address else told) as liar:
        async with Rpc([liar]) as rpc:
            row = await hall.house.once(market, hall.house.engine(recorder=recorder_by(hall, rpc)))
    assert "is of another multisig or number than its address" in str(row.reason)
    assert await hall.state(market) is MarketState.CLOSED
