"""A person's hands on jobs, workers and queues, with real workers; and what the audit log keeps of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import oracle.jobs
from chain.accounts import Market
from chain.answers import Commitment
from chain.constants import MarketState
from ops.errors import OperatorError, UsageError
from ops.queues import acts, starting
from ops.queues.acts import ActRefused, Cancelled
from ops.queues.reading import QueueReader
from ops.queues.seen import Seen, State
from settings import Settings
from store import audit, holds, pauses, settlements
from store.accounts import Cluster, FullRead
from store.accounts import see as follow
from store.database import Database
from store.errors import SettlementRefused
from store.schema import audit as log
from store.settlements import Phase, Queue, Status
from tests.ops.queue_parts import MARKETS, WorkerProcess, connected, fail, jobs, put, until
from tests.samples import key, on_chain, sample

ANN = "ann@bastion (pts/3)"
NOWHERE = {"redis_url": "redis://:hunter2@127.0.0.1:1/0"}


async def written(db: Database) -> list[tuple[str, str]]:
    """What was done to what, in order; each by Ann."""
    async with db.read() as connection:
        rows = (await connection.execute(select(log.c.act, log.c.subject, log.c.actor).order_by(log.c.number))).all()
    assert {row.actor for row in rows} <= {ANN}
    assert (await audit.verify(db)).ok
    return [(row.act, row.subject) for row in rows]


async def read(settings: Settings, db: Database) -> Seen:
    async def opened() -> Database:
        return db

    async with QueueReader(settings) as reader:
        return await reader.read(opened)


@pytest.fixture
def worker(queue_settings: Settings, tmp_path: Path) -> Iterator[WorkerProcess]:
    (tmp_path / "chain").mkdir()
    found = WorkerProcess(queue_settings, tmp_path / "chain", "capture,settle,clean")
    yield found
    found.end()


async def test_a_failed_job_is_queued_again_once(queue_settings: Settings, queue_db: Database, tmp_path: Path) -> None:
    fail(queue_settings, tmp_path / "failing", Queue.SETTLE, MARKETS[0])
    await settlements.add(queue_db, MARKETS[0])
    [job] = (await read(queue_settings, queue_db)).jobs.values()
    assert await acts.requeue(queue_db, queue_settings, job.id, ANN) == "Its market is ready in close."
    assert [found.id for found in jobs(queue_settings, Queue.SETTLE)] == [job.id]
    [again] = (await read(queue_settings, queue_db)).jobs.values()
    assert again.state is State.QUEUED
    with pytest.raises(ActRefused, match="is queued: only a job that failed"):
        await acts.requeue(queue_db, queue_settings, job.id, ANN)
    assert await written(queue_db) == [("requeue", MARKETS[0])]


async def test_a_requeued_job_of_a_market_without_work_says_so(
    queue_settings: Settings, queue_db: Database, tmp_path: Path
) -> None:
    fail(queue_settings, tmp_path / "failing", Queue.SETTLE, *MARKETS[:2])
    await settlements.add(queue_db, MARKETS[0])
    await settlements.park(queue_db, MARKETS[0], "a look", ANN)
    by_market = {job.market: job.id for job in (await read(queue_settings, queue_db)).jobs.values()}
    words = await acts.requeue(queue_db, queue_settings, by_market[MARKETS[0]], ANN)
    assert words == "Its market is parked: the job will find nothing to do."
    words = await acts.requeue(queue_db, queue_settings, by_market[MARKETS[1]], ANN)
    assert words.startswith("The database knows no work on it")


async def test_a_failure_is_forgotten_and_its_market_stays(
    queue_settings: Settings, queue_db: Database, tmp_path: Path
) -> None:
    fail(queue_settings, tmp_path / "failing", Queue.SETTLE, MARKETS[0])
    await settlements.add(queue_db, MARKETS[0])
    [job] = (await read(queue_settings, queue_db)).jobs.values()
    await acts.forget(queue_db, queue_settings, job.id, ANN)
    assert (await read(queue_settings, queue_db)).jobs == {}
    with connected(queue_settings) as redis:
        assert not redis.exists(f"rq:job:{job.id}", f"rq:results:{job.id}")
    assert [row.market for row in await settlements.due(queue_db, 9)] == [MARKETS[0]]
    with pytest.raises(ActRefused, match="There is no job"):
        await acts.forget(queue_db, queue_settings, job.id, ANN)
    assert await written(queue_db) == [("forget failure", MARKETS[0])]


async def test_a_cancelled_job_stays_away_since_its_market_is_parked(
    queue_settings: Settings, queue_db: Database
) -> None:
    await settlements.add(queue_db, MARKETS[0])
    put(queue_settings, Queue.SETTLE, *MARKETS[:2])
    known, unknown = (job.id for job in jobs(queue_settings, Queue.SETTLE))
    with pytest.raises(UsageError, match="A reason"):
        await acts.cancel(queue_db, queue_settings, known, " ", ANN)
    with pytest.raises(ActRefused, match="was started and is queued by now"):
        await acts.cancel(queue_db, queue_settings, known, "a look", ANN, State.STARTED)
    assert await acts.cancel(queue_db, queue_settings, known, "a look", ANN, State.QUEUED) == Cancelled(
        removed=True, parked=True
    )
    assert await acts.cancel(queue_db, queue_settings, unknown, "a look", ANN) == Cancelled(removed=True, parked=False)
    assert jobs(queue_settings, Queue.SETTLE) == []
    assert await settlements.due(queue_db, 9) == []
    row = await settlements.get(queue_db, MARKETS[0])
    assert row is not None
    assert (row.status, row.reason) == (Status.PARKED, "a look")
    assert await written(queue_db) == [("cancel", MARKETS[0]), ("park", MARKETS[0]), ("cancel", MARKETS[1])]


async def test_a_running_job_is_cancelled_by_taking_its_market_away(
    queue_settings: Settings, queue_db: Database, tmp_path: Path, worker: WorkerProcess
) -> None:
    await settlements.add(queue_db, MARKETS[0])
    claim = await settlements.claim(queue_db, MARKETS[0], "somebody")
    assert claim is not None
    put(queue_settings, Queue.SETTLE, MARKETS[0])
    until(lambda: worker.begun(MARKETS[0]), "the job does not begin")
    [job] = (await read(queue_settings, queue_db)).jobs.values()
    assert await acts.cancel(queue_db, queue_settings, job.id, "a look", ANN) == Cancelled(removed=False, parked=True)
    assert not await settlements.renew(queue_db, claim), "its worker stops at once"


async def test_what_a_worker_took_is_cancelled_by_its_market(queue_settings: Settings, queue_db: Database) -> None:
    await settlements.add(queue_db, MARKETS[0])
    await settlements.claim(queue_db, MARKETS[0], "host.1.a:7:b")
    [job] = (await read(queue_settings, queue_db)).jobs.values()
    assert (job.id, job.state, job.worker) == (MARKETS[0], State.TAKEN, "host.1.a")
    assert await acts.cancel(queue_db, queue_settings, job.id, "a look", ANN) == Cancelled(removed=False, parked=True)
    with pytest.raises(SettlementRefused):
        await acts.cancel(queue_db, queue_settings, MARKETS[1], "a look", ANN)


async def test_a_failed_job_is_not_cancelled(queue_settings: Settings, queue_db: Database, tmp_path: Path) -> None:
    fail(queue_settings, tmp_path / "failing", Queue.SETTLE, MARKETS[0])
    [job] = (await read(queue_settings, queue_db)).jobs.values()
    with pytest.raises(ActRefused, match="failed already"):
        await acts.cancel(queue_db, queue_settings, job.id, "a look", ANN)


async def test_a_worker_is_drained_and_takes_jobs_again(
    queue_settings: Settings, queue_db: Database, worker: WorkerProcess
) -> None:
    put(queue_settings, Queue.SETTLE, MARKETS[0])
    until(lambda: worker.begun(MARKETS[0]), "the job does not begin")
    [found] = (await read(queue_settings, queue_db)).workers.values()
    assert await acts.drain(queue_db, queue_settings, found.process[:-4], ANN) == found.process
    put(queue_settings, Queue.SETTLE, MARKETS[1])
    worker.let_go_on()
    with connected(queue_settings) as redis:
        until(lambda: redis.hget(f"rq:worker:{found.name}", "state") == b"suspended", "it does not stand by")
    [found] = (await read(queue_settings, queue_db)).workers.values()
    assert (found.does(datetime.now(UTC)), found.drained_by) == ("drained", ANN)
    assert not worker.begun(MARKETS[1])

    assert await acts.undrain(queue_db, queue_settings, found.name, ANN) == found.process
    until(lambda: worker.begun(MARKETS[1]), "it takes no more jobs")
    with pytest.raises(ActRefused, match="was not drained"):
        await acts.undrain(queue_db, queue_settings, found.process, ANN)
    assert [act for act, _ in await written(queue_db)] == ["drain", "undrain", "undrain"]
    with pytest.raises(ActRefused, match="'nobody' is no worker"):
        await acts.drain(queue_db, queue_settings, "nobody", ANN)


async def test_the_name_of_a_worker_may_be_cut_short_while_it_is_the_only_one(
    queue_settings: Settings, queue_db: Database
) -> None:
    with connected(queue_settings) as redis:
        redis.sadd("rq:workers", "rq:worker:host.1.a.0", "rq:worker:host.12.b.0")
    with pytest.raises(ActRefused, match=r"it could be host\.1\.a, host\.12\.b"):
        await acts.drain(queue_db, queue_settings, "host.1", ANN)
    assert await acts.drain(queue_db, queue_settings, "host.12", ANN) == "host.12.b"
    with pytest.raises(ActRefused, match="is no worker"):
        await acts.drain(queue_db, queue_settings, "", ANN)


async def test_a_queue_is_paused_and_goes_on(queue_db: Database) -> None:
    assert (await acts.pause(queue_db, "settle", " a look ", ANN)).why == "a look"
    assert list(await pauses.current(queue_db)) == ["settle"]
    assert await acts.unpause(queue_db, "settle", ANN) == 1
    assert await acts.unpause(queue_db, "settle", ANN) == 0
    with pytest.raises(UsageError, match=r"no queue 'settles': it can be capture, settle, analyse, clean"):
        await acts.pause(queue_db, "settles", "a look", ANN)
    with pytest.raises(UsageError, match="A reason"):
        await acts.pause(queue_db, "settle", "", ANN)
    assert await written(queue_db) == [("pause", "queue settle"), ("unpause", "queue settle")]


async def test_what_could_not_be_done_is_written_down_too(
    queue_settings: Settings, queue_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(queue_settings, tmp_path / "failing", Queue.SETTLE, MARKETS[0])
    [job] = (await read(queue_settings, queue_db)).jobs.values()
    fetched = acts.Carrier.job

    async def late(carrier: acts.Carrier, name: str) -> Any:
        found = await fetched(carrier, name)
        with connected(queue_settings) as redis:
            redis.delete("rq:failed:settle")
        return found

    monkeypatch.setattr(acts.Carrier, "job", late)
    with pytest.raises(ActRefused, match="moved on meanwhile"):
        await acts.requeue(queue_db, queue_settings, job.id, ANN)
    assert [act for act, _ in await written(queue_db)] == ["requeue", "requeue failed"]


async def test_without_redis_nothing_is_done_and_no_password_told(queue_db: Database) -> None:
    settings = Settings(**NOWHERE)
    for act in (
        acts.requeue(queue_db, settings, "a-b", ANN),
        acts.cancel(queue_db, settings, "a-b", "a look", ANN),
        acts.drain(queue_db, settings, "host", ANN),
    ):
        with pytest.raises(OperatorError, match="does not answer") as told:
            await act
        assert "hunter2" not in str(told.value)
    assert await written(queue_db) == []


# Jobs started by hand.


def test_every_job_of_the_oracle_can_be_started_by_hand() -> None:
    public = {
        name
        for name, found in vars(oracle.jobs).items()
        if callable(found) and not name.startswith("_") and getattr(found, "__module__", "") == "oracle.jobs"
    }
    assert set(starting.JOBS) == public


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("sweep", [], "There is no job 'sweep': it can be settle"),
        ("settle", [], "settle takes MARKET, and 0 were given"),
        ("settle", MARKETS[:2], "settle takes MARKET, and 2 were given"),
        ("settle", ["not a key"], "a market"),
    ],
)
def test_arguments_are_checked_before_anything_is_done(name: str, arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        starting.checked(name, arguments)


async def test_a_job_started_by_hand_is_due_and_queued(queue_settings: Settings, queue_db: Database) -> None:
    await settlements.add(queue_db, MARKETS[0], Phase.CAPTURE, Queue.CAPTURE)
    done = await starting.start(queue_db, queue_settings, "settle", [MARKETS[0]], ANN)
    assert (done.words, done.hindrances) == ("It is due now in queue capture.", ())
    [job] = jobs(queue_settings, Queue.CAPTURE)
    assert list(job.args) == [MARKETS[0]]
    assert await written(queue_db) == [("settle", MARKETS[0])]


async def test_what_keeps_a_started_job_from_running_is_told(queue_settings: Settings, queue_db: Database) -> None:
    market = sample(Market, state=MarketState.ACTIVE)
    cluster = Cluster("genesis", queue_settings.program)
    await follow(queue_db, cluster, FullRead([on_chain(key(1), market, 5)], 5, Commitment.CONFIRMED))
    await holds.place(queue_db, "an upgrade", ANN)
    await acts.pause(queue_db, "settle", "a look", ANN)
    away = queue_settings.model_copy(update=NOWHERE)
    done = await starting.start(queue_db, away, "settle", [MARKETS[0]], ANN)
    assert done.words == "It is new to the oracle, and due now in queue settle."
    assert [words.partition(" ")[0] for words in done.hindrances] == ["Redis", "A", ANN.partition(" ")[0]]


async def test_what_is_done_is_not_started_again(queue_settings: Settings, queue_db: Database) -> None:
    await settlements.add(queue_db, MARKETS[0])
    claim = await settlements.claim(queue_db, MARKETS[0], "one")
    assert claim is not None
    await settlements.finish(queue_db, claim)
    with pytest.raises(SettlementRefused, match="done already"):
        await starting.start(queue_db, queue_settings, "settle", [MARKETS[0]], ANN)
    assert jobs(queue_settings, Queue.SETTLE) == []
