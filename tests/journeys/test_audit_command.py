"""`opinion audit` as a person types it, over a real database."""

import asyncio
import json
from pathlib import Path

import pytest

from store import audit, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Phase, Queue
from tests.journeys.conftest import one_sentence, opinion
from tests.samples import key

MARKET = str(key(7))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database in which two people and a worker did something."""
    found = f"sqlite:///{tmp_path}/oracle.db"

    async def make() -> None:
        async with Database(found) as db:
            await migrate(db)
            await settlements.add(db, MARKET, Phase.PROVE, Queue.SETTLE)
            await settlements.park(db, MARKET, "no key `x`", "ann@bastion")
            async with db.write() as connection:
                await audit.append(connection, "vm:1:a", "sign", MARKET, {"intent": "close"})
                await audit.append(connection, "bob@bastion", "hold", "oracle", {"why": "two words"})

    asyncio.run(make())
    return found


def audited(url: str, *words: str) -> tuple[int, str, str]:
    """Run it; returns exit code, stdout, stderr."""
    done = opinion(
        "audit", *words, DATABASE_URL=url, SOLANA_RPC_URL="http://127.0.0.1:1", REDIS_URL="redis://127.0.0.1:1"
    )
    return done.returncode, done.stdout, done.stderr


def test_acts_are_found_as_on_the_screen_and_by_options(url: str) -> None:
    def numbers(*words: str) -> list[int]:
        code, out, error = audited(url, "search", "--json", *words)
        assert (code, error) == (0, "")
        return [act["number"] for act in json.loads(out)["acts"]]

    assert numbers() == [3, 2, 1]
    assert numbers("by:person", "--since", "1h") == [3, 1]
    assert numbers("two words") == [3]
    assert numbers("--who", "ann", "--act", "park", "--subject", MARKET) == [1]
    assert numbers("--until", "1h") == []
    code, out, _ = audited(url, "search", "--limit", "1")
    assert code == 0
    assert out.splitlines()[0].endswith("bob@bastion: hold oracle why: two words")
    assert "There are older ones" in out.splitlines()[1]
    assert audited(url, "search", "nothing-like-it")[1] == "None.\n"
    code, out, error = audited(url, "search", "since:soon")
    assert (code, out) == (2, "")
    assert one_sentence(error)
    assert "'soon' is no time" in error


def test_a_timeline_and_a_handover_are_markdown_on_stdout(url: str) -> None:
    code, out, error = audited(url, "timeline", "--market", MARKET)
    assert (code, error) == (0, "")
    assert out.startswith("# What happened on LOCALNET\n")
    assert f"**act** `ann@bastion`: `park` `{MARKET}`: `` reason: no key `x` ``" in out
    assert "**stop** `bob@bastion`: `hold` `oracle`: `why: two words`" in out
    told = json.loads(audited(url, "timeline", "--json")[1])
    assert [event["kind"] for event in told["events"]] == ["act", "stop"]
    code, out, error = audited(url, "handover", "--since", "2h")
    assert (code, error) == (0, "")
    assert f"- `{MARKET}` in prove: `` no key `x` ``" in out
    assert "- ok: 3 rows, each as it was written" in out


def test_times_that_cannot_be_meant_are_wrong_usage(url: str) -> None:
    code, out, error = audited(url, "timeline", "--since", "1h", "--until", "2h")
    assert (code, out) == (2, "")
    assert error == "opinion: '1h' is not before '2h': give the earlier time first.\n"
    assert audited(url, "timeline", "--market", "x")[0] == 2
    assert audited(url, "handover", "--since", "60d")[0] == 2
