"""Draws every screen of the console, as it shows what runs: `.venv/bin/python docs/pictures/screens.py`.

The settings are the environment's; those of a running `opinion up --traffic` stand in its STATE/env.
"""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from console.actions import Role
from console.app import Console, Step
from console.config import Config
from console.feeds.hub import Hub
from console.feeds.sources import Sources
from console.screens import ROOMS
from console.screens.base import Room
from settings import read_settings

HERE = Path(__file__).resolve().parent
COLUMNS, LINES = 80, 24
PATIENCE_S = 30.0
FONTS = "ui-monospace, Menlo, Consolas, monospace"


async def main() -> None:
    """Write a picture of each room, and of the market that was worked on last."""
    settings = read_settings()
    async with Sources(settings) as sources:
        hub = Hub(sources)
        app = Console(
            hub,
            network=settings.network,
            role=Role.OPERATOR,
            read_only=False,
            config=Config(),
            start=Step(ROOMS[0], ""),
        )
        async with hub.running(), app.run_test(size=(COLUMNS, LINES)) as pilot:
            for room in ROOMS:
                await draw(app, pilot, Step(room, ""))
            markets = (hub.markets.snapshot.value or {}).values()
            worked_on = sorted((one for one in markets if one.phase), key=lambda one: (one.stakers, one.address))
            if worked_on:
                await draw(app, pilot, Step("market", worked_on[-1].address))
            await pilot.press("question_mark")
            await pilot.pause()
            write("help", app)


async def draw(app: Console, pilot: Pilot[int], step: Step) -> None:
    """Go there, and draw it once all that it watches was read."""
    app.go(step)
    await pilot.pause()
    room = app.screen
    if isinstance(room, Room):
        await until(lambda: all(feed.snapshot.at or feed.snapshot.error for feed, _ in room.watches()))
    # What was read is painted with the next flush of the tables.
    await asyncio.sleep(1.0)
    write(step.place, app)


async def until(so: Callable[[], bool]) -> None:
    """Return when it is so, or when it takes too long: then the screen says what is missing."""
    deadline = time.monotonic() + PATIENCE_S
    while not so() and time.monotonic() < deadline:  # noqa: ASYNC110 - several feeds, and nothing waits for it
        await asyncio.sleep(0.1)


def write(name: str, app: Console) -> None:
    """Write what is shown. Rich's picture fetches a font from elsewhere; one of ours asks nobody for anything."""
    drawn = app.export_screenshot(title=f"opinion console: {name}", simplify=True)
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"font-family: (Fira Code|arial)[^;]*;", f"font-family: {FONTS};", drawn)
    # Rich names its classes by chance: the same screen gives the same picture.
    drawn = re.sub(r"terminal-\d+-", "t-", drawn)
    drawn = re.sub(r"<!-- .*? -->\s*", "", drawn)
    (HERE / f"console-{name}.svg").write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
