"""What the monitor finds due: as a rule, and on a real localnet."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from chain.accounts import Market, VrfRequest
from chain.answers import Commitment
from chain.clock import chain_time
from chain.constants import PROGRAM_ID, MarketState, RequestStatus
from chain.errors import MalformedAnswer, RpcError
from chain.rpc import Rpc
from chain.units import UnixTime
from ops.demo.stage import Stage
from oracle.follower import read_all
from oracle.monitor import ACTOR, Monitor, Pace, first_phase, reason_to_settle
from store import accounts, settlements
from store.accounts import Cluster
from store.database import Database
from store.migrations import migrate
from store.schema import audit as audit_rows
from store.schema import settlement
from store.settlements import Phase, Queue, Status
from tests.samples import sample
from tests.stage import Play, staged

NOW = UnixTime(1_000)
KEY = bytes([5]) * 32


@pytest.mark.parametrize("state", list(MarketState))
def test_whatever_no_longer_takes_stakes_is_to_be_settled(state: MarketState) -> None:
    market = sample(Market, state=state, closes_at=NOW + 1)
    assert (reason_to_settle(market, NOW, frozenset()) is None) is (state is MarketState.ACTIVE)


def test_an_active_market_is_to_be_settled_from_its_last_second_or_when_its_key_is_revoked() -> None:
    market = sample(Market, closes_at=NOW, randomness_key=KEY)
    assert reason_to_settle(market, NOW, frozenset()) == "it has expired"
    assert reason_to_settle(market, UnixTime(NOW - 1), frozenset()) is None
    assert reason_to_settle(market, UnixTime(NOW - 1), frozenset([KEY])) == "its randomness key is revoked"


def test_only_a_slot_hash_that_is_not_captured_is_urgent() -> None:
    waiting = sample(Market, state=MarketState.AWAITING_RANDOMNESS)
    assert first_phase(waiting, None) == (Phase.CAPTURE, Queue.CAPTURE)
    assert first_phase(waiting, sample(VrfRequest)) == (Phase.CAPTURE, Queue.CAPTURE)
    captured = sample(VrfRequest, status=RequestStatus.CAPTURED)
    assert first_phase(waiting, captured) == (Phase.CLOSE, Queue.SETTLE)
    assert first_phase(sample(Market), None) == (Phase.CLOSE, Queue.SETTLE)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with staged(tmp_path) as found:
        yield found


@pytest.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    async with Database(f"sqlite:///{tmp_path}/store.db", connections=4) as database:
        await migrate(database)
        yield database


async def look(stage: Stage, db: Database, commitment: Commitment = Commitment.CONFIRMED) -> float:
    """Read everything and let the monitor look once."""
    cluster = Cluster(await stage.rpc.genesis_hash(), PROGRAM_ID)
    await accounts.see(db, cluster, await read_all(stage.rpc, PROGRAM_ID, commitment))
    return await Monitor(db, stage.rpc).look()


async def final(stage: Stage) -> None:
    """Let everything become final."""
    await stage.extras.warp(60)


async def test_markets_are_noted_once_they_expire_by_the_chains_clock(stage: Stage, db: Database) -> None:
    play = Play(stage)
    await play.until("create")
    assert await look(stage, db) == Pace().every
    assert await settlements.get(db, play.address) is None
    await stage.extras.warp(86_400 - 30)
    assert 1 <= await look(stage, db) < 60
    await stage.extras.warp(60)
    await look(stage, db)
    row = await settlements.get(db, play.address)
    assert row is not None
    assert (row.phase, row.queue, row.status) == (Phase.CLOSE, Queue.SETTLE, Status.READY)
    # Again changes nothing, whoever works on it meanwhile.
    claim = await settlements.claim(db, play.address, "a worker")
    await look(stage, db)
    assert claim is not None
    assert await settlements.renew(db, claim)


async def test_rows_that_a_restored_database_lost_come_back_and_what_others_finished_is_due(
    stage: Stage, db: Database
) -> None:
    play = Play(stage)
    await play.until("request")
    await look(stage, db)
    row = await settlements.get(db, play.address)
    assert row is not None
    assert (row.phase, row.queue) == (Phase.CAPTURE, Queue.CAPTURE)
    async with db.write() as connection:
        await connection.execute(delete(settlement))
    await play.until("capture")
    await look(stage, db)
    row = await settlements.get(db, play.address)
    assert row is not None
    assert (row.phase, row.queue) == (Phase.CLOSE, Queue.SETTLE)
    await settlements.park(db, play.address, "somebody looks into it", "a person")
    await play.until("finish")
    await look(stage, db)
    row = await settlements.get(db, play.address)
    assert row is not None
    assert row.status is Status.PARKED, "the receipt is not final yet"
    await final(stage)
    await look(stage, db, Commitment.FINALIZED)
    row = await settlements.get(db, play.address)
    assert row is not None
    assert (row.status, row.phase, row.queue) == (Status.READY, Phase.FINISH, Queue.CLEAN)
    await look(stage, db, Commitment.FINALIZED)
    async with db.read() as connection:
        acts = (await connection.execute(select(audit_rows.c.actor, audit_rows.c.act))).all()
    assert acts == [("a person", "park"), (ACTOR, "move")], "once: a worker ends it"


async def test_a_slot_hash_that_somebody_else_asked_for_is_due_at_once(stage: Stage, db: Database) -> None:
    play = Play(stage)
    await play.until("close")
    await look(stage, db)
    claim = await settlements.claim(db, play.address, "a worker")
    assert claim is not None
    waiting = {"due_in": timedelta(hours=1), "wait_reason": "bond", "reason": None, "attempt": 0}
    assert await settlements.release(
        db, claim, phase=Phase.ANALYSE, queue=Queue.ANALYSE, status=Status.WAITING, **waiting
    )
    await play.until("request")
    await look(stage, db)
    row = await settlements.get(db, play.address)
    assert row is not None
    assert (row.status, row.phase, row.queue, row.wait_reason) == (Status.READY, Phase.CAPTURE, Queue.CAPTURE, None)


async def test_who_holds_a_finished_market_is_left_alone(stage: Stage, db: Database) -> None:
    play = Play(stage)
    await play.until("pay")
    await look(stage, db)
    claim = await settlements.claim(db, play.address, "a worker", lease=timedelta(minutes=5))
    assert claim is not None
    await play.until("finish")
    await final(stage)
    await look(stage, db, Commitment.FINALIZED)
    assert await settlements.finish(db, claim)


async def test_the_chains_clock_is_not_the_hosts(stage: Stage) -> None:
    before = await chain_time(stage.rpc)
    await stage.extras.warp(10_000)
    assert await chain_time(stage.rpc) >= before + 10_000


async def test_without_nodes_the_look_fails_and_changes_nothing(db: Database) -> None:
    async with Rpc(["http://127.0.0.1:9"], timeout=1, rounds=1) as rpc:
        with pytest.raises(RpcError):
            await Monitor(db, rpc).look()


async def test_what_is_no_clock_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.clock.CLOCK_ID", PROGRAM_ID)
    with pytest.raises(MalformedAnswer, match="there is no Clock"):
        await chain_time(stage.rpc)
