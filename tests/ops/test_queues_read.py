"""What is seen of the queues: from a real Valkey, real workers and a real database, in few calls."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.connection import AbstractConnection

from ops.errors import OperatorError
from ops.queues.failure import LONGEST_LINE, MOST_LINES, Scrubber, bounded, last_line
from ops.queues.reading import QueueReader
from ops.queues.seen import Seen, State, Worker
from ops.queues.words import age, lines, report
from oracle.queues import drain_key
from settings import Settings
from store import pauses, settlements
from store.database import Database
from store.errors import StoreUnavailable
from store.settlements import Phase, Queue
from tests.ops.queue_parts import MARKETS, WorkerProcess, connected, fail, put, until
from tests.servers import redis_server

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
CLAUDE = "sk-ant-0123456789abcdef"


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


async def test_an_empty_redis_has_queues_and_no_workers(queue_settings: Settings, queue_db: Database) -> None:
    seen = await read(queue_settings, queue_db)
    assert list(seen.queues) == ["capture", "settle", "analyse", "clean"]
    assert (seen.jobs, seen.workers, seen.suspended, seen.left_out) == ({}, {}, False, 0)
    told = list(lines(seen))
    assert told[0] == "capture  0 queued, 0 due, 0 in hand, 0 running, 0 workers"
    assert told[-1] == "No worker is alive: nothing is settled."


async def test_jobs_of_every_state_are_told_with_what_the_database_knows(
    queue_settings: Settings, queue_db: Database, tmp_path: Path, worker: WorkerProcess
) -> None:
    failed, running, queued, taken = MARKETS[:4]
    fail(queue_settings, tmp_path / "failing", Queue.ANALYSE, failed)
    for market in (running, queued, taken):
        await settlements.add(queue_db, market, Phase.PROVE, Queue.SETTLE)
    put(queue_settings, Queue.SETTLE, running)
    until(lambda: worker.begun(running), "the job does not begin")
    put(queue_settings, Queue.SETTLE, queued)
    seen = await read(queue_settings, queue_db)
    [process] = [found.process for found in seen.workers.values()]
    claim = await settlements.claim(queue_db, taken, f"{process}:77:token")
    assert claim is not None
    await pauses.place(queue_db, Queue.CLEAN, "a look", "ann@bastion")

    seen = await read(queue_settings, queue_db)
    jobs = {job.market: job for job in seen.jobs.values()}
    assert {market: job.state for market, job in jobs.items()} == {
        failed: State.FAILED,
        running: State.STARTED,
        queued: State.QUEUED,
        taken: State.TAKEN,
    }
    assert jobs[failed].why == f"RuntimeError: no answer from https://node.example/?… for {failed}"
    assert jobs[failed].work is None
    assert (jobs[running].worker, jobs[taken].worker) == (process, process)
    assert all(job.since is not None for job in jobs.values() if job.state is not State.TAKEN)
    assert jobs[queued].work is not None
    assert (jobs[queued].work.phase, jobs[queued].work.holder) == (Phase.PROVE, None)
    [found] = seen.workers.values()
    assert (found.does(seen.at), found.queues) == ("busy", ("capture", "settle", "clean"))
    assert (found.job, dict(found.markets)) == (jobs[running].id, {taken: "prove"})
    settle = seen.queues["settle"]
    assert (settle.depth, settle.started, settle.failed, settle.workers) == (1, 1, 0, 1)
    assert settle.line is not None
    assert (settle.line.due, settle.line.held) == (2, 1)
    assert seen.queues["analyse"].failed == 1
    assert seen.queues["clean"].pause is not None

    told = "\n".join(lines(seen))
    assert "PAUSED by ann@bastion: a look" in told
    assert f"failed {age(jobs[failed].since, seen.at)} in analyse" in told
    assert "api-key" not in told
    assert json.loads(json.dumps(report(seen)))["workers"][0]["does"] == "busy"
    assert len(list(lines(seen, lambda job: job.state is State.FAILED))) == len(list(lines(seen))) - 3


async def test_a_failure_is_told_whole_and_without_secrets(queue_settings: Settings, tmp_path: Path) -> None:
    fail(queue_settings, tmp_path / "failing", Queue.SETTLE, MARKETS[0])
    with connected(queue_settings) as redis:
        [job] = [found.decode() for found in redis.zrange("rq:failed:settle", 0, -1)]
    async with QueueReader(queue_settings) as reader:
        failure = await reader.failure(job)
        assert await reader.failure("another") is None
    assert failure is not None
    assert failure.traceback.startswith("Traceback (most recent call last):")
    assert failure.traceback.endswith(f"RuntimeError: no answer from https://node.example/?… for {MARKETS[0]}")
    assert (failure.cut, failure.job) == (0, job)
    assert failure.worker


async def test_a_drained_worker_says_so(queue_settings: Settings, queue_db: Database, worker: WorkerProcess) -> None:
    with connected(queue_settings) as redis:
        until(lambda: redis.smembers("rq:workers"), "the worker does not come")
        [found] = (await read(queue_settings, queue_db)).workers.values()
        redis.set(drain_key(found.process), "ann@bastion")
        until(lambda: redis.hget(f"rq:worker:{found.name}", "state") == b"suspended", "it is not drained")
    [found] = (await read(queue_settings, queue_db)).workers.values()
    assert (found.does(datetime.now(UTC)), found.drained_by) == ("drained", "ann@bastion")


async def test_a_worker_that_died_long_ago_is_left_out(queue_settings: Settings, queue_db: Database) -> None:
    with connected(queue_settings) as redis:
        redis.sadd("rq:workers", "rq:worker:host.1.a.0")
    assert (await read(queue_settings, queue_db)).workers == {}


@pytest.mark.parametrize(
    ("state", "markets", "drained_by", "silent_s", "words"),
    [
        ("idle", {}, None, 1, "idle"),
        ("busy", {}, None, 1, "busy"),
        ("idle", {"m": "pay"}, None, 1, "busy"),
        ("busy", {}, "ann", 1, "draining"),
        ("suspended", {}, "ann", 1, "drained"),
        ("busy", {}, None, 31, "silent"),
    ],
)
def test_what_a_worker_does_is_one_word(
    state: str, markets: dict[str, str], drained_by: str | None, silent_s: int, words: str
) -> None:
    worker = Worker(
        name="host.1.a.0",
        queues=("settle",),
        state=state,
        heartbeat=NOW - timedelta(seconds=silent_s),
        born=NOW,
        drained_by=drained_by,
        job=None,
        done=0,
        failed=0,
        markets=markets,
    )
    assert worker.does(NOW) == words
    assert worker.process == "host.1.a"
    assert replace(worker, heartbeat=None).does(NOW) == "silent"


async def test_a_thousand_jobs_are_read_in_two_calls_while_the_loop_goes_on(
    queue_settings: Settings, queue_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(queue_settings, Queue.SETTLE, *(f"{MARKETS[number % 8]}" for number in range(1_000)))
    sent: list[int] = []
    send = AbstractConnection.send_packed_command

    def counting(connection: Any, *rest: Any, **named: Any) -> Any:
        sent.append(1)
        return send(connection, *rest, **named)

    async def opened() -> Database:
        return queue_db

    async with QueueReader(queue_settings) as reader:
        await reader.read(opened)
        monkeypatch.setattr(AbstractConnection, "send_packed_command", counting)
        late: list[float] = []
        ticking = asyncio.create_task(_tick(late))
        seen = await reader.read(opened)
        ticking.cancel()
    assert len(sent) == 2
    assert (len(seen.jobs), seen.queues["settle"].depth, seen.left_out) == (1_000, 1_000, 0)
    # Generous, for a loaded machine: a reading on the loop itself takes longer by its nature.
    assert sorted(late)[len(late) // 2] < 0.05


async def _tick(late: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - before - 0.001)


async def test_what_is_beyond_a_thousand_is_counted(queue_settings: Settings, queue_db: Database) -> None:
    with connected(queue_settings) as redis:
        redis.rpush("rq:queue:clean", *(f"gone-{number}" for number in range(1_200)))
    seen = await read(queue_settings, queue_db)
    assert (seen.queues["clean"].depth, len(seen.jobs), seen.left_out) == (1_200, 0, 1_200)


async def test_without_redis_it_says_so_and_names_no_password(queue_db: Database) -> None:
    with pytest.raises(OperatorError, match=r"Redis at redis://127\.0\.0\.1:1 does not answer") as told:
        await read(Settings(redis_url="redis://:hunter2@127.0.0.1:1/0"), queue_db)
    assert "hunter2" not in str(told.value)


async def test_without_the_database_redis_is_told_alone(queue_settings: Settings) -> None:
    async def opened() -> Database:
        raise StoreUnavailable("the database is away")

    put(queue_settings, Queue.SETTLE, MARKETS[0])
    async with QueueReader(queue_settings) as reader:
        seen = await reader.read(opened)
    assert (seen.database, seen.queues["settle"].line, len(seen.jobs)) == ("the database is away", None, 1)
    assert "The database cannot be asked (the database is away)" in "\n".join(lines(seen))


async def test_debians_redis_is_read_alike(queue_settings: Settings, queue_db: Database) -> None:
    server = redis_server("--save", "", "--appendonly", "no")
    try:
        settings = queue_settings.model_copy(update={"redis_url": server.url})
        put(settings, Queue.CAPTURE, MARKETS[0])
        seen = await read(settings, queue_db)
    finally:
        server.remove()
    assert [job.state for job in seen.jobs.values()] == [State.QUEUED]


def test_secrets_are_taken_out_of_tracebacks() -> None:
    settings = Settings(
        solana_rpc_url=("https://rpc.example/v2/0123456789abcdef0123",),
        database_url="postgresql://oracle:hunter2hunter2@db.example/oracle",
        anthropic_api_key=SecretStr(CLAUDE),
    )
    scrubbed = Scrubber(settings)
    keypair = "[" + ", ".join(str(number) for number in range(64)) + "]"
    told = scrubbed(
        f"POST https://rpc.example/v2/0123456789abcdef0123 with {CLAUDE}, key {keypair}, "
        "redis://:pass1234@cache:6379/0, Authorization: Bearer abcdefghijkl, https://other.example/x?api-key=zzzzzzzz "
        "password='letmein99' sk-ant-another-hosts-key"
    )
    for secret in ("0123456789abcdef", CLAUDE, "62, 63", "pass1234", "abcdefghijkl", "zzzzzzzz", "letmein99", "sk-ant"):
        assert secret not in told, told
    assert "rpc.example" in told
    assert "cache:6379" in told


def test_a_traceback_is_bounded() -> None:
    text, cut = bounded("\n".join(f"{number} {'x' * 1_000}" for number in range(300)))
    assert (len(text.splitlines()), cut) == (MOST_LINES, 300 - MOST_LINES)
    assert max(map(len, text.splitlines())) == LONGEST_LINE + 1
    assert last_line("Traceback:\n  File\nValueError: no\n\n") == "ValueError: no"
    assert last_line("") == "no reason is kept"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (59, "59s"), (60, "1m"), (7_199, "1h"), (200_000, "2d"), (-5, "0s")]
)
def test_ages_are_in_their_largest_unit(seconds: int, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words
    assert age(None, NOW) == ""
