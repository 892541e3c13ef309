"""Start the console and leave the terminal as it was, however it ends."""

import asyncio
import logging
import os
import signal
import sys
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from console.browser import in_browser

if TYPE_CHECKING:
    from console.app import Console
    from console.driver import TerminalState
    from settings import Settings

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
PATIENCE_S = 3.0
"""How long a signal waits for the console to end by itself, before the process is ended with the terminal restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    screen: str = "overview"
    words: str = ""
    """The filter, or the market's address."""
    read_only: bool = False
    role: str | None = None
    """One of those that the person has; None for the first of them."""
    theme: str | None = None
    config: Path | None = None
    mouse: bool = True
    record: Path | None = None
    """A new file for all that feeds tell."""
    replay: Path | None = None
    """Such a file, to be shown in place of what is."""


def run(settings: "Settings", options: Options) -> int:
    """Run the console to its end; returns the exit code. Raises ConsoleError where it cannot start."""
    # Textual reads these when it is imported: over a slow line every frame of an animation is one too many.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    from console.driver import TerminalState
    from console.errors import ConsoleError

    check(options)
    if not (in_browser() or (sys.stdin.isatty() and (sys.stderr.isatty() or sys.stdout.isatty()))):
        raise ConsoleError("this is no terminal: 'opinion status' prints the overview without one")
    # The terminal is the screens'; what a feed has to say, its age and its reason say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    terminal = TerminalState()
    endings = _Endings(terminal)
    try:
        app = asyncio.run(_main(settings, options, endings))
    except BaseException:
        terminal.restore()
        raise
    if app.crash is not None:
        terminal.restore()
        error, path = app.crash
        kept = f"what is known of it is in {path}" if path else "no report could be written"
        print(
            f"opinion: The console met a fault of its own ({type(error).__name__}): {kept}; start it again.",
            file=sys.stderr,
        )
        return 1
    for words in endings.troubles:
        print(f"opinion: {words}", file=sys.stderr)
    return endings.code or app.return_code or 0


def check(options: Options) -> None:
    """Raise ConsoleError where the command line names a screen or a theme that there is not."""
    from console.actions import Role
    from console.config import THEMES
    from console.errors import ConsoleError
    from console.screens import ROOMS

    if options.screen not in (*ROOMS, "market"):
        raise ConsoleError(f"there is no screen {options.screen!r}: it can be {', '.join((*ROOMS, 'market'))}")
    if options.theme is not None and options.theme not in THEMES:
        raise ConsoleError(f"there is no theme {options.theme!r}: it can be {', '.join(THEMES)}")
    if options.role is not None and options.role not in (roles := [role.value for role in Role]):
        raise ConsoleError(f"there is no role {options.role!r}: it can be {', '.join(roles)}")


async def _main(settings: "Settings", options: Options, endings: "_Endings") -> "Console":
    from dataclasses import replace

    from console.actions import Role
    from console.app import Console, Step
    from console.clock import CLOCK
    from console.config import default_path, read_config
    from console.feeds.hub import Hub
    from console.feeds.sources import Sources
    from console.recording.recorder import Recorder
    from console.recording.replay import Replay
    from console.roles import groups_here, role_of

    config = read_config(options.config or default_path())
    if options.theme is not None:
        config = replace(config, theme=options.theme)
    async with AsyncExitStack() as stack:
        sources = await stack.enter_async_context(Sources(settings))
        replay = Replay(options.replay) if options.replay is not None else None
        network = settings.network if replay is None else replay.network
        recorder = None
        if replay is not None:
            CLOCK.set(replay.now)
        elif options.record is not None:
            recorder = stack.enter_context(Recorder(options.record, network.value, endings.trouble))
        hub = Hub(sources, recorder, replay)
        app = Console(
            hub,
            network=network,
            role=role_of(network, groups_here(), None if options.role is None else Role(options.role)),
            read_only=options.read_only or replay is not None or in_browser(),
            config=config,
            start=Step(options.screen, options.words),
        )
        endings.watch(app, asyncio.get_running_loop())
        async with hub.running():
            await app.run_async(mouse=options.mouse)
    return app


class _Endings:
    """Signals end the console; where its loop is stuck, they end the process, the terminal restored first."""

    def __init__(self, terminal: "TerminalState") -> None:
        self._terminal = terminal
        self._app: Console | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.code = 0
        self.troubles: list[str] = []
        """What the person is to know after the end too."""
        for number in SIGNALS:
            signal.signal(number, self._end)

    def watch(self, app: "Console", loop: asyncio.AbstractEventLoop) -> None:
        """From now on, signals are told to the app."""
        self._app, self._loop = app, loop

    def trouble(self, words: str) -> None:
        """Tell the person, from any thread, now and after the end."""
        self.troubles.append(words)
        if self._app is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._app.tell, words, "error")

    def _end(self, number: int, _: FrameType | None) -> None:
        self.code = 128 + number
        threading.Thread(target=self._insist, daemon=True).start()
        if self._app is None or self._loop is None:
            raise SystemExit(self.code)
        self._loop.call_soon_threadsafe(lambda: self._app and self._app.exit(return_code=self.code))

    def _insist(self) -> None:
        threading.Event().wait(PATIENCE_S)
        self._terminal.restore()
        os._exit(self.code)
