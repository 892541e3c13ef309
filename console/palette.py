"""The palette: every action that works now, found by its words."""

# Textual leaves the parameter of App open.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input

from console.actions import Action
from console.screens.base import Room

if TYPE_CHECKING:
    from console.app import Console


class Actions(Provider):
    """The actions of the screen below, and of the console."""

    def _found(self) -> list[Action]:
        return self.screen.actions_here() if isinstance(self.screen, Room) else []

    def _doing(self, action: Action) -> Callable[[], Coroutine[Any, Any, None]]:
        console = cast("Console", self.app)
        return partial(console.perform, action.id)

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._found():
            yield DiscoveryHit(_shown(action), self._doing(action), help=action.explains)

    async def search(self, query: str) -> Hits:
        """Those whose words match."""
        matcher = self.matcher(query)
        for action in self._found():
            score = matcher.match(f"{_shown(action)} {action.explains}")
            if score > 0:
                yield Hit(score, matcher.highlight(_shown(action)), self._doing(action), help=action.explains)


def _shown(action: Action) -> str:
    return f"{action.words} ({action.key})"


class Palette(CommandPalette):
    """Textual's, without a cursor that blinks: that is sent over the line again and again, for nothing."""

    def on_mount(self) -> None:
        """Let it stand."""
        self.query_one(Input).cursor_blink = False


def palette() -> Palette:
    """Return the palette, to be pushed."""
    return Palette(providers=[Actions], placeholder="What do you want to do?")
