"""The screen of queues over a real Valkey, real workers and a real database: all that it shows, and every key."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from console.actions import Role
from console.feeds.sources import Sources
from ops.queues import acts
from settings import Settings
from store import by_hand, pauses, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Phase, Queue, Status
from tests.console.pilots import Seat, seated
from tests.ops.queue_parts import MARKETS, WorkerProcess, connected, fail, jobs, put, until
from tests.servers import Server

FAILED, QUEUED, TAKEN, OTHER = MARKETS[:4]
WIDE = (160, 40)


@pytest.fixture
def settings(tmp_path: Path, valkey_server: Server) -> Settings:
    """Nothing is in its queues."""
    found = Settings(
        database_url=f"sqlite:///{tmp_path}/oracle.db",
        redis_url=valkey_server.url.removesuffix("/0") + "/7",
        solana_rpc_url=("http://127.0.0.1:1",),
        texts_path=tmp_path / "texts",
    )

    async def make() -> None:
        async with Database(found.database_url) as made:
            await migrate(made)

    with connected(found) as redis:
        redis.flushdb()
    asyncio.run(make())
    return found


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings.database_url) as found:
        yield found


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[WorkerProcess]:
    (tmp_path / "chain").mkdir()
    found = WorkerProcess(settings, tmp_path / "chain", "capture,settle,clean")
    with connected(settings) as redis:
        until(lambda: redis.smembers("rq:workers"), "the worker does not come")
    yield found
    found.end()


@asynccontextmanager
async def at_the_queue(
    settings: Settings, role: Role = Role.OPERATOR, *, read_only: bool = False, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Seat]:
    async with seated(settings, "queue", role=role, read_only=read_only, size=size) as seat:
        seat.app.context.hub.queues.every_s = 0.2
        yield seat


async def acted(db: Database, market: str) -> list[str]:
    """What was done to the market."""
    return [act.act for act in (await by_hand.past(db, market, 20)).acts]


async def with_work(settings: Settings, db: Database, folder: Path) -> None:
    """One job failed, one waits, and a worker that is no more took a third market."""
    for market in (FAILED, QUEUED, TAKEN):
        await settlements.add(db, market, Phase.PROVE, Queue.SETTLE)
    fail(settings, folder, Queue.SETTLE, FAILED)
    put(settings, Queue.SETTLE, QUEUED)
    assert await settlements.claim(db, TAKEN, "host.1.a:7:b") is not None


async def test_jobs_of_every_state_stand_below_their_queues(settings: Settings, db: Database, tmp_path: Path) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings) as seat:
        text = await seat.until("3 jobs")
        lines = text.splitlines()
        assert lines[1].split()[:3] == ["queue↑", "queued", "oldest"]
        assert [line.split()[0] for line in lines[2:6]] == ["capture", "settle", "analyse", "clean"]
        assert [line.split()[0] for line in lines[7:10]] == ["failed", "taken", "queued"]
        assert "RuntimeError: no answer" in lines[7]
        assert "prove now" in lines[8]
        assert "prove due" in lines[9]
        assert lines[8].rstrip().endswith("host.1")


async def test_the_filter_narrows_the_jobs_down(settings: Settings, db: Database, tmp_path: Path) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings) as seat:
        await seat.until("3 jobs")
        await seat.press("slash")
        await seat.type("state:failed queue:settle")
        await seat.until("1 of 3 jobs")
        await seat.press("enter")
        await seat.until("/state:failed queue:settle")
        await seat.press("escape")
        await seat.until("3 jobs")
        await seat.press("slash")
        await seat.type("age>soon")
        await seat.until("'soon' is no duration")


async def test_tab_goes_through_jobs_workers_and_queues(
    settings: Settings, db: Database, worker: WorkerProcess
) -> None:
    await settlements.add(db, OTHER, Phase.PROVE, Queue.SETTLE)
    put(settings, Queue.SETTLE, OTHER)
    async with at_the_queue(settings) as seat:
        until(lambda: worker.begun(OTHER), "the job does not begin")
        await seat.until("started settle")
        await seat.press("tab")
        text = await seat.until("Queue  workers")
        assert "busy" in text
        assert "capture,settle,clean" in text
        await seat.press("tab")
        await seat.until("Queue  queues")
        await seat.press("j", "enter")
        await seat.until("Queue settle")
        await seat.press("escape")
        await seat.press("tab")
        await seat.until("1 job")
        await seat.press("d")
        await seat.until("No worker is chosen")


async def test_a_failed_job_is_opened_with_its_traceback(settings: Settings, db: Database, tmp_path: Path) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings, size=WIDE) as seat:
        await seat.until("3 jobs")
        await seat.press("enter")
        text = await seat.until("Traceback (most recent call last):")
        assert f"RuntimeError: no answer from https://node.example/?… for {FAILED}" in text
        assert "its market: prove due" in text
        assert "api-key" not in text
        await seat.press("escape", "tab", "enter")
        await seat.without("Traceback")


async def test_a_failed_job_is_queued_again(settings: Settings, db: Database, tmp_path: Path) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings) as seat:
        await seat.until("3 jobs")
        await seat.press("r")
        text = await seat.until("Queue the failed job of")
        assert "on LOCALNET" in text
        await seat.press("enter")
        await seat.until("Queued again. Its market is ready in prove.")
        await seat.without("RuntimeError")
    assert {job.args[0] for job in jobs(settings, Queue.SETTLE)} == {FAILED, QUEUED}
    assert await acted(db, FAILED) == ["requeue"]


async def test_a_failed_job_is_forgotten_but_not_cancelled(settings: Settings, db: Database, tmp_path: Path) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings) as seat:
        await seat.until("3 jobs")
        await seat.press("c")
        await seat.until("This job failed already")
        await seat.press("x")
        await seat.until("Its traceback is deleted.")
        await seat.press("enter")
        await seat.until("Forgotten.")
        await seat.until("2 jobs")
        await seat.press("r")
        await seat.until("it has not failed")
    assert await acted(db, FAILED) == ["forget failure"]


async def test_a_queued_job_is_cancelled_with_its_name_and_a_reason(
    settings: Settings, db: Database, tmp_path: Path
) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings) as seat:
        await seat.until("3 jobs")
        await seat.press("G", "c")
        await seat.until(f"Cancel the job of {QUEUED[:6]}… in settle")
        await seat.type("a look")
        await seat.press("enter")
        await seat.type("wrong")
        await seat.press("enter")
        await seat.until("'wrong' is not")
        await seat.press(*["backspace"] * 5)
        await seat.type(QUEUED[:6])
        await seat.press("enter")
        await seat.until("The job is taken out of its queue, and its market is parked.")
        await seat.until("2 jobs")
    row = await settlements.get(db, QUEUED)
    assert row is not None
    assert (row.status, row.reason) == (Status.PARKED, "a look")
    assert jobs(settings, Queue.SETTLE) == []


async def test_what_moved_on_meanwhile_is_told(settings: Settings, db: Database, tmp_path: Path) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings) as seat:
        await seat.until("3 jobs")
        await seat.press("r")
        await seat.until("Queue the failed job of")
        [job] = [job for job in seat.app.context.hub.queues.snapshot.value.jobs.values() if job.state == "failed"]
        await acts.forget(db, settings, job.id, "bob@bastion")
        await seat.press("enter")
        await seat.until("There is no job")


async def test_a_worker_is_drained_and_goes_on(settings: Settings, db: Database, worker: WorkerProcess) -> None:
    async with at_the_queue(settings) as seat:
        await seat.press("tab")
        await seat.until("idle")
        await seat.press("u")
        await seat.until("This worker is not drained.")
        await seat.press("d")
        text = await seat.until("Drain the worker")
        assert "serves capture, settle, clean, and has no markets in hand" in text
        await seat.press("enter")
        await seat.until("takes no more jobs.")
        await seat.until("drained")
        with connected(settings) as redis:
            [key] = redis.smembers("rq:workers")
            until(lambda: redis.hget(key, "state") == b"suspended", "it does not stand by")
        await seat.press("d")
        await seat.until("It is drained already")
        await seat.press("u")
        await seat.until("Let the worker")
        await seat.press("enter")
        await seat.until("takes jobs again.")
        await seat.until("idle")


async def test_a_queue_is_paused_shown_and_goes_on(settings: Settings, db: Database) -> None:
    async with at_the_queue(settings, size=WIDE) as seat:
        await seat.until("capture")
        await seat.press("tab", "tab", "p")
        text = await seat.until("Pause the queue capture")
        assert "A slot hash that is not captured within three minutes lapses" in text
        await seat.type("a look")
        await seat.press("enter")
        await seat.type("capture")
        await seat.press("enter")
        await seat.until("capture is paused since")
        await seat.until("PAUSED: a look")
        assert list(await pauses.current(db)) == ["capture"]
        await seat.press("p")
        await seat.until("capture is paused already")
        await seat.press("u")
        await seat.until("What is due of it is queued at once.")
        await seat.press("enter")
        await seat.until("capture goes on.")
        await seat.without("PAUSED")
        await seat.press("u")
        await seat.until("capture is not paused.")
    assert await pauses.current(db) == {}


async def test_a_job_is_started_by_hand_with_its_arguments_checked(settings: Settings, db: Database) -> None:
    await settlements.add(db, OTHER, Phase.PROVE, Queue.SETTLE)
    async with at_the_queue(settings, size=WIDE) as seat:
        await seat.until("0 jobs")
        await seat.press("n")
        await seat.until("settle MARKET: Take a market as far as it goes now.")
        await seat.press("enter")
        await seat.until("settle takes MARKET, and 0 were given.")
        await seat.press("end")
        await seat.type(f" {OTHER}")
        await seat.press("enter")
        await seat.until("It is due now in queue settle.")
        await seat.until("1 job")
    assert [job.args[0] for job in jobs(settings, Queue.SETTLE)] == [OTHER]
    assert await acted(db, OTHER) == ["settle"]


async def test_the_jobs_market_is_a_key_away(settings: Settings, db: Database) -> None:
    put(settings, Queue.SETTLE, OTHER)
    async with at_the_queue(settings) as seat:
        await seat.until("1 job")
        await seat.press("s")
        await seat.until("Sorted by queue.")
        await seat.press("S", "y")
        await seat.until(f"Copied: {OTHER}")
        await seat.press("m")
        await seat.until(f"Market  {OTHER[:20]}")


@pytest.mark.parametrize(("role", "read_only"), [(Role.VIEWER, False), (Role.SIGNER, False), (Role.OPERATOR, True)])
async def test_whoever_may_not_operate_sees_all_and_does_nothing(
    settings: Settings, db: Database, tmp_path: Path, role: Role, read_only: bool
) -> None:
    await with_work(settings, db, tmp_path / "failing")
    async with at_the_queue(settings, role, read_only=read_only) as seat:
        text = await seat.until("3 jobs")
        assert "requeue" not in text
        await seat.press("r", "x", "c", "p", "n", "tab", "d", "u")
        text = await seat.until("Queue  workers")
        assert "Enter does it" not in text
        await seat.press("shift+tab")
    assert len(jobs(settings, Queue.SETTLE)) == 1
    assert await acted(db, FAILED) == []


async def test_without_redis_the_last_values_stay_with_the_reason(settings: Settings, db: Database) -> None:
    put(settings, Queue.SETTLE, OTHER)
    async with at_the_queue(settings, size=WIDE) as seat:
        await seat.until("1 job")
        reader = await seat.app.context.hub.sources.queues()
        away = Sources(settings.model_copy(update={"redis_url": "redis://:hunter2@127.0.0.1:1/0"}))
        async with away:
            seat.app.context.hub.sources._queues = await away.queues()
            text = await seat.until("Redis at redis://127.0.0.1:1 does not answer")
            assert "hunter2" not in text
            assert OTHER[:6] in text
            seat.app.context.hub.sources._queues = reader
            seat.app.context.hub.queues.poke()
            await seat.without("does not answer")


async def test_what_is_wrong_with_all_of_it_stands_on_top(settings: Settings, db: Database) -> None:
    with connected(settings) as redis:
        redis.set("rq:suspended", 1)
    async with at_the_queue(settings) as seat:
        await seat.until("EVERY worker is suspended by 'rq suspend'")
        with connected(settings) as redis:
            redis.delete("rq:suspended")
        await seat.without("EVERY worker")
