"""A console over real sources, without a terminal: keys go in, what stands on the screen comes out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual import events
from textual.keys import _character_to_key  # pyright: ignore[reportPrivateUsage]
from textual.pilot import Pilot

from console.actions import Role
from console.app import Console, Step
from console.clock import CLOCK
from console.config import Config
from console.feeds.hub import Hub
from console.feeds.sources import Sources
from console.recording.replay import Replay
from settings import Network, Settings

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Seat:
    """Somebody at the console."""

    app: Console
    pilot: Pilot[int]

    def text(self) -> str:
        """What stands on the screen."""
        strips = self.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, words: str) -> None:
        """Type letters, without the pilot's rest of 40 ms after each."""
        assert self.app._driver is not None  # pyright: ignore[reportPrivateUsage]
        for letter in words:
            key = letter if letter.isalnum() else _character_to_key(letter)
            self.app._driver.send_message(events.Key(key, letter))  # pyright: ignore[reportPrivateUsage]
        await self.pilot.pause()

    async def until(self, words: str) -> str:
        """Return the screen once it shows the words."""
        return await self.shows(lambda text: words in text, words)

    async def without(self, words: str) -> str:
        """Return the screen once it does not show the words any more."""
        return await self.shows(lambda text: words not in text, f"a screen without {words}")

    async def shows(self, wanted: Callable[[str], bool], what: str) -> str:
        """Return the screen once it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(self.text()):
            assert time.monotonic() < deadline, f"no {what!r} on:\n{self.text()}"
            await asyncio.sleep(0.05)
        return self.text()


@asynccontextmanager
async def seated(
    settings: Settings,
    screen: str,
    *,
    role: Role = Role.OPERATOR,
    read_only: bool = False,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Seat]:
    """A console on this screen: its name, and what else `:` would take."""
    place, _, words = screen.partition(" ")
    async with Sources(settings) as sources:
        hub = Hub(sources)
        hub.alerts.every_s = 0.3
        async with _sitting(hub, settings.network, role, read_only, Step(place, words), size) as seat:
            yield seat


@asynccontextmanager
async def replayed(
    replay: Replay, screen: str, network: Network = Network.LOCALNET, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Seat]:
    """An operator at a console that shows a recording: by the clock of then."""
    place, _, words = screen.partition(" ")
    nowhere = Settings(database_url="sqlite:////nowhere/oracle.db", solana_rpc_url=("http://127.0.0.1:1",))
    token = CLOCK.set(replay.now)
    try:
        async with Sources(nowhere) as sources:
            hub = Hub(sources, None, replay)
            async with _sitting(hub, network, Role.OPERATOR, False, Step(place, words), size) as seat:
                yield seat
    finally:
        CLOCK.reset(token)


@asynccontextmanager
async def _sitting(
    hub: Hub, network: Network, role: Role, read_only: bool, start: Step, size: tuple[int, int]
) -> AsyncIterator[Seat]:
    app = Console(hub, network=network, role=role, read_only=read_only, config=Config(), start=start)
    async with hub.running(), app.run_test(size=size) as pilot:
        yield Seat(app, pilot)
