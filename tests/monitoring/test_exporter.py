"""The oracle's metrics over HTTP: as Prometheus reads them, from a real Valkey and real databases."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from rq import Queue as JobQueue
from rq.serializers import JSONSerializer
from sqlalchemy import insert, text

from monitoring.exporters.oracle import Watching, exported
from monitoring.metrics import ALL
from store import figures, settlements
from store.database import Database
from store.migrations import migrate
from store.schema import analysis, chain_read
from store.settlements import Phase, Queue, RunOutcome
from tests.parts import program
from tests.servers import Server, postgresql, valkey

NOWHERE = "redis://127.0.0.1:1/0"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    server = valkey()
    yield server
    server.remove()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as database:
        await migrate(database)
        yield database


@asynccontextmanager
async def scraping(db: Database, redis_url: str, watching: Watching) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        exported(db, redis_url, 0, watching=lambda: watching) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        yield client


async def scrape(client: httpx.AsyncClient) -> Samples:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def names(samples: Samples) -> set[str]:
    return {name for name, _ in samples if name.startswith("opinion_")}


async def settle_one(db: Database, market: str) -> None:
    """A market's rows, from its close to its payment, with a wait."""
    await settlements.add(db, market)
    claim = await settlements.claim(db, market, "me")
    assert claim
    story = [
        (Phase.CLOSE, RunOutcome.DONE, None),
        (Phase.CAPTURE, RunOutcome.WAITED, "slot"),
        (Phase.CAPTURE, RunOutcome.WAITED, "words that are no name"),
        (Phase.CAPTURE, RunOutcome.LOST, None),
        (Phase.PAY, RunOutcome.DONE, None),
    ]
    for phase, outcome, reason in story:
        await settlements.end(db, claim, await settlements.begin(db, claim, phase, "me"), outcome, reason)


async def fill(db: Database) -> None:
    """Something for every metric."""
    await settle_one(db, "m")
    await settlements.add(db, "n", Phase.ANALYSE, Queue.ANALYSE)
    claim = await settlements.claim(db, "n", "me")
    assert claim
    row = {"market": "n", "document": b"{}", "summary_hash": bytes(32), "score": 50, "confidence": 1}
    row |= {"analyser": "claude-haiku-5-5", "input_tokens": 1_000, "output_tokens": 10, "cost_microdollars": 2_500_000}
    async with db.write() as connection:
        await connection.execute(insert(analysis).values(row | {"latency_ms": 3_200, "made_at": datetime.now(UTC)}))
        read = {"commitment": "confirmed", "slot": 5, "read_at": datetime.now(UTC), "accounts": 1, "skipped": 0}
        await connection.execute(insert(chain_read).values(read))
    run = await settlements.begin(db, claim, Phase.ANALYSE, "me")
    await settlements.end(db, claim, run, RunOutcome.DONE)
    await figures.add(db, figures.RPC_ERRORS, {"endpoint": "https://rpc.example", "kind": "timeout"}, 3)


async def test_everything_is_exported_as_prometheus_reads_it(db: Database, redis: Server) -> None:
    await fill(db)
    with Redis.from_url(redis.url) as connection:
        queue = JobQueue("settle", connection=connection, serializer=JSONSerializer)
        queue.enqueue("oracle.jobs.settle", "m")
        queue.enqueue("oracle.jobs.settle", "n")
    heard = datetime(2026, 1, 1, tzinfo=UTC)
    async with scraping(db, redis.url, Watching(active=True, heard_at=heard, lag_slots=3)) as client:
        found = await scrape(client)
    assert found["opinion_watcher_active", ()] == 1
    assert found["opinion_follower_last_read_timestamp_seconds", ()] == heard.timestamp()
    assert found["opinion_follower_lag_slots", ()] == 3
    assert found["opinion_queue_jobs", (("queue", "settle"),)] == 2
    assert found["opinion_queue_jobs", (("queue", "capture"),)] == 0
    assert 0 <= found["opinion_queue_oldest_job_seconds", (("queue", "settle"),)] < 600
    assert found["opinion_phase_runs_total", (("outcome", "waited"), ("phase", "capture"))] == 2
    assert found["opinion_phase_duration_seconds_count", (("phase", "capture"),)] == 2
    assert found["opinion_leases_taken_over_total", (("phase", "capture"),)] == 1
    assert found["opinion_wait_seconds_count", (("reason", "slot"),)] == 1
    assert found["opinion_wait_seconds_count", (("reason", "other"),)] == 1
    assert found["opinion_settlement_work_seconds_bucket", (("ending", "pay"), ("le", "30.0"))] == 1
    assert found["opinion_analysis_latency_seconds_sum", (("analyser", "claude-haiku-5-5"),)] == 3.2
    tokens = (("analyser", "claude-haiku-5-5"), ("direction", "input"))
    assert found["opinion_analysis_tokens_total", tokens] == 1_000
    assert found["opinion_analysis_cost_dollars_total", tokens[:1]] == 2.5
    assert found["opinion_rpc_errors_total", (("endpoint", "https://rpc.example"), ("kind", "timeout"))] == 3
    assert found["opinion_hold_placed", ()] == 0
    assert found["opinion_exporter_last_refresh_timestamp_seconds", ()] > heard.timestamp()
    assert found["process_resident_memory_bytes", ()] > 0


