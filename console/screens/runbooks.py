"""Runbooks: what to do when something is wrong, and every day; and who goes through which."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console import runbook_deeds as deeds
from console.feeds.base import Feed, Snapshot
from console.runbook_lines import BOOKS, STEPS, about, detail, head
from console.screens.base import Doing, Room, bindings_of
from console.widgets.dialog import Answers, TextDialog
from console.widgets.document import DocumentDialog
from console.widgets.prompt import Prompt
from console.widgets.table import LiveTable
from ops.runbooks.book import Runbook, runbooks
from ops.runbooks.following import ShownRunbook, ShownStep, followed
from ops.runbooks.reading import RunbooksSeen
from ops.runbooks.record import document
from ops.status import Part


class Runbooks(Room):
    """What to do when something is wrong, and every day, step by step, each with its command or a live check beside it.
    Enter opens a runbook, and a step in full; a run is shared by all who work on it, kept, and gone on with. Filter by
    words."""

    room = "runbooks"
    # Esc goes back to the list first, from there to where one came from.
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("runbooks"), Binding("escape", "close", show=False)]
    DEFAULT_CSS = """
    Runbooks #head { height: auto; max-height: 4; padding: 0 1; color: $muted; }
    Runbooks #steps { height: auto; max-height: 50%; }
    Runbooks #step { height: 1fr; padding: 0 1; border-top: solid $panel; }
    """

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._books = runbooks()
        self._filter = ""
        self._open: Runbook | None = None
        self._table: LiveTable[ShownRunbook] = LiveTable(
            BOOKS, sort="name", empty="No runbook matches.", stays_first=True, id="books"
        )
        self._steps: LiveTable[ShownStep] = LiveTable(STEPS, sort="number", empty="", id="steps")

    def body(self) -> Iterable[Widget]:
        """The list; or one runbook: what it is about, its steps, and the step under the cursor in full."""
        self._steps.display = False
        top, step = Static("", id="head"), VerticalScroll(Static("", id="detail"), id="step", can_focus=False)
        top.display = step.display = False
        return self._table, top, self._steps, step

    def place(self) -> str:
        """With the runbook that is open, or the filter."""
        if self._open is not None:
            return f"Runbooks  {self._open.name}"
        return f"Runbooks{f'  /{self._filter}' if self._filter else ''}"

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The checks and the runs."""
        return [(self.context.hub.runbooks, self._paint), (self.context.hub.runs, self._paint)]

    def on_mount(self) -> None:
        """The texts are here, whatever else is not."""
        self._paint(self.context.hub.runbooks.snapshot)

    # Painting.

    @property
    def _seen(self) -> RunbooksSeen:
        hub = self.context.hub
        checks, runs = hub.runbooks.snapshot.value or deeds.NOTHING_READ, hub.runs.snapshot
        if runs.value is None and runs.error is None:
            return checks
        return replace(checks, runs=Part(runs.value, None if runs.value is not None else runs.error))

    def _shown(self) -> ShownRunbook | None:
        return None if self._open is None else followed(self._open, self._seen)

    def _paint(self, _: Snapshot[Any]) -> None:
        stale = any(feed.snapshot.error is not None for feed, _ in self.watches())
        for table in (self._table, self._steps):
            table.set_class(stale, "stale")
        self._table.replace_rows({name: followed(book, self._seen) for name, book in self._books.items()})
        shown = self._shown()
        if shown is not None:
            self._steps.replace_rows({one.step.name: one for one in shown.steps})
            self._say(self.query_one("#head", Static), head(shown))
        self._paint_step()
        self.show_place()

    def _paint_step(self) -> None:
        step = self._step()
        if step is not None:
            self._say(self.query_one("#detail", Static), self._detail(step))

    def _detail(self, step: ShownStep) -> str:
        """The first step stands below what the runbook is about."""
        assert self._open is not None  # noqa: S101 - a step is of the one that is open
        return about(self._open) + detail(step) if step.number == 1 else detail(step)

    def _say(self, block: Static, words: str) -> None:
        if str(block.content) != words:
            block.update(Content(words))

    def _step(self) -> ShownStep | None:
        """The step under the cursor."""
        cursor = self._steps.cursor
        return self._steps.rows.get(cursor) if self._open is not None and cursor is not None else None

    def on_live_table_highlighted(self, event: LiveTable.Highlighted) -> None:
        """Another step is under the cursor."""
        if event.table is self._steps:
            self._paint_step()
            self.query_one("#step", VerticalScroll).scroll_home(animate=False)

    # Going about.

    @property
    def filter_words(self) -> str:
        """The filter, or the runbook that is open: Esc leaves either."""
        return self._open.name if self._open is not None else self._filter

    def complete_filter(self, typed: str) -> list[str]:
        """Return the names that begin so."""
        return [name for name in self._books if name.startswith(typed.lower())]

    def apply_filter(self, words: str) -> str | None:
        """Open the runbook of this name; else show those that have the words."""
        if words in self._books:
            self._go_to(self._books[words])
            return None
        self._go_to(None)
        self._filter = words
        wanted = words.lower().split()
        self._table.set_filter(lambda shown: all(word in deeds.found_in(shown.book) for word in wanted))
        self.show_place()
        return (
            None if self._table.shown or not words else f"No runbook has {words!r}: there are {', '.join(self._books)}."
        )

    def _go_to(self, book: Runbook | None) -> None:
        self._open = book
        self._table.display = book is None
        for name in ("#head", "#steps", "#step"):
            self.query_one(name).display = book is not None
        self._paint(self.context.hub.runbooks.snapshot)
        if book is not None:
            self._steps.go_to(book.steps[0].name)
        # Whoever types a filter goes on typing.
        if not self.query(Prompt):
            self.focus_body()

    def focus_body(self) -> None:
        """Give the keys to what is shown."""
        (self._table if self._open is None else self._steps).focus()

    def action_close(self) -> None:
        """Back to the list, then to where one came from."""
        if self._open is not None or self._filter:
            self.apply_filter("")
        else:
            self.app.call_later(self.app.run_action, "back")

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Open the runbook, or the step in full."""
        if event.table is self._table:
            self._go_to(self._books[event.key])
        elif (step := self._step()) is not None:
            self.app.push_screen(TextDialog(f"Step {step.number} of {len(self._steps.rows)}", self._detail(step)))

    def action_copy(self) -> None:
        """The step's commands."""
        step = self._step()
        if step is None or not step.step.commands:
            self.say("No step with a command is chosen.", "warning")
        else:
            self.copy("\n".join(step.step.commands))

    def action_seen(self) -> None:
        """What was seen in the newest run."""
        shown = self._chosen()
        if isinstance(shown, str) or shown.run is None:
            self.say(shown if isinstance(shown, str) else "Nobody went through it yet.", "warning")
            return
        record, context = document(shown.book, shown.run), self.context
        writes = not context.read_only
        dialog = DocumentDialog(record.title, record.text, record.file_name, context.network, writes=writes)
        self.app.push_screen(dialog)

    # What the keys do to a run.

    def action_start(self) -> None:
        """Start a run, or say that one is under way."""
        self._act(lambda shown, _: deeds.starting(shown))

    def action_done(self) -> None:
        """Mark the step done."""
        self._act(deeds.marking("done"))

    def action_failing(self) -> None:
        """Mark the step failing."""
        self._act(deeds.marking("failing"))

    def action_skip(self) -> None:
        """Skip the step."""
        self._act(deeds.marking("skipped"))

    def action_check(self) -> None:
        """Write down what the check finds."""
        self._act(deeds.checking)

    def action_note(self) -> None:
        """Write a note."""
        self._act(deeds.noting)

    def action_end(self) -> None:
        """End the run."""
        self._act(lambda shown, _: deeds.ending(shown))

    def action_open(self) -> None:
        """What is under the cursor."""
        table = self._table if self._open is None else self._steps
        table.action_choose()

    def _act(self, asked: deeds.Asked) -> None:
        def doing() -> Doing | str:
            shown = self._chosen()
            if isinstance(shown, str):
                return shown
            found = asked(shown, self._step())
            if isinstance(found, str):
                return found
            deed, act = found

            async def do(answers: Answers) -> str:
                return await act(await self.context.hub.sources.db(), answers)

            return deed, do

        self.ask_anew(doing)

    def _chosen(self) -> ShownRunbook | str:
        """The runbook that is open, or under the cursor."""
        if (shown := self._shown()) is None and self._table.cursor is not None:
            shown = self._table.rows[self._table.cursor]
        if shown is None:
            return "No runbook is chosen."
        return shown if shown.trouble is None else "Its runs cannot be read now: nothing is written down."
