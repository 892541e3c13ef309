"""The database is the record: whatever Redis loses is queued again, and nothing is queued twice or under a hold."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import update

from oracle import reconciler
from oracle.queues import JobQueues
from oracle.reconciler import Reconciler
from store import holds, settlements
from store.database import Database, after
from store.migrations import migrate
from store.schema import settlement
from store.settlements import Phase, Queue
from tests.servers import Server, valkey

MARKETS = ["A" * 43, "B" * 43, "C" * 43]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as db:
        await migrate(db)
        yield db


@pytest.fixture
def redis(valkey_server: Server) -> Iterator[Redis]:
    """A Redis database of this test's own."""
    with Redis.from_url(_url(valkey_server)) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def queues(redis: Redis, valkey_server: Server) -> Iterator[JobQueues]:
    with JobQueues(_url(valkey_server)) as queues:
        yield queues


def _url(server: Server) -> str:
    return server.url.removesuffix("/0") + "/12"


async def test_what_is_due_is_queued_once(db: Database, queues: JobQueues) -> None:
    for market in MARKETS:
        await settlements.add(db, market)
    looking = Reconciler(db, queues)
    assert [await looking.look() for _ in range(3)] == [3, 0, 0]
    assert queues.listed() == {(Queue.SETTLE, market) for market in MARKETS}


async def test_what_is_held_parked_or_not_due_is_left_alone(db: Database, queues: JobQueues) -> None:
    for market in MARKETS:
        await settlements.add(db, market)
    assert await settlements.claim(db, MARKETS[0], "worker") is not None
    await settlements.park(db, MARKETS[1], "look first", "ann")
    async with db.write() as connection:
        later = update(settlement).where(settlement.c.market == MARKETS[2])
        await connection.execute(later.values(due_at=after(timedelta(minutes=1))))
    assert await Reconciler(db, queues).look() == 0


async def test_what_redis_lost_is_queued_again(
    db: Database, redis: Redis, queues: JobQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settlements.add(db, MARKETS[0])
    looking = Reconciler(db, queues)
    assert await looking.look() == 1
    redis.flushdb()
    # It may still be on its way to its claim.
    assert await looking.look() == 0
    monkeypatch.setattr(reconciler, "GRACE_S", 0.0)
    assert await looking.look() == 1


async def test_a_market_that_was_claimed_and_given_back_is_queued_at_once(
    db: Database, redis: Redis, queues: JobQueues
) -> None:
    await settlements.add(db, MARKETS[0])
    looking = Reconciler(db, queues)
    assert await looking.look() == 1
    redis.flushdb()
    claim = await settlements.claim(db, MARKETS[0], "worker")
    assert claim is not None
    await settlements.release(
        db,
        claim,
        phase=Phase.CAPTURE,
        queue=Queue.CAPTURE,
        due_in=timedelta(0),
        wait_reason=None,
        reason=None,
        attempt=0,
        status=settlements.Status.READY,
    )
    assert await looking.look() == 1
    assert queues.listed() == {(Queue.CAPTURE, MARKETS[0])}


async def test_captures_are_queued_first(db: Database, queues: JobQueues, monkeypatch: pytest.MonkeyPatch) -> None:
    for market, queue in zip(MARKETS, (Queue.CLEAN, Queue.SETTLE, Queue.CAPTURE), strict=True):
        await settlements.add(db, market, queue=queue)
    monkeypatch.setattr(reconciler, "MOST", 1)
    assert await Reconciler(db, queues).look() == 1
    assert queues.listed() == {(Queue.CAPTURE, MARKETS[2])}


async def test_a_hold_stops_the_queueing(db: Database, queues: JobQueues) -> None:
    await settlements.add(db, MARKETS[0])
    await holds.place(db, "an upgrade", "ann")
    looking = Reconciler(db, queues)
    assert await looking.look() == 0
    await holds.lift(db, "ann")
    assert await looking.look() == 1


async def test_a_redis_that_goes_away_is_waited_for(db: Database) -> None:
    await settlements.add(db, MARKETS[0])
    server = valkey("--save", "", "--appendonly", "no")
    try:
        with JobQueues(server.url) as queues:
            looking = Reconciler(db, queues)
            server.end()
            assert [await looking.look() for _ in range(2)] == [0, 0]
            server.start()
            assert await looking.look() == 1
            assert queues.listed() == {(Queue.SETTLE, MARKETS[0])}
    finally:
        server.remove()
