"""Signers: the keys that the program obeys."""

from collections.abc import Callable, Iterable
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console.feeds.base import Feed, Snapshot
from console.screens.base import Room, bindings_of
from console.text import safe_text
from ops.standing import Authority, Standing


class Signers(Room):
    """Who may do what with the program: its authorities as the chain shows them, and what each has to pay fees with."""

    room = "signers"
    BINDINGS = bindings_of("signers")

    def body(self) -> Iterable[Widget]:
        """One block an authority."""
        yield VerticalScroll(Static("", id="authorities"), classes="body")

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The program's standing."""
        return [(self.context.hub.standing, self._paint)]

    def _paint(self, snapshot: Snapshot[Standing]) -> None:
        block = self.query_one("#authorities", Static)
        block.set_class(snapshot.error is not None, "stale")
        if snapshot.value is None:
            block.update(Content(snapshot.instead()))
        else:
            block.update(Content("\n\n".join(_lines(found) for found in snapshot.value.authorities)))

    def action_copy(self) -> None:
        """Copy every key, one a line."""
        found = self.context.hub.standing.snapshot.value
        if found is not None:
            self.copy("\n".join(f"{held.role}: {held.key}" for held in found.authorities))


def _lines(found: Authority) -> str:
    key = "nobody" if found.key is None else str(found.key)
    return f"{found.role:<18} {safe_text(key, 60)}\n{'':<18} {found.words()}\n{'':<18} may {found.may}"
