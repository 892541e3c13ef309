"""Signers: the multisigs with their members and what waits for them, and the keys that the program obeys."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console.feeds.base import Feed, Snapshot
from console.screens.base import Room, bindings_of
from console.signer_deeds import read, reading_ask, vote, vote_ask
from console.signer_lines import authority_lines, council_block
from console.widgets.dialog import Answers, Deed, DeedDialog, TextDialog
from ops.signers.acts import Act
from ops.standing import Standing


class Signers(Room):
    """Who signs: each multisig with its members, whether they could vote now, and what waits for their votes; below,
    the program's authorities as the chain shows them. What is not as the roster says stands first. A proposal is read,
    approved and rejected here, by a key in an ssh-agent, a Ledger or a file; several at once are one signature."""

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

    def _council(self) -> tuple[str, int | None] | None:
        """The first council that something waits for, and the number of what waits; the first of all else."""
        found = self.context.hub.standing.snapshot.value
        councils = found.councils if found is not None else ()
        for council in councils:
            if council.open:
                return council.name, council.open[0].number
        return (councils[0].name, None) if councils else None

    def _asked(self, ask: Callable[[str, int | None], Deed], do: Callable[[str, Answers], Awaitable[str]]) -> None:
        council = self._council()
        if council is None:
            self.say("No multisig is set, or it is not known yet: ROSTER_PATH names it.", "warning")
            return
        name, number = council
        self.ask_and_do(ask(name, number), lambda answers: do(name, answers))

    def action_read(self) -> None:
        """Show one proposal whole."""
        sources = self.context.hub.sources

        async def do(council: str, answers: Answers) -> str:
            self.say("Reading…")
            title, text = await read(sources.settings, await sources.db(), council, answers["number"])
            self.app.push_screen(TextDialog(title, text))
            return f"{title}."

        self._asked(reading_ask, do)

    def action_approve(self) -> None:
        """Say yes."""
        self._vote(Act.APPROVE)

    def action_reject(self) -> None:
        """Say no."""
        self._vote(Act.REJECT)

    def action_cancel(self) -> None:
        """Call off."""
        self._vote(Act.CANCEL)

    def action_execute(self) -> None:
        """Do it."""
        self._vote(Act.EXECUTE)

    def _vote(self, act: Act) -> None:
        sources = self.context.hub.sources

        async def confirm(deed: Deed, text: str) -> bool:
            await self.app.push_screen_wait(TextDialog(f"Read it, then Esc: {deed.does}", text))
            return await self.app.push_screen_wait(DeedDialog(deed, self.context.network)) is not None

        async def do(council: str, answers: Answers) -> str:
            self.say("Reading…")
            db = await sources.db()
            return await vote(sources.settings, db, act, council, answers, confirm, self.say)

        self._asked(lambda council, _: vote_ask(act, council), do)

    def action_copy(self) -> None:
        """Copy every key, one a line."""
        found = self.context.hub.standing.snapshot.value
        if found is not None:
            members = [f"{seat.name}: {seat.key}" for council in found.councils for seat in council.seats]
            self.copy("\n".join([*members, *(f"{held.role}: {held.key}" for held in found.authorities)]))