async def test_what_is_served_is_what_is_declared(db: Database, redis: Server) -> None:
    await fill(db)
    async with scraping(db, redis.url, Watching(active=True, heard_at=datetime.now(UTC), lag_slots=0)) as client:
        page = (await client.get("/metrics")).text
    served = {family.name for family in text_string_to_metric_families(page) if family.name.startswith("opinion_")}
    assert served == {declaration.name.removesuffix("_total") for declaration in ALL}


async def test_promtool_has_nothing_to_say(db: Database, redis: Server) -> None:
    promtool = program("promtool", "install Debian's prometheus")
    await fill(db)
    async with scraping(db, redis.url, Watching(active=True, heard_at=datetime.now(UTC), lag_slots=0)) as client:
        page = (await client.get("/metrics")).text
    ours = "\n".join(line for line in page.splitlines() if "opinion_" in line) + "\n"
    checking = [promtool, "check", "metrics"]
    told = await asyncio.to_thread(subprocess.run, checking, input=ours, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


async def test_a_watcher_on_standby_says_that_and_what_it_can_reach(db: Database) -> None:
    await fill(db)
    async with scraping(db, NOWHERE, Watching(active=False)) as client:
        found = await scrape(client)
    assert names(found) == {"opinion_watcher_active", "opinion_database_up", "opinion_redis_up"}
    assert found["opinion_watcher_active", ()] == 0
    assert found["opinion_database_up", ()] == 1
    assert found["opinion_redis_up", ()] == 0
    assert found["process_resident_memory_bytes", ()] > 0


async def test_without_redis_the_rest_is_told(db: Database) -> None:
    await fill(db)
    async with scraping(db, NOWHERE, Watching(active=True)) as client:
        found = await scrape(client)
    assert found["opinion_redis_up", ()] == 0
    assert found["opinion_database_up", ()] == 1
    assert "opinion_queue_jobs" not in names(found)
    assert "opinion_queue_due" in names(found)


async def test_a_new_watcher_goes_on_counting_where_the_last_one_ended(db: Database) -> None:
    await settle_one(db, "m")
    closed = ("opinion_phase_runs_total", (("outcome", "done"), ("phase", "close")))
    async with scraping(db, NOWHERE, Watching(active=True)) as client:
        assert (await scrape(client))[closed] == 1
        await settle_one(db, "n")
        assert (await scrape(client))[closed] == 2
        assert (await scrape(client))[closed] == 2
    async with scraping(db, NOWHERE, Watching(active=True)) as client:
        assert (await scrape(client))[closed] == 2


async def test_figures_are_left_out_while_the_database_is_away_and_come_back() -> None:
    server = postgresql()
    try:
        async with Database(f"{server.url}/postgres") as db:
            await migrate(db)
            await settle_one(db, "m")
            async with scraping(db, NOWHERE, Watching(active=True)) as client:
                before = await scrape(client)
                server.end()
                away = await scrape(client)
                server.start()
                again = await scrape(client)
    finally:
        server.remove()
    refreshed = ("opinion_exporter_last_refresh_timestamp_seconds", ())
    closed = ("opinion_phase_runs_total", (("outcome", "done"), ("phase", "close")))
    assert away["opinion_database_up", ()] == 0
    assert away[refreshed] == before[refreshed] < again[refreshed]
    assert names(away) == {
        "opinion_watcher_active",
        "opinion_redis_up",
        "opinion_database_up",
        "opinion_exporter_last_refresh_timestamp_seconds",
    }
    assert again["opinion_database_up", ()] == 1
    assert again[closed] == before[closed] == 1


async def test_a_database_that_hangs_is_told_before_prometheus_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.exporters.oracle._PATIENCE_S", 2.0)
    server = postgresql()
    try:
        async with Database(f"{server.url}/postgres", connections=4) as db:
            await migrate(db)
            await settle_one(db, "m")
            async with scraping(db, NOWHERE, Watching(active=True)) as client:
                async with db.write() as connection:
                    await connection.execute(text("LOCK TABLE settlement IN ACCESS EXCLUSIVE MODE"))
                    hanging = await scrape(client)
                again = await scrape(client)
    finally:
        server.remove()
    assert hanging["opinion_database_up", ()] == 0
    assert "opinion_queue_due" not in names(hanging)
    assert again["opinion_database_up", ()] == 1
