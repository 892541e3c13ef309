"""Scores that a multisig records: five people, of whom three have to agree, on a real localnet."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.constants import PROGRAM_ID, MarketState
from chain.multisig.model import Proposal
from chain.multisig.roster import Council
from chain.multisig.v3 import instructions as v3
from chain.signers import KeypairSigner
from chain.units import UsdcUnits
from ops.demo import council as demo
from ops.demo.authorities import establish
from ops.demo.council import Founded
from ops.demo.stage import open_stage
from oracle.settlement.plan import WaitReason
from oracle.settlement.proposing import CouncilRecorder
from oracle.settlement.recorder import recording
from store import analyses, proposals, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Phase, Settlement
from store.settlements import Status as Standing
from tests.oracle.settlement.conftest import Node, started_node
from tests.oracle.settlement.house import House, Opened, waits

BOND = UsdcUnits(1_000_000_000)


@dataclass
class Hall:
    """An oracle whose scores a council records, and its people at hand."""

    house: House
    founded: Founded
    council: Council
    """As the oracle knows it; changed by a test."""

    @property
    def recorder(self) -> CouncilRecorder:
        stage = self.house.stage
        return CouncilRecorder(self.house.db, stage.rpc, self.council, stage.keys.oracle.public_key, stage.program)

    async def send(self, instruction: Instruction, by: KeypairSigner) -> None:
        await self.house.stage.send(f"{Keypair().pubkey()}", [instruction], by)

    async def propose(self, market: Opened, by: int = 0, *, score_off: int = 0, market_of: Opened | None = None) -> int:
        """As a signer does from what the oracle prepared; returns the number."""
        kept = await analyses.get(self.house.db, market.name)
        assert kept is not None
        wanted = recording(
            self.founded.council.authority,
            replace(kept, score=kept.score + score_off, market=(market_of or market).name),
            self.house.stage.program,
        )
        adapter, member = self.founded.council.adapter, self.founded.people[by]
        multisig = await adapter.read(self.house.stage.rpc, self.founded.council.pinned.address)
        made = adapter.propose(multisig, member.public_key, self.founded.council.vault, [wanted])
        await self.house.stage.send(f"{Keypair().pubkey()}", made, member)
        return multisig.last_index + 1

    async def approve(self, number: int, *by: int) -> None:
        for member in (self.founded.people[one] for one in by):
            adapter, address = self.founded.council.adapter, self.founded.council.pinned.address
            await self.send(adapter.approve(address, number, member.public_key), member)

    async def reject(self, number: int, *by: int) -> None:
        for member in (self.founded.people[one] for one in by):
            adapter, address = self.founded.council.adapter, self.founded.council.pinned.address
            await self.send(adapter.reject(address, number, member.public_key), member)

    async def execute(self, number: int, by: int = 0) -> None:
        adapter, rpc, member = self.founded.council.adapter, self.house.stage.rpc, self.founded.people[by]
        multisig = await adapter.read(rpc, self.founded.council.pinned.address)
        await self.send(await adapter.execute(rpc, multisig, number, member.public_key), member)

    async def proposal(self, number: int) -> Proposal:
        adapter, rpc = self.founded.council.adapter, self.house.stage.rpc
        found = await adapter.proposal(rpc, await adapter.read(rpc, self.founded.council.pinned.address), number)
        assert found is not None
        return found

    async def waiting(self, market: Opened) -> Settlement:
        """Settled until it waits for the signers."""
        engine = self.house.engine(recorder=self.recorder)
        return await self.house.settle(market, waits(WaitReason.SIGNATURES), engine)

    async def settled(self, market: Opened) -> Settlement:
        return await self.house.settle(market, engine=self.house.engine(recorder=self.recorder))

    async def again(self, market: Opened) -> Settlement:
        """One look more."""
        return await self.house.once(market, self.house.engine(recorder=self.recorder))

    async def state(self, market: Opened) -> MarketState:
        found = await self.house.on_chain(market)
        assert isinstance(found, Market)
        return found.state


@pytest.fixture(scope="module")
def council_node() -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="opinion-"))
    node = started_node(folder)
    yield node
    node.stop()
    shutil.rmtree(folder)


@pytest.fixture
async def hall(council_node: Node, tmp_path: Path) -> AsyncIterator[Hall]:
    node = council_node
    async with open_stage(PROGRAM_ID, node.url, node.keys, tmp_path / "journal.db") as stage:
        founded = await demo.found(stage, node.ledger.parent / "signers")
        await establish(stage, f"establish {tmp_path}", BOND, founded.council.authority)
        async with Database(f"sqlite:///{tmp_path}/oracle.db") as db:
            await migrate(db)
            async with House.opened(stage, db, tmp_path / "texts") as house:
                yield Hall(house, founded, founded.council)


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
