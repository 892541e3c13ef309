"""Audit: what a person or the oracle did, and whether the log of it is as it was written."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console import clock
from console.audit_deeds import handing_over, telling
from console.audit_filter import FIELDS, wanted_of
from console.audit_lines import COLUMNS, chain_line, entry_lines, line_of
from console.feeds.base import Feed, Snapshot
from console.filters import FilterError, complete
from console.screens.base import Room, bindings_of
from console.text import safe
from console.widgets.dialog import Answers, Deed, TextDialog
from console.widgets.document import DocumentDialog
from console.widgets.table import LiveTable
from ops.amounts import parse_address
from ops.audit_trail import MOST, PAGE
from ops.errors import UsageError
from ops.markdown import Document
from store.audit_log import ChainState, Entry, Wanted, whole

_AT_ONCE = 200_000
"""Rows that are looked through by themselves; `o` goes on."""
NEAR = 40
"""So many acts before the last one, older ones are read."""


class Audit(Room):
    """What a person or the oracle did, the newest first; below it, whether the log is as it was written. Older acts
    come as one goes down. Filter with words, or with who: act: subject: by:person by:oracle since: until:, such as
    `/who:ann act:park since:2h` or `since:02:00`; times are UTC."""

    room = "audit"
    BINDINGS = bindings_of("audit")
    DEFAULT_CSS = """
    Audit #chain { height: auto; max-height: 3; padding: 0 1; color: $muted; }
    Audit #chain.good { color: $success; }
    Audit #chain.bad { color: $error; text-style: bold; }
    """

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._filter = ""
        self._wanted = Wanted()
        self._narrowed: Wanted | None = None
        """What the table filters by itself."""
        self._painted: Mapping[str, Entry] | None = None
        self._enough = PAGE
        """So many acts are looked for."""
        self._from: int | None = None
        """The row from which on rows were looked through without being asked again."""
        self._table: LiveTable[Entry] = LiveTable(COLUMNS, sort="number", reverse=True, empty="Reading…", id="acts")

    def body(self) -> Iterable[Widget]:
        """The acts, and the state of the chain."""
        return self._table, Static("", id="chain")

    def place(self) -> str:
        """With the filter, how many there are, and how far they go back."""
        below = self.context.hub.trail.known.below
        words = f"Audit  {self._table.shown:,}{'+' if below else ''} acts{f'  /{self._filter}' if self._filter else ''}"
        return f"{words}  since row {below:,}" if below else words

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The acts, and the chain."""
        return [(self.context.hub.audit, self._paint), (self.context.hub.chain, self._paint_chain)]

    # Painting.

    def _paint(self, snapshot: Snapshot[Mapping[str, Entry]]) -> None:
        self._table.set_class(snapshot.error is not None, "stale")
        if snapshot.value is None:
            self._table.say_empty(snapshot.instead())
        else:
            if snapshot.value is not self._painted:
                self._painted = snapshot.value
                self._table.replace_rows(snapshot.value)
            self._narrow()
            self._table.say_empty(self._nothing())
            if snapshot.error is None:
                self._go_on()
        self.show_place()

    def _nothing(self) -> str:
        below = self.context.hub.trail.known.below
        if below is not None:
            return f"None is found since row {below:,}; o looks at older ones."
        return "No act is like that." if self._filter else "Nothing was done yet."

    def _narrow(self) -> None:
        """Until the database's answer is here, and in a recording, what is known already is filtered."""
        answered = self._hub_is_live and self.context.hub.trail.known.wanted == self._wanted
        by = None if answered or self._wanted == Wanted() else self._wanted
        if by != self._narrowed:
            self._narrowed = by
            self._table.set_filter(None if by is None else by.holds)

    def _go_on(self) -> None:
        """Look at older rows while too few were found, as long as that was not much."""
        trail = self.context.hub.trail
        if not trail.more or trail.known.wanted != self._wanted or len(trail.known.entries) >= self._enough:
            return
        if self._from is None:
            self._from = trail.known.top
        if self._from - (trail.known.below or 0) < _AT_ONCE:
            self._read_older()

    def _read_older(self) -> None:
        self.context.hub.trail.older()
        self.context.hub.audit.poke()

    def _paint_chain(self, snapshot: Snapshot[ChainState]) -> None:
        line = self.query_one("#chain", Static)
        if snapshot.value is None:
            return
        words, style = chain_line(snapshot.value)
        words = f"{words} (as far as is known)" if snapshot.error is not None else words
        if words != str(line.content):
            line.set_classes(style)
            line.update(Content(words))

    @property
    def _hub_is_live(self) -> bool:
        return self.context.hub.replay is None

    # The filter.

    @property
    def filter_words(self) -> str:
        """The filter that holds now."""
        return self._filter

    def apply_filter(self, words: str) -> str | None:
        """Show only what matches, and look for more of it."""
        try:
            wanted = wanted_of(words, clock.now())
        except FilterError as error:
            return str(error)
        self._filter = words.strip()
        if wanted != self._wanted:
            self._wanted, self._enough, self._from = wanted, PAGE, None
            self.context.hub.trail.want(wanted)
            self.context.hub.audit.poke()
        self._narrow()
        self.show_place()
        return None

    def complete_filter(self, typed: str) -> list[str]:
        """Fields and their values."""
        return complete(typed, FIELDS)

    # Older ones.

    def on_live_table_highlighted(self, event: LiveTable.Highlighted) -> None:
        """Near the end, read on."""
        trail = self.context.hub.trail
        if trail.more and event.key in list(trail.known.entries)[-NEAR:]:
            self._ask_for_more()

    def action_older(self) -> None:
        """Look at older rows."""
        trail = self.context.hub.trail
        if trail.more:
            self._ask_for_more()
        elif trail.known.is_full:
            self.say(f"{MOST:,} acts are shown: find older ones with until:, such as until:3d.", "warning")
        else:
            self.say("There are no older ones.")

    def _ask_for_more(self) -> None:
        known = self.context.hub.trail.known
        self._enough, self._from = len(known.entries) + PAGE, known.below
        self._read_older()

    # What has the cursor.

    def _entry(self) -> Entry | None:
        key = self._table.cursor
        if key is None:
            self.say("No act is here.", "warning")
            return None
        return self._table.rows[key]

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Show it whole."""
        self.action_open()

    def action_open(self) -> None:
        """Show it whole, with its hashes."""
        if (entry := self._entry()) is not None:
            self.do(self._open(entry))

    async def _open(self, entry: Entry) -> str:
        found = None
        if self._hub_is_live:
            found = await whole(await self.context.hub.sources.db(), entry.number)
            if found is None:
                return f"BAD: row {entry.number} is not there any more."
        lines = entry_lines(entry if found is None else found.entry, found)
        self.app.push_screen(TextDialog(f"Act {entry.number}", "\n".join(safe(line) for line in lines)))
        return f"Act {entry.number}."

    def action_market(self) -> None:
        """Go to its market."""
        if (entry := self._entry()) is not None:
            try:
                self.context.obey(f"market {parse_address(entry.subject, 'a market')}")
            except UsageError:
                self.say("This act is about no market.", "warning")

    def action_copy(self) -> None:
        """The act in one line."""
        if (entry := self._entry()) is not None:
            self.copy(line_of(entry))

    # Documents.

    def action_timeline(self) -> None:
        """Ask for two times, and tell what happened between them."""
        self._make(*telling(self.context.hub))

    def action_handover(self) -> None:
        """Ask for a time, and tell what the next shift has to know since then."""
        self._make(*handing_over(self.context.hub))

    def _make(self, deed: Deed, make: Callable[[Answers], Awaitable[Document]]) -> None:
        if not self._hub_is_live:
            self.say("A recording has only what was shown: a document is made of the database.", "warning")
            return

        async def show(answers: Answers) -> str:
            made = await make(answers)
            writes = not self.context.read_only
            self.app.push_screen(
                DocumentDialog(made.title, made.text, made.file_name, self.context.network, writes=writes)
            )
            return f"{made.title}."

        self.ask_and_do(deed, show)
