"""Signers: the multisigs with their members and what waits for them, and the keys that the program obeys."""

from collections.abc import Callable, Iterable
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console.feeds.base import Feed, Snapshot
from console.screens.base import Room, bindings_of
from console.signer_lines import authority_lines, council_block
from ops.standing import Standing


class Signers(Room):
    """Who signs: each multisig with its members, whether they could vote now, and what waits for their votes; below,
    the program's authorities as the chain shows them. What is not as the roster says stands first. A proposal is read
    and voted on by `opinion signers show NUMBER` and `opinion signers approve NUMBER`."""

    room = "signers"
    BINDINGS = bindings_of("signers")

    def body(self) -> Iterable[Widget]:
        """A block a council, then one an authority."""
        yield VerticalScroll(Static("", id="councils"), Static("", id="authorities"), classes="body")

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The program's standing."""
        return [(self.context.hub.standing, self._paint)]

    def _paint(self, snapshot: Snapshot[Standing]) -> None:
        block, councils = self.query_one("#authorities", Static), self.query_one("#councils", Static)
        for one in (block, councils):
            one.set_class(snapshot.error is not None, "stale")
        if snapshot.value is None:
            block.update(Content(snapshot.instead()))
            return
        told = [council_block(found) for found in snapshot.value.councils]
        councils.display = bool(told)
        councils.update(Content("\n").join(told))
        block.update(Content("\n\n".join(authority_lines(found) for found in snapshot.value.authorities)))

    def action_copy(self) -> None:
        """Copy every key, one a line."""
        found = self.context.hub.standing.snapshot.value
        if found is not None:
            members = [f"{seat.name}: {seat.key}" for council in found.councils for seat in council.seats]
            self.copy("\n".join([*members, *(f"{held.role}: {held.key}" for held in found.authorities)]))
