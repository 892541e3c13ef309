"""What works on every screen: going about, hold and resume, themes, palette, command line, a recording's clock."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette

from console.app import Console
from console.clock import CLOCK
from console.config import THEMES
from console.feeds.base import Feed, Snapshot
from console.overview_lines import following, lines_of
from console.recording.recorder import Recorder
from console.recording.replay import Replay
from console.screens import ROOMS
from console.screens.base import Room
from console.screens.overview import BESIDE
from console.widgets.dialog import TextDialog
from console.widgets.table import LiveTable
from ops.status import Screen
from settings import Settings
from store import holds
from store.database import Database
from store.holds import Hold
from store.migrations import migrate
from tests.console.pilots import Seat, replayed, seated

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A database, and no other part that answers."""
    found = Settings(
        database_url=f"sqlite:///{tmp_path}/oracle.db",
        solana_rpc_url=("http://127.0.0.1:1",),
        redis_url="redis://127.0.0.1:1/0",
    )
    async with Database(found.database_url) as db:
        await migrate(db)
    return found


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What went to the clipboard."""
    found: list[str] = []
    monkeypatch.setattr(Console, "copy_to_clipboard", lambda _, words: found.append(words))
    return found


def here(seat: Seat) -> str:
    """The room's name."""
    assert isinstance(seat.app.screen, Room)
    return seat.app.screen.room


async def test_every_line_of_the_overview_leads_to_its_screen_and_esc_back(night: Replay) -> None:
    lines = lines_of(following(None, night.value("overview")), 120 - BESIDE)
    ordered = sorted(lines.items(), key=lambda entry: entry[1].place)
    assert {line.screen for line in lines.values()} > {Screen.MARKETS, Screen.ALERTS, Screen.SIGNERS, Screen.DEPLOYS}
    async with replayed(night, "overview", size=(120, 40)) as seat:
        await seat.until(ordered[-1][1].words)
        for key, line in ordered:
            assert seat.app.screen.query_one(LiveTable).go_to(key)
            await seat.press("enter")
            await seat.pilot.pause()
            assert here(seat) == line.screen, line
            if line.screen is Screen.OVERVIEW:
                continue
            if line.filter_words:
                await seat.until(line.filter_words)
                await seat.press("escape")
            await seat.press("escape")
            await seat.pilot.pause()
            assert here(seat) == "overview", line


async def test_digits_lead_to_every_room_and_esc_back_through_them(night: Replay) -> None:
    async with replayed(night, ROOMS[0]) as seat:
        for number, room in enumerate(ROOMS, 1):
            await seat.press(str(number))
            await seat.pilot.pause()
            assert here(seat) == room
        for room in ROOMS[-2::-1]:
            await seat.press("escape")
            await seat.pilot.pause()
            assert here(seat) == room


async def test_signers_are_shown_and_copied_by_role(night: Replay, copied: list[str]) -> None:
    authorities = night.value("program").authorities
    async with replayed(night, "signers", size=(80, 40)) as seat:
        text = await seat.until("may receive the fees")
        assert all(f"{held.role:<18} {held.key}" in text for held in authorities)
        await seat.press("y")
        await seat.until("Copied: ")
    assert copied == ["\n".join(f"{held.role}: {held.key}" for held in authorities)]


async def test_what_is_deployed_is_shown_and_its_hash_copied(night: Replay, copied: list[str]) -> None:
    deployed = night.value("program").deployed
    async with replayed(night, "deploys") as seat:
        assert "the build that came with this software" in await seat.until(deployed.hash_)
        await seat.press("y")
        await seat.until(f"Copied: {deployed.hash_}")
    assert copied == [deployed.hash_]


