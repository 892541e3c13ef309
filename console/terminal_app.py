"""An app at a terminal that may be slow, may be resized, and may vanish."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key, Paste
from textual.geometry import Size
from textual.screen import Screen

from console.browser import in_browser
from console.driver import CaughtUp, ConsoleDriver, TerminalGone
from console.painting import Painter

HANGUP = 129
"""128 + SIGHUP: the terminal went away."""
_MOST_SETTLING_S = 1.0
"""How long a key waits for the one before it, at most."""


class TerminalApp(App[int]):
    """Sends a terminal what changed and no more, waits for it never, and ends with it."""

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        self._painter = Painter()
        self._owes_all = True
        self._painted_size: Size | None = None
        self._typed: asyncio.Queue[Event] = asyncio.Queue()

    def on_mount(self) -> None:
        """Begin to hear keys, and to hear that the console goes on after it was stopped."""
        self.run_worker(self._hear(), name="keys")
        self.app_resume_signal.subscribe(self, self._paint_anew)

    def _paint_anew(self, _: object) -> None:
        """Another program had the terminal meanwhile."""
        self.forget_painted()
        self.screen.refresh()

    async def on_event(self, event: Event) -> None:
        """Put keys in a row: over a slow link many come at once, and the second is meant for what the first opens."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.put_nowait(event)
        else:
            await super().on_event(event)

    async def _hear(self) -> None:
        while True:
            await super().on_event(await self._typed.get())
            # A screen that takes its time must not keep the keys from whoever wants to leave it.
            with suppress(TimeoutError):
                async with asyncio.timeout(_MOST_SETTLING_S):
                    await self._settle()

    async def _settle(self) -> None:
        """Return once the last key has gone up to the app, and what it opened has the focus."""
        await self._passed(self.focused, self.screen, self)
        await self._passed(self.screen, self, self.focused)

    async def _passed(self, *nodes: DOMNode | None) -> None:
        for start in nodes:
            for node in () if start is None else start.ancestors_with_self:
                passed = asyncio.Event()
                if node.is_running and node.call_later(passed.set):
                    await passed.wait()

    def get_driver_class(self) -> type[Driver]:
        """The console's own driver: a terminal's, or that of a browser's tab."""
        if in_browser():
            from console.browser.driver import PageDriver

            return PageDriver
        return ConsoleDriver

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Paint what changed; where frames were left out, or the terminal's size is another, paint everything.

        A terminal with much left to read gets no frame: `CaughtUp` makes up for it. Textual itself forgets what it
        drops in a batch, and after a resize paints only what moved, while terminals shift all lines.
        """
        if renderable is None or not screen.children:
            return
        if self._batch_count or (isinstance(self._driver, ConsoleDriver) and self._driver.is_behind):
            self._owes_all = True
            return
        if self._owes_all or screen.size != self._painted_size:
            self.forget_painted()
            self._owes_all, self._painted_size = False, screen.size
            compositor = screen._compositor  # pyright: ignore[reportPrivateUsage]
            renderable = compositor.render_update(full=True, screen_stack=self._background_screens)
        super()._display(screen, self._painter.painted(renderable, self.console))

    def forget_painted(self) -> None:
        """Something else may have written to the terminal: whatever comes next is painted whole."""
        self._painter.forget()
        self._owes_all = True

    def on_resize(self) -> None:
        """Terminals shift lines when they are resized."""
        self.forget_painted()

    def on_caught_up(self, _: CaughtUp) -> None:
        """Paint all that was left out."""
        self.screen.refresh()

    def on_terminal_gone(self, _: TerminalGone) -> None:
        """Nobody is there to see or to answer."""
        self.exit(return_code=HANGUP)
