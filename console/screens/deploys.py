"""Deploys: what the program runs."""

from collections.abc import Callable, Iterable
from typing import Any

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console.feeds.base import Feed, Snapshot
from console.screens.base import Room, bindings_of
from ops.standing import Standing


class Deploys(Room):
    """What the program's account runs now, held against the build that came with this software."""

    room = "deploys"
    BINDINGS = bindings_of("deploys")

    def body(self) -> Iterable[Widget]:
        """One block."""
        yield Static("", id="deployed", classes="body")

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The program's standing."""
        return [(self.context.hub.standing, self._paint)]

    def _paint(self, snapshot: Snapshot[Standing]) -> None:
        block = self.query_one("#deployed", Static)
        block.set_class(snapshot.error is not None, "stale")
        if snapshot.value is None:
            block.update(Content(snapshot.instead()))
        else:
            block.update(Content("\n".join(_lines(snapshot.value))))

    def action_copy(self) -> None:
        """Copy the hash."""
        found = self.context.hub.standing.snapshot.value
        if found is not None:
            self.copy(found.deployed.hash_)


def _lines(found: Standing) -> Iterable[str]:
    deployed = found.deployed
    yield f"program      {deployed.program}{'  PAUSED' if found.paused else ''}"
    yield f"deployed at  slot {deployed.slot:,}, {deployed.length:,} bytes"
    yield f"SHA-256      {deployed.hash_}"
    yield f"ours         {deployed.built_hash or 'none is here'}"
    yield f"             {deployed.words()}"
    authority = next((held for held in found.authorities if held.role == "upgrade authority"), None)
    yield f"upgraded by  {authority.key if authority and authority.key else 'nobody, for ever'}"
