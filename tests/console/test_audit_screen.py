"""The Audit screen by keys, over a real database: what is found, what is shown whole, and both documents."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from console.actions import Role
from console.app import Console, Step
from console.clock import CLOCK
from console.config import Config
from console.feeds.hub import Hub
from console.feeds.sources import Sources
from console.recording.recorder import Recorder
from console.recording.replay import Replay
from console.screens import audit as audit_screen
from ops import audit_trail
from settings import Network, Settings
from store import audit
from store.audit import Json
from store.database import Database
from store.migrations import migrate
from store.schema import audit as table
from tests.console.pilots import Seat, seated
from tests.samples import key

MARKET = str(key(7))
ANN, WORKER = "ann@bastion (pts/1)", "vm:14260:0c7645f3"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{tmp_path}/oracle.db",
        solana_rpc_url=("http://127.0.0.1:1",),
        redis_url="redis://127.0.0.1:1/0",
    )


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings.database_url) as found:
        await migrate(found)
        yield found


async def did(db: Database, who: str, act: str, subject: str, **details: Json) -> None:
    async with db.write() as connection:
        await audit.append(connection, who, act, subject, details)


async def acts(db: Database) -> None:
    await did(db, ANN, "park", MARKET, reason="no key\x1b[2J")
    await did(db, WORKER, "sign", MARKET, intent="close")
    await did(db, "bob@bastion", "hold", "oracle", why="a look")


async def test_acts_are_shown_newest_first_and_new_ones_come_by_themselves(settings: Settings, db: Database) -> None:
    await acts(db)
    async with seated(settings, "audit") as seat:
        seat.app.context.hub.audit.every_s = 0.1
        text = await seat.until("3 acts")
        lines = text.splitlines()
        assert [line.split()[0] for line in lines[1:5]] == ["number↓", "3", "2", "1"]
        assert "ann@bastion" in lines[4]
        assert "reason: no key" in lines[4]
        assert "\x1b" not in text
        await did(db, ANN, "resume", "oracle", holds=1)
        await seat.until("4 acts")
        await seat.until("resume")


async def test_the_filter_finds_as_one_types(settings: Settings, db: Database) -> None:
    await acts(db)
    async with seated(settings, "audit") as seat:
        await seat.until("3 acts")
        await seat.press("slash")
        await seat.type("who:ann")
        assert "park" in await seat.until("1 acts")
        await seat.type(" since:2x")
        await seat.until("'2x' is no time: write 2h")
        await seat.press("escape")
        await seat.until("3 acts")
        await seat.press("colon")
        await seat.type("audit by:oracle since:1h")
        await seat.press("enter")
        text = await seat.until("1 acts  /by:oracle since:1h")
        assert "sign" in text
        await seat.press("slash")
        await seat.type(" nothing-like-it")
        await seat.until("No act is like that.")


async def test_older_acts_come_as_one_goes_down(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (audit_trail, audit_screen):
        monkeypatch.setattr(module, "PAGE", 30)
    monkeypatch.setattr(audit_screen, "NEAR", 5)
    async with db.write() as connection:
        for number in range(100):
            await audit.append(connection, ANN, f"act{number}", "M", {})
    async with seated(settings, "audit") as seat:
        await seat.until("30+ acts")
        for count in ("60+ acts", "90+ acts", "100 acts"):
            await seat.press("G")
            await seat.until(count)
        await seat.press("G")
        await seat.until("act0 ")
        await seat.press("o")
        await seat.until("There are no older ones.")


async def test_an_act_is_opened_whole_copied_and_led_to_its_market(settings: Settings, db: Database) -> None:
    await acts(db)
    async with seated(settings, "audit") as seat:
        await seat.until("3 acts")
        await seat.press("enter")
        text = await seat.until("ok: the hash is that of this row")
        assert "bob@bastion (a person)" in text
        assert '"why": "a look"' in text
        await seat.press("escape", "m")
        await seat.until("This act is about no market.")
        await seat.press("y")
        await seat.until("Copied: 3 ")
        await seat.press("G", "m")
        await seat.until(f"Market  {MARKET}")


async def test_the_chain_is_told_whole_and_then_where_it_was_changed(settings: Settings, db: Database) -> None:
    await acts(db)
    async with seated(settings, "audit") as seat:
        await seat.until("ok: 3 rows, each as it was written, seen whole at")
        async with db.write() as connection:
            await connection.execute(update(table).where(table.c.number == 2).values(actor="mallory"))
        seat.app.context.hub.chain.poke()
        await seat.until("BAD: row 2 was changed after it was written.")
        await seat.press("j", "enter")
        await seat.until("BAD: this row was changed after it was written")
        await seat.press("escape")
        async with db.write() as connection:
            await connection.execute(delete(table).where(table.c.number == 2))
        await seat.press("enter")
        await seat.until("BAD: row 2 is not there any more.")


async def test_a_timeline_is_asked_for_shown_and_written_once(settings: Settings, db: Database, tmp_path: Path) -> None:
    await acts(db)
    async with seated(settings, "audit") as seat:
        await seat.until("3 acts")
        await seat.press("t")
        await seat.until("Of one market, or empty for all:")
        await seat.type("nonsense")
        await seat.press("enter")
        await seat.until("'nonsense' is not the address of a market")
        await seat.press(*["backspace"] * 8, "enter")
        await seat.until("# What happened on LOCALNET")
        path = tmp_path / "timeline.md"
        for said in ("Written:", "give another name"):
            await seat.press("w")
            await seat.until("Nobody else can read the file.")
            await seat.press("ctrl+a", "ctrl+k")
            await seat.type(str(path))
            await seat.press("enter")
            await seat.until(said)
        assert path.stat().st_mode & 0o777 == 0o600
        text = path.read_text()
        assert f"`{ANN}`: `park` `{MARKET}`" in text
        assert "no Prometheus is configured" in text


async def test_a_handover_is_shown_and_a_read_only_console_writes_no_file(settings: Settings, db: Database) -> None:
    await acts(db)
    async with seated(settings, "audit", role=Role.VIEWER, read_only=True, size=(120, 60)) as seat:
        await seat.until("ok: 3 rows")
        await seat.press("h", "enter")
        text = await seat.until("# Shift handover on LOCALNET")
        assert "What needs a person now" in text
        await seat.press("w")
        await seat.until("This console writes no file")


async def test_with_the_database_away_what_was_known_stays(settings: Settings, db: Database) -> None:
    await acts(db)
    async with seated(settings, "audit") as seat:
        seat.app.context.hub.audit.every_s = 0.1
        await seat.until("3 acts")
        async with db.write() as connection:
            await connection.exec_driver_sql("DROP TABLE audit")
        text = await seat.until("! acts as of")
        assert "park" in text


async def test_what_was_recorded_is_filtered_and_opened_without_the_database(
    settings: Settings, db: Database, tmp_path: Path
) -> None:
    await acts(db)
    path = tmp_path / "night.gz"
    async with Sources(settings) as sources:
        with Recorder(path, "localnet", lambda words: pytest.fail(words)) as recorder:
            hub = Hub(sources, recorder)
            async with hub.running():
                told = [asyncio.Event(), asyncio.Event()]
                for feed, event in zip((hub.audit, hub.chain), told, strict=True):
                    feed.watch(lambda _, event=event: event.set())
                await asyncio.gather(*(event.wait() for event in told))
    replay = Replay(path)
    replay.jump(timedelta(hours=1).total_seconds())
    token = CLOCK.set(replay.now)
    try:
        async with Sources(Settings(database_url=f"sqlite:///{tmp_path}/none/none.db")) as nowhere:
            hub = Hub(nowhere, replay=replay)
            app = Console(
                hub, network=Network.LOCALNET, role=Role.VIEWER, read_only=True, config=Config(),
                start=Step("audit", ""),
            )  # fmt: skip
            async with hub.running(), app.run_test(size=(80, 24)) as pilot:
                seat = Seat(app, pilot)
                await seat.until("3 acts")
                await seat.until("ok: 3 rows")
                await seat.press("slash")
                await seat.type("by:person park")
                await seat.until("1 acts")
                await seat.press("enter")
                await seat.press("enter")
                await seat.until('"reason"')
                await seat.press("escape", "t")
                await seat.until("A recording has only what was shown")
    finally:
        CLOCK.reset(token)
