"""`opinion queue` as a person types it, over a real Valkey and a worker whose job fails."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from settings import Settings
from store import settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Phase, Queue
from tests.journeys.conftest import one_sentence, opinion
from tests.ops.queue_parts import MARKETS, connected, fail, put
from tests.servers import Server

FAILED, QUEUED, TAKEN = MARKETS[:3]


@pytest.fixture
def settings(tmp_path: Path, valkey_server: Server) -> Settings:
    """One job failed, one waits, and a worker that is no more took a third market."""
    found = Settings(
        database_url=f"sqlite:///{tmp_path}/oracle.db", redis_url=valkey_server.url.removesuffix("/0") + "/8"
    )

    async def make() -> None:
        async with Database(found.database_url) as db:
            await migrate(db)
            for market in (FAILED, QUEUED, TAKEN):
                await settlements.add(db, market, Phase.PROVE, Queue.SETTLE)
            await settlements.claim(db, TAKEN, "host.1.a:7:b")

    with connected(found) as redis:
        redis.flushdb()
        redis.sadd("rq:workers", "rq:worker:host.1.a.0")
    asyncio.run(make())
    fail(found, tmp_path / "failing", Queue.SETTLE, FAILED)
    put(found, Queue.SETTLE, QUEUED)
    return found


def queue(settings: Settings, *words: str) -> tuple[int, str, str]:
    """Run it; returns exit code, stdout, stderr."""
    done = opinion("queue", *words, DATABASE_URL=settings.database_url, REDIS_URL=settings.redis_url)
    return done.returncode, done.stdout, done.stderr


def shown(settings: Settings, *words: str) -> dict[str, Any]:
    """What `show --json` says."""
    code, out, error = queue(settings, "show", "--json", *words)
    assert (code, error) == (0, "")
    return json.loads(out)


def test_jobs_are_shown_filtered_and_one_with_its_traceback(settings: Settings) -> None:
    code, out, error = queue(settings, "show")
    assert (code, error) == (0, "")
    assert "settle   1 queued (oldest " in out
    assert ", 1 FAILED, " in out
    assert [job["state"] for job in shown(settings, "--filter", "state:failed")["jobs"]] == ["failed"]
    code, out, error = queue(settings, "show", FAILED)
    assert "Traceback (most recent call last):" in out
    assert out.rstrip().endswith(f"RuntimeError: no answer from https://node.example/?… for {FAILED}")
    assert "RuntimeError" in shown(settings, FAILED)["jobs"][0]["traceback"]
    code, _, error = queue(settings, "show", "--filter", "age>soon")
    assert (code, one_sentence(error)) == (2, True)
    code, _, error = queue(settings, "show", "nothing")
    assert (code, one_sentence(error)) == (1, True)


def test_a_person_acts_on_jobs_workers_and_queues(settings: Settings) -> None:
    [failed] = [job["id"] for job in shown(settings)["jobs"] if job["state"] == "failed"]
    assert queue(settings, "requeue", failed) == (0, f"{failed} is queued. Its market is ready in prove.\n", "")
    code, out, error = queue(settings, "forget", failed)
    assert (code, out, one_sentence(error)) == (1, "", True)
    [waiting] = [job["id"] for job in shown(settings)["jobs"] if job["market"] == QUEUED]
    code, out, _ = queue(settings, "cancel", waiting, "a look", "--json")
    assert json.loads(out) == {"job": waiting, "removed": True, "parked": True}
    assert queue(settings, "cancel", TAKEN, "a look")[1] == "The job is left to its worker, and its market is parked.\n"

    assert queue(settings, "drain", "host")[1].startswith("host.1.a takes no more jobs")
    assert queue(settings, "undrain", "host.1.a") == (0, "host.1.a takes jobs again.\n", "")

    code, out, error = queue(settings, "pause", "settle", "a look")
    assert out.startswith("settle is paused since ")
    assert shown(settings)["queues"]["settle"]["pause"]["why"] == "a look"
    code, out, error = queue(settings, "start", "settle", FAILED)
    assert out.startswith("It is due now in queue settle.\n")
    assert "paused its queue" in out
    assert queue(settings, "unpause", "settle") == (0, "settle goes on.\n", "")
    assert queue(settings, "unpause", "settle") == (0, "settle was not paused.\n", "")
    assert opinion("audit", "verify", DATABASE_URL=settings.database_url).returncode == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("pause", "settles", "a look"), 2),
        (("pause", "settle", " "), 2),
        (("start", "sweep"), 2),
        (("start", "settle"), 2),
        (("start", "settle", "no-address"), 2),
        (("cancel", "a-b", ""), 2),
        (("requeue", "a-b"), 1),
        (("drain", "nobody"), 1),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(settings: Settings, words: tuple[str, ...], code: int) -> None:
    found, out, error = queue(settings, *words)
    assert (found, out, one_sentence(error)) == (code, "", True), error


def test_without_redis_it_says_so(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": "redis://:hunter2@127.0.0.1:1/0"})
    code, out, error = queue(away, "show")
    assert (code, out, one_sentence(error)) == (1, "", True)
    assert "hunter2" not in error
