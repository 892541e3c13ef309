"""The live checks: what each says of an overview, and what they find with the real parts there and away."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey

from chain.constants import RequestStatus
from chain.units import Lamports, Slot
from ops.alerts.seen import Severity as AlertSeverity
from ops.alerts.seen import Standing as AlertStanding
from ops.runbooks.book import parse, runbooks
from ops.runbooks.checks import CHECKS, Memory, Seen, State, judged
from ops.runbooks.following import check_words, followed, lines, run_words
from ops.runbooks.hands import end, mark
from ops.runbooks.reading import RunbooksSeen, read
from ops.status import Node, Overview, Part, Queues, Reader
from settings import Settings
from store import runbooks as runs
from store.audit_log import Chain, ChainState
from store.database import Database
from store.migrations import migrate
from store.size import Size
from store.standing import Line
from tests.ops.test_ops_store import opinion
from tests.ops.test_overview import BROKE, HELD, LAGS, NOW, WELL, blind, changed, firing, program, work
from tests.servers import Server, new_database

ROOM, MEMORY = Part(Size(5_000_000, 50 * 10**9, 100 * 10**9)), Part(Memory(2_000_000, 100_000_000))
GONE: Any = Part(None, "it is away")
ANN = "ann@bastion"


WHOLE = ChainState(rows=7, checked=7, whole_at=NOW, first_bad=None, head="ab", words="7 rows, each as it was written")


def seen(
    overview: Overview = WELL,
    size: Part[Size] = ROOM,
    memory: Part[Memory] = MEMORY,
    chain: ChainState = WHOLE,
) -> Seen:
    return Seen(overview=overview, size=size, memory=memory, chain=Part(chain))


def test_where_all_is_well_every_check_is_done() -> None:
    assert {name: found.state for name, found in judged(seen()).items()} == dict.fromkeys(CHECKS, State.DONE)


AWAY = Seen(
    overview=replace(WELL, work=GONE, queues=GONE, program=GONE, alerts=GONE, nodes=(Node("one", None, "is away"),)),
    size=Part(None, "it is away"),
    memory=Part(None, "it is away"),
    chain=Part(None, "it is away"),
)


def test_where_all_is_away_no_check_is_done_and_the_parts_themselves_fail() -> None:
    found = judged(AWAY)
    assert {name for name, one in found.items() if one.state is State.FAILING} == {
        "attention",
        "database",
        "redis",
        "rpc",
        "rpc-lag",
    }
    assert {one.state for one in found.values()} == {State.FAILING, State.UNKNOWN}
    assert found["watcher"].words == "it is away"


OLD = {"finalized": NOW - timedelta(seconds=300)}
WRONG: list[tuple[str, Seen, str]] = [
    ("alerts", seen(firing(AlertSeverity.WARNING)), "firing: "),
    ("alerts", seen(blind(AlertStanding.WATCHDOG_MISSING)), "cannot be known"),
    ("attention", seen(work(watcher=None)), "No watcher is active"),
    ("audit", seen(chain=replace(WHOLE, whole_at=None, first_bad=3, words="row 3 was changed")), "row 3 was changed"),
    ("authorities", seen(program(authorities=[replace(BROKE, proposed=Pubkey.default())])), "as oracle"),
    ("bond", seen(changed(settlements={("waiting", "bond"): 3})), "3 wait for the bond vault"),
    ("captured", seen(changed(randomness={RequestStatus.REQUESTED: Line(2, 90.0)})), "90 s: it lapses in about 90 s"),
    ("captured", seen(changed(randomness={RequestStatus.REQUESTED: Line(1, 400.0)})), "it has lapsed, unless"),
    ("chain-read", seen(changed(reads=OLD)), "300 s ago"),
    ("chain-read", seen(changed(reads={})), "never read"),
    ("database-space", seen(size=Part(Size(1, 10 * 10**9, 100 * 10**9))), "10.0 GB are left of 100"),
    ("due", seen(changed(due={"settle": Line(4, 61.0)})), "4 in settle, the oldest for 61 s"),
    ("hold", seen(work(hold=HELD)), "alice holds everything: an upgrade"),
    ("model", seen(changed(model_available=False)), "did not answer last time"),
    ("model", seen(changed(model_available=False, settlements={("waiting", "model"): 2})), "2 wait for it"),
    ("oracle-key", seen(program(authorities=[replace(BROKE, balance=Lamports(5_000))])), "0.000005 SOL"),
    ("oracle-key", seen(program(authorities=[BROKE])), "no SOL"),
    ("parked", seen(changed(parked={"analyse": 2})), "2 in analyse"),
    ("proved", seen(changed(randomness={RequestStatus.CAPTURED: Line(1, 301.0)})), "301 s after its request"),
    ("randomness-key", seen(changed(settlements={("waiting", "randomness_key"): 1})), "1 wait for"),
    ("redis-memory", seen(memory=Part(Memory(95, 100))), "95%"),
    ("rpc-lag", seen(replace(WELL, nodes=LAGS)), "https://two is 200 slots behind"),
    ("rpc-waits", seen(changed(settlements={("waiting", "rpc"): 1})), "1 wait for a node"),
    ("texts", seen(changed(settlements={("waiting", "texts"): 1})), "1 wait for texts"),
    ("watcher", seen(work(watcher=None)), "none is active"),
    ("workers", seen(replace(WELL, queues=Part(Queues({}, 0)))), "none is alive"),
]


@pytest.mark.parametrize(("name", "found", "words"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_fails_its_check_with_the_figure(name: str, found: Seen, words: str) -> None:
    checked = judged(found)[name]
    assert checked.state is State.FAILING
    assert words in checked.words


def test_another_build_than_ours_fails_and_no_build_cannot_tell() -> None:
    assert WELL.program.value is not None
    deployed = WELL.program.value.deployed
    other = seen(program(deployed=replace(deployed, built_hash="cd" * 32)))
    assert judged(other)["program"].state is State.FAILING
    assert judged(seen(program(deployed=replace(deployed, built_hash=None))))["program"].state is State.UNKNOWN


def test_a_log_that_is_not_read_to_its_end_is_not_called_whole() -> None:
    found = judged(seen(chain=replace(WHOLE, whole_at=None, checked=3, words="3 of 7 rows are checked")))["audit"]
    assert (found.state, found.words) == (State.UNKNOWN, "3 of 7 rows are checked; the newest has the hash ab")


def test_who_holds_what_is_told_to_be_compared() -> None:
    nobody = replace(BROKE, role="upgrade authority", key=None)
    words = judged(seen(program(authorities=[BROKE, nobody])))["authorities"].words
    assert words == f"no change is proposed; now there are: oracle {BROKE.key}, upgrade authority nobody"


def test_what_is_near_its_limit_is_still_well() -> None:
    near = seen(
        changed(due={"settle": Line(4, 60.0)}, randomness={RequestStatus.REQUESTED: Line(1, 59.0)}),
        Part(Size(1, 20 * 10**9, 100 * 10**9)),
        Part(Memory(90, 100)),
    )
    assert {judged(near)[name].state for name in ("due", "captured", "database-space", "redis-memory")} == {State.DONE}
    nodes = (Node("one", Slot(1_000)), Node("two", Slot(850)))
    assert judged(seen(replace(WELL, nodes=nodes)))["rpc-lag"].state is State.DONE


async def test_the_real_parts_are_read_and_those_that_are_away_are_told(
    tmp_path: Path, valkey_server: Server, postgresql_server: Server
) -> None:
    for url in (f"sqlite:///{tmp_path}/oracle.db", new_database(postgresql_server)):
        settings = Settings(
            database_url=url, redis_url=valkey_server.url, solana_rpc_url=("http://127.0.0.1:1",), texts_path=tmp_path
        )
        async with Database(url) as db, Reader(settings) as overviews:
            await migrate(db)

            async def opened(db: Database = db) -> Database:
                return db

            found = await read(settings, overviews.read, opened, Chain())
        assert found.runs.value == {}
        assert found.checks["audit"].state is State.DONE
        space = found.checks["database-space"]
        disk = shutil.disk_usage(tmp_path)
        little = disk.free < max(10**9, disk.total / 5)
        known = State.FAILING if little else State.DONE
        assert space.state is (known if url.startswith("sqlite") else State.UNKNOWN)
        assert " MB" in space.words
        assert found.checks["redis-memory"].state is State.DONE
        assert found.checks["database"].state is State.DONE
        assert found.checks["watcher"].state is State.FAILING
        assert found.checks["rpc"].words == "0 of 1 answer"

    async def away() -> Database:
        raise OSError("no such host")

    gone = settings.model_copy(
        update={"redis_url": "redis://127.0.0.1:1/0", "database_url": "postgresql://127.0.0.1:1/x"}
    )
    async with Reader(gone) as overviews:
        found = await read(gone, overviews.read, away, Chain())
    assert found.runs.why == "no such host"
    assert found.checks["redis-memory"].state is State.UNKNOWN
    assert "127.0.0.1:1 does not tell its memory" in found.checks["redis-memory"].words


def test_a_run_is_told_step_by_step(tmp_path: Path) -> None:
    assert "There is no database" in opinion(tmp_path, "runbook", "start", "rpc", code=1)
    opinion(tmp_path, "store", "migrate")
    listed = opinion(tmp_path, "runbook", "list")
    assert "rpc-lag" in listed
    assert "nobody went through it yet" in listed
    assert "No run of rpc-lag is under way" in opinion(tmp_path, "runbook", "end", "rpc-lag", "nothing", code=1)
    assert opinion(tmp_path, "runbook", "start", "rpc").startswith("rpc-lag is under way, since ")
    assert "under way already" in opinion(tmp_path, "runbook", "start", "rpc-lag")
    assert "A step cannot be 'well'" in opinion(
        tmp_path, "runbook", "mark", "rpc", "see-which-node-it-is", "well", code=2
    )
    assert "Say why" in opinion(tmp_path, "runbook", "mark", "rpc", "see-which-node-it-is", "skipped", code=2)
    opinion(tmp_path, "runbook", "mark", "rpc", "see-which-node-it-is", "done", "it was ours")
    said = opinion(tmp_path, "runbook", "mark", "rpc", "1", "failing", "it is theirs")
    assert said == "See which node it is: failing.\n"
    assert "A note needs words" in opinion(tmp_path, "runbook", "note", "rpc", "1", "", code=2)
    opinion(tmp_path, "runbook", "note", "rpc", "1", "ask `them`")
    opinion(tmp_path, "runbook", "mark", "rpc", "1", "done", "it was ours")
    shown = opinion(tmp_path, "runbook", "show", "rpc-lag")
    assert ": it was ours" in shown
    assert "$ opinion doctor" in shown
    told = json.loads(opinion(tmp_path, "runbook", "show", "rpc-lag", "--json"))
    assert [step["title"] for step in told["steps"]] == [step.title for step in runbooks()["rpc-lag"].steps]
    assert [mark["words"] for mark in told["steps"][0]["marks"]] == ["it was ours", "ask `them`"]
    assert "failing  1. See which node it is: " in opinion(tmp_path, "runbook", "check", "rpc", code=3)
    assert opinion(tmp_path, "runbook", "end", "rpc", "enough").strip() == "The run of rpc-lag is abandoned."
    assert "abandoned" in opinion(tmp_path, "runbook", "list")
    record = opinion(tmp_path, "runbook", "seen", "rpc")
    said = [line.partition(" **")[2] for line in record.splitlines() if " **" in line]
    assert [line.partition("**")[0] for line in said] == ["done", "failing", "note", "done"]
    assert "`` ask `them` ``" in record
    assert "- The chain is read in full" in record.partition("## Left")[2]
    assert opinion(tmp_path, "runbook", "seen", "rpc", "--run", "1") == record
    assert "Rpc-lag has no run 2" in opinion(tmp_path, "runbook", "seen", "rpc", "--run", "2", code=1)
    assert "Nobody went through" in opinion(tmp_path, "runbook", "seen", "oracle", code=1)
    assert "Good: 2 rows" in opinion(tmp_path, "audit", "verify")


async def test_a_run_is_finished_when_every_step_was_looked_at_and_none_fails(tmp_path: Path) -> None:
    book = parse("name", "# A\n\n- For: me\n\n## One\n\n- Check: rpc\n\nWords.\n\n## Two\n\nWords.\n")
    nothing = RunbooksSeen(Part({}), judged(seen()))
    assert run_words(followed(book, nothing)) == "nobody went through it yet"
    assert check_words(followed(book, nothing)) == "1 ok"
    assert followed(book, RunbooksSeen(Part(None, "away"), judged(AWAY))).failing == 1
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as db:
        await migrate(db)

        async def shown() -> str:
            return "\n".join(lines(followed(book, RunbooksSeen(Part(await runs.newest(db)), judged(seen())))))

        await runs.start(db, book.name, book.digest, ANN)
        one, two = book.steps
        await mark(db, book, one, "failing", "it is red", ANN)
        await mark(db, book, two, "skipped", "not needed", ANN)
        assert "by ann@bastion: 1 of 2" in await shown()
        assert "failing, ann@bastion: it is red" in await shown()
        await mark(db, book, one, "done", "", ANN)
        assert await end(db, book, "well", ANN) == "finished"
        assert "finished" in await shown()
        assert book.name in await runs.newest(db)


def test_every_runbook_can_be_shown_with_everything_away() -> None:
    away = RunbooksSeen(Part(None, "the database is away"), judged(AWAY))
    for book in runbooks().values():
        told = list(lines(followed(book, away)))
        assert "its runs cannot be read: the database is away" in told[0]
        assert sum(line.startswith("check ") for line in told) == sum(step.check is not None for step in book.steps)
