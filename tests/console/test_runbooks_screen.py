"""The Runbooks screen by keys: texts whatever is away, live checks, and a run that two people share."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from console.actions import Role
from console.recording.codec import decoded, encoded
from ops.runbooks.book import runbooks as books
from ops.runbooks.checks import Checked, State
from ops.runbooks.reading import RunbooksSeen
from ops.status import Part
from settings import Settings
from store import runbooks
from store.database import Database
from store.migrations import migrate
from store.runbooks import Followed, Mark, Means, Outcome, Run
from store.schema import audit
from tests.console.pilots import Seat, seated
from tests.servers import Server

NAME, FIRST = "rpc-lag", "see-which-node-it-is"
BOB = "bob@bastion (pts/2)"
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def settings_of(url: str, redis: str = "redis://127.0.0.1:1/0") -> Settings:
    return Settings(database_url=url, redis_url=redis, solana_rpc_url=("http://127.0.0.1:1",))


@pytest.fixture
async def settings(tmp_path: Path, valkey_server: Server) -> Settings:
    """With a database that has its tables, a Valkey, and a node that does not answer."""
    found = settings_of(f"sqlite:///{tmp_path}/oracle.db", valkey_server.url)
    async with Database(found.database_url) as db:
        await migrate(db)
    return found


async def run_of(settings: Settings, name: str = NAME) -> Followed:
    async with Database(settings.database_url) as db:
        return (await runbooks.newest(db))[name]


async def open_book(seat: Seat) -> None:
    await seat.until("rpc-lag")
    seat.app.obey(f"runbooks {NAME}")
    await seat.until("Runbooks  rpc-lag")


async def test_every_runbook_is_listed_those_whose_checks_fail_first(settings: Settings) -> None:
    async with seated(settings, "runbooks", size=(100, 30)) as seat:
        text = await seat.shows(lambda text: "failing" in text, "a check that fails")
        assert all(name in text for name in books())
        assert text.index("rpc-lag") < text.index("redis-memory")


async def test_a_step_stands_with_its_command_and_what_its_check_finds(settings: Settings) -> None:
    async with seated(settings, "runbooks") as seat:
        await open_book(seat)
        text = await seat.until("!! fails")
        assert "An RPC node lags or is away" in text
        assert "At risk: nothing while one node is well." in text
        await seat.press("j")
        text = await seat.until("check rpc: failing, 0 of 1 answer")
        assert "$ systemctl restart 'opinion-oracle-*'" in text
        await seat.press("y")
        await seat.until("Copied: systemctl restart 'opinion-oracle-*'")
        await seat.press("enter")
        await seat.until("Step 2 of 4")
        await seat.press("escape", "escape")
        await seat.until("daily-signer")


async def test_a_run_is_started_marked_and_ended_by_keys_and_audited(settings: Settings) -> None:
    async with seated(settings, "runbooks", size=(110, 30)) as seat:
        await open_book(seat)
        await seat.until("nobody went through it yet")
        await seat.press("d")
        await seat.until("No run is under way: s starts one.")
        await seat.press("s")
        await seat.until("Start a run of rpc-lag")
        await seat.press("enter")
        await seat.until("0 of 4")
        await seat.press("c")
        await seat.until("Write down what the check finds")
        await seat.press("enter")
        await seat.until("[!] fails")
        await seat.press("d")
        await seat.until("marked it failing")
        await seat.type("it was ours")
        await seat.press("enter")
        await seat.until("[x] done")
        await seat.press("j", "x")
        await seat.until("Mark the step skipped")
        await seat.press("enter")
        await seat.until("Some words are needed.")
        await seat.type("no other node")
        await seat.press("enter")
        await seat.until("[-] skipped")
        await seat.press("n")
        await seat.type("ask them tomorrow")
        await seat.press("enter")
        await seat.until("ask them tomorrow")
        await seat.press("e")
        await seat.until("Left are: the-chain-is-read-in-full")
        await seat.type("it came back")
        await seat.press("enter")
        await seat.until("abandoned")

    run = await run_of(settings)
    assert run.run.outcome is Outcome.ABANDONED
    assert [(mark.step, mark.means, mark.state, mark.words) for mark in run.marks][1:] == [
        (FIRST, Means.HAND, "done", "it was ours"),
        ("one-answers-at-least", Means.HAND, "skipped", "no other node"),
        ("one-answers-at-least", Means.NOTE, None, "ask them tomorrow"),
    ]
    assert (run.marks[0].means, run.marks[0].state) == (Means.CHECK, "failing")
    async with Database(settings.database_url) as db, db.read() as connection:
        acts = (await connection.execute(select(audit.c.act, audit.c.details).order_by(audit.c.number))).all()
    assert [act for act, _ in acts] == ["start runbook", "end runbook"]
    assert json.loads(acts[1].details)["left"] == ["the-chain-is-read-in-full", "nothing-waits-for-a-node-any-more"]


async def test_what_somebody_else_marked_meanwhile_is_told_and_asked_again(settings: Settings) -> None:
    async with Database(settings.database_url) as db:
        run, _ = await runbooks.start(db, NAME, books()[NAME].digest, BOB)
        async with seated(settings, "runbooks", size=(110, 30)) as seat:
            await open_book(seat)
            await seat.until("by bob@bastion")
            await seat.press("d")
            await seat.until("Mark the step done")
            await runbooks.mark(
                db, run.id, FIRST, means=Means.HAND, state="failing", words="two is behind", actor=BOB, seen=None
            )
            await seat.type("well")
            await seat.press("enter")
            text = await seat.until("Mark the step done")
            assert "bob@bastion (pts/2) marked this step failing at" in text
            await seat.type("well again")
            await seat.press("enter")
            await seat.until("[x] done")
    marks = (await run_of(settings)).marks
    assert [(mark.state, mark.words) for mark in marks] == [("failing", "two is behind"), ("done", "well again")]


async def test_a_run_is_gone_on_with_and_one_with_another_text_says_so(settings: Settings) -> None:
    async with Database(settings.database_url) as db:
        run, _ = await runbooks.start(db, NAME, "0" * 64, BOB)
        await runbooks.note(db, run.id, FIRST, "I began", BOB)
    async with seated(settings, "runbooks", size=(110, 30)) as seat:
        await open_book(seat)
        text = await seat.until("I began")
        assert "Its text was changed since this run began" in text
        await seat.press("s")
        await seat.until("go on with it, or end it with e")


async def test_what_was_seen_in_a_run_can_be_read_after_it_has_ended(settings: Settings) -> None:
    async with Database(settings.database_url) as db:
        run, _ = await runbooks.start(db, NAME, books()[NAME].digest, BOB)
        await runbooks.mark(db, run.id, FIRST, means=Means.CHECK, state="failing", words="away", actor=BOB, seen=None)
        await runbooks.end(db, run.id, Outcome.ABANDONED, "it came back", ["the-chain-is-read-in-full"], BOB)
    async with seated(settings, "runbooks daily-signer", role=Role.VIEWER, size=(110, 40)) as seat:
        await seat.until("nobody went through it yet")
        await seat.press("l")
        await seat.until("Nobody went through it yet.")
        seat.app.obey(f"runbooks {NAME}")
        await seat.until("abandoned")
        await seat.press("l")
        text = await seat.until("Run 1 of rpc-lag")
        assert "it came back" in text
        assert "**failing**, by its check, `bob@bastion (pts/2)`: `away`" in text


async def test_a_signer_goes_through_a_runbook(settings: Settings) -> None:
    async with seated(settings, "runbooks daily-signer", role=Role.SIGNER) as seat:
        await seat.until("nobody went through it yet")
        await seat.press("s")
        await seat.until("Start a run of daily-signer")
        await seat.press("enter")
        await seat.until("under way since")
    assert (await run_of(settings, "daily-signer")).run.outcome is None


def test_what_is_shown_can_be_recorded() -> None:
    run = Run(
        id=1, runbook=NAME, digest="", started_by=BOB, started_at=AT, ended_by=None, ended_at=None, outcome=None,
        note=None,
    )  # fmt: skip
    mark = Mark(id=2, step=FIRST, means=Means.HAND, state="done", words="well", actor=BOB, at=AT)
    seen = RunbooksSeen(Part({NAME: Followed(run, (mark,))}), {"rpc": Checked(State.FAILING, "0 of 1 answer")})
    assert decoded(json.loads(json.dumps(encoded(seen)))) == seen


@pytest.mark.parametrize(("role", "read_only"), [(Role.VIEWER, False), (Role.OPERATOR, True)])
async def test_who_only_looks_starts_and_marks_nothing(settings: Settings, role: Role, read_only: bool) -> None:
    async with seated(settings, "runbooks", role=role, read_only=read_only) as seat:
        await open_book(seat)
        await seat.until("!! fails")
        await seat.press("s", "d", "c", "f", "x", "n", "e")
        await seat.press("y")
        text = await seat.until("Copied")
        assert "s start" not in text
    async with Database(settings.database_url) as db:
        assert await runbooks.newest(db) == {}


async def test_with_everything_away_the_texts_can_be_read_and_nothing_is_written(tmp_path: Path) -> None:
    async with seated(settings_of("postgresql://nobody@127.0.0.1:1/nothing"), "runbooks") as seat:
        await seat.until("oracle-down")
        await seat.press("slash")
        await seat.type("redis-mem")
        await seat.press("enter", "enter")
        await seat.until("Runbooks  redis-memory")
        await seat.until("$ systemctl status redis-server")
        await seat.until("its runs cannot be read")
        await seat.press("s")
        await seat.until("Its runs cannot be read now: nothing is written down.")


async def test_a_name_that_is_none_is_told_with_what_there_is(settings: Settings) -> None:
    async with seated(settings, "runbooks no-such-thing") as seat:
        await seat.until("No runbook has 'no-such-thing': there are api-down")