async def test_what_is_under_way_is_done_to_its_end_and_leaving_meanwhile_asks(settings: Settings) -> None:
    async with Database(settings.database_url) as db, seated(settings, "deploys") as seat:
        await seat.press("H")
        await seat.until("Hold the whole oracle  on LOCALNET")
        await seat.type("an upgrade")
        await seat.press("enter")
        await seat.type("localnet")
        with sqlite3.connect(settings.database_url.removeprefix("sqlite:///"), isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            await seat.press("enter")
            await seat.without("Hold the whole oracle  on LOCALNET")
            await seat.press("1", "q")
            await seat.until("Under way: Hold the whole oracle.")
            await seat.press("escape")
            await seat.without("Under way")
            assert seat.app.is_running
            other.execute("ROLLBACK")
        await seat.until("Held since ")
        assert here(seat) == "overview"
        assert await holds.current(db) is not None
        await seat.press("q")
        await seat.pilot.pause()
        assert seat.app.return_code == 0


async def test_the_oracle_is_held_and_let_go_by_keys_on_any_screen(settings: Settings) -> None:
    async with Database(settings.database_url) as db, seated(settings, "deploys") as seat:
        await seat.press("R")
        await seat.until("No hold is placed.")
        await seat.press("H")
        await seat.until("Hold the whole oracle  on LOCALNET")
        await seat.press("enter")
        await seat.until("A reason is needed.")
        await seat.type("an upgrade")
        await seat.press("enter")
        await seat.type("mainnet")
        await seat.press("enter")
        await seat.until("'mainnet' is not 'localnet'")
        assert await holds.current(db) is None
        await seat.press("ctrl+u")
        await seat.type("localnet")
        await seat.press("enter")
        await seat.until("Held since ")
        await seat.until("HELD")
        held = await holds.current(db)
        assert held is not None
        assert held.why == "an upgrade"
        await seat.press("2", "R")
        await seat.until(": an upgrade.")
        await seat.type("localnet")
        await seat.press("enter")
        await seat.until("1 hold is lifted.")
        await seat.without("HELD")
        assert await holds.current(db) is None


async def test_themes_follow_one_another(night: Replay) -> None:
    async with replayed(night, "markets") as seat:
        seen = [seat.app.theme]
        for _ in THEMES:
            await seat.press("T")
            seen.append(seat.app.theme)
    assert seen == [*THEMES, THEMES[0]]


async def test_the_palette_does_what_its_line_says(night: Replay) -> None:
    async with replayed(night, "overview") as seat:
        await seat.press("ctrl+p")
        await seat.until("What do you want to do?")
        await seat.type("go to deploys")
        await seat.until("Go to Deploys.")
        await seat.press("down", "enter")
        await seat.until(night.value("program").deployed.hash_)
        await seat.press("ctrl+p")
        await seat.type("theme")
        await seat.until("The next theme: dark, light, plain.")
        await seat.press("escape")
        assert (here(seat), seat.app.theme) == ("deploys", THEMES[0])


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
async def test_a_text_is_read_to_its_last_line(night: Replay, size: tuple[int, int]) -> None:
    async with replayed(night, "overview", size=size) as seat:
        seat.app.push_screen(TextDialog("Title", "\n".join(f"line {n}." for n in range(1, 101))))
        await seat.until("line 1.")
        assert "Title" in seat.text()
        await seat.press("G")
        await seat.until("line 100.")
        await seat.press("g")
        await seat.until("line 1.")
        await seat.press("escape")
        seat.app.push_screen(TextDialog("Title", "all of it"))
        await seat.until("all of it")


async def test_textuals_own_palette_which_writes_files_is_nowhere(night: Replay) -> None:
    async with replayed(night, "overview") as seat:
        for key in ("ctrl+p", "ctrl+underscore", "ctrl+backslash"):
            await seat.press(key)
            await seat.pilot.pause()
            assert type(seat.app.screen) is not CommandPalette, key
            await seat.press("escape")
        await seat.pilot.pause()
        done = {active.binding.action for active in seat.app.screen.active_bindings.values()}
        assert "quit" in " ".join(done)
        assert not [action for action in done if "command_palette" in action or "screenshot" in action]


async def test_the_line_completes_does_and_says_what_it_does_not_know(night: Replay) -> None:
    async with replayed(night, "overview") as seat:
        await seat.press("colon")
        await seat.type("dep")
        await seat.press("tab")
        await seat.until("deploys")
        await seat.press("enter")
        await seat.pilot.pause()
        assert here(seat) == "deploys"
        for typed, answer in (
            ("r", "'r' is no screen or action: it could be runbooks, refresh, resume"),
            ("nothing", "'nothing' is no screen or action: Tab shows what there is"),
            ("signers now", "signers takes no words after it"),
        ):
            await seat.press("colon")
            await seat.type(typed)
            await seat.press("enter")
            await seat.until(answer)
        await seat.press("colon")
        await seat.type("theme")
        await seat.press("enter")
        await seat.shows(lambda _: seat.app.theme == THEMES[1], THEMES[1])
        await seat.press("colon", "backspace")
        await seat.press("2")
        await seat.until("Markets  ")


async def recorded(path: Path) -> Replay:
    """Two minutes, in the second of which the oracle was held."""
    times = [BEGAN]
    token = CLOCK.set(lambda: times[0])

    async def nothing() -> None:
        return

    with Recorder(path, "localnet", lambda words: pytest.fail(words)) as recorder:
        feed: Feed[Any] = Feed("hold", nothing, every_s=1, patience_s=1)
        recorder.watch(feed)
        for minutes, hold in ((0, None), (1, Hold(why="an upgrade", placed_by="alice", placed_at=BEGAN)), (2, None)):
            times[0] = BEGAN + timedelta(minutes=minutes)
            feed.tell(Snapshot(value=hold, at=times[0]))
    CLOCK.reset(token)
    return await asyncio.to_thread(Replay, path)


async def test_a_recording_stands_still_goes_back_on_and_faster(tmp_path: Path) -> None:
    replay = await recorded(tmp_path / "night.gz")
    async with replayed(replay, "deploys") as seat:
        await seat.press("P")
        await seat.until("It stands still. 2026-11-24 03:00:0")
        await seat.without("HELD")
        await seat.press("right_square_bracket")
        await seat.until("2026-11-24 03:01:0")
        await seat.until("HELD")
        await seat.press("left_square_bracket")
        await seat.until("of 03:00:00 to 03:02:00")
        await seat.without("HELD")
        await seat.press("greater_than_sign")
        await seat.until("10 times as fast as it was.")
        await seat.press("greater_than_sign", "P")
        await seat.until("It goes on.")
        await seat.until("HELD")
        await seat.without("HELD")
        await seat.until("03:02:00Z")
        assert replay.now() == replay.ended


async def test_what_feeds_tell_while_the_console_ends_hurts_nobody(night: Replay) -> None:
    async with replayed(night, "deploys") as seat:
        hub = seat.app.context.hub
        await seat.until("program <5s")
        seat.app._running = False  # pyright: ignore[reportPrivateUsage] - as Textual does, before it closes the screens
        await seat.app.screen.query("*").remove()
        hub.holds.tell(Snapshot(value=Hold(why="a look", placed_by="alice", placed_at=BEGAN), at=BEGAN))
        hub.standing.tell(hub.standing.snapshot)
