"""Markets: all of them, live."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from chain.constants import MarketState
from chain.units import usdc
from console import clock
from console.feeds.base import Feed, Snapshot
from console.filters import Field, FilterError, Kind, complete, parse
from console.screens.base import Room, bindings_of
from console.text import safe
from console.widgets.table import Column, LiveTable
from ops.explanation import WAITS
from store.listing import Listed
from store.settlements import Status


def state_words(row: Listed) -> str:
    """Return where the market stands: its state on the chain, `done` once only its receipt is left."""
    if row.finished:
        return "refunded" if row.state is MarketState.REFUNDING else "paid"
    return row.state.name.lower().replace("_", " ").replace("awaiting randomness", "randomness")


def work_words(row: Listed) -> str:
    """Return what the settlement does or waits for."""
    if row.status is None or row.phase is None or row.status is Status.DONE:
        return ""
    if row.status is Status.PARKED:
        return f"PARKED in {row.phase}: {row.reason or 'no reason is kept'}"
    if row.worked_on:
        return f"{row.phase} now"
    if row.wait_reason:
        return f"{row.phase} waits: {WAITS.get(row.wait_reason, row.wait_reason)}"
    return f"{row.phase} due"


def closing_words(row: Listed, now: datetime) -> str:
    """Return the time to close in its largest unit, `-` in front of it once it is over."""
    seconds = int((row.closes_at - now).total_seconds())
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{sign}{seconds // size}{unit}"
    return f"{sign}{seconds}s"


_NOTHING = "No market is known yet: the watcher reads the chain ('opinion oracle watch')."


def told_of(row: Listed) -> tuple[str, str]:
    """Return the market in two lines, what the oracle does first."""
    return work_words(row) or state_words(row), f'{row.address}  "{row.statement}"' if row.statement else row.address


def needs_a_look(row: Listed) -> bool:
    """Whether it is parked, fails, or waits for something that may want a person."""
    return row.status is not Status.DONE and (row.status is Status.PARKED or row.attempt > 0 or row.wait_reason in _ODD)


def _style(row: Listed) -> str:
    if needs_a_look(row):
        return "table--bad" if row.status is Status.PARKED else "table--warning"
    return "table--muted" if row.finished else ""


_ODD = ("rpc", "database", "model", "bond", "funds", "account", "oracle_key", "randomness_key")


_STATES = (*(state.name.lower() for state in MarketState), "paid", "refunded", "randomness")
FIELDS: tuple[Field[Listed], ...] = (
    Field("state", Kind.WORDS, state_words, _STATES),
    Field("phase", Kind.WORDS, lambda row: row.phase and row.phase.value),
    Field("status", Kind.WORDS, lambda row: row.status and row.status.value, tuple(status.value for status in Status)),
    Field("wait", Kind.WORDS, lambda row: row.wait_reason, tuple(WAITS)),
    Field("stake", Kind.NUMBER, lambda row: Decimal(row.stake).scaleb(-6)),
    Field("stakers", Kind.NUMBER, lambda row: row.stakers),
    Field("closes", Kind.DURATION, lambda row: int((row.closes_at - clock.now()).total_seconds())),
    Field("attempt", Kind.NUMBER, lambda row: row.attempt),
)


def _text(row: Listed) -> str:
    return f"{row.address} {row.statement} {state_words(row)} {work_words(row)}"


class Markets(Room):
    """Every market that the chain shows, with what the oracle does about it. Filter with words, or with
    state: phase: status: wait: stake> stakers> closes< attempt>, such as `/state:closed stake>100 -solana`."""

    room = "markets"
    BINDINGS = bindings_of("markets")
    DEFAULT_CSS = """
    Markets #told { height: 2; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._filter = ""
        self._painted: Mapping[str, Listed] | None = None
        columns: tuple[Column[Listed], ...] = (
            Column("market", "market", 8, lambda row: row.address, lambda row: row.address),
            Column("state", "state", 10, state_words, lambda row: (row.finished, row.state), _style),
            Column("closes", "closes", 6, self._closes, lambda row: (row.finished, row.closes_at), right=True),
            Column(
                "stakers", "stakers", 7, lambda row: f"{row.stakers:,}", lambda row: row.stakers, drop=2, right=True
            ),
            Column("stake", "stake", 10, lambda row: usdc(row.stake), lambda row: row.stake, drop=1, right=True),
            Column(
                "work", "oracle", 16, work_words, lambda row: (work_words(row) == "", work_words(row)), _style, flex=1
            ),
            Column("statement", "statement", 16, lambda row: row.statement, lambda row: row.statement, flex=1, drop=3),
        )
        unmatched = "No market is like that."
        self._table: LiveTable[Listed] = LiveTable(columns, sort="closes", empty="Reading…", unmatched=unmatched)

    def body(self) -> Iterable[Widget]:
        """The table, and what it cuts off of the market under the cursor."""
        yield self._table
        yield Static("", id="told")

    def on_mount(self) -> None:
        """Times to close pass by themselves."""
        self.set_interval(10, self._tick)

    def place(self) -> str:
        """With the filter and how many there are."""
        like = f"  /{self._filter}" if self._filter else ""
        if self.context.hub.markets.snapshot.at is None:
            return f"Markets{like}"
        shown, known = self._table.shown, len(self._table.rows)
        count = f"{shown:,}" if shown == known else f"{shown:,} of {known:,}"
        return f"Markets  {count}{like}"

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The list of markets."""
        return [(self.context.hub.markets, self._paint)]

    def _paint(self, snapshot: Snapshot[Mapping[str, Listed]]) -> None:
        self._table.set_class(snapshot.error is not None, "stale")
        self._table.say_empty(snapshot.instead() if snapshot.value is None else _NOTHING)
        if snapshot.value is not None and snapshot.value is not self._painted:
            self._painted = snapshot.value
            self._table.replace_rows(snapshot.value)
            # With the same paint: the first tick would send the whole column once more.
            self._table.refresh_column("closes")
            self.show_place()
            self._tell()

    def on_live_table_highlighted(self, event: LiveTable.Highlighted) -> None:
        """Another market is under the cursor."""
        self._tell()

    def _tell(self) -> None:
        row = self._table.rows.get(self._table.cursor or "")
        words = "" if row is None else "\n".join(map(safe, told_of(row)))
        told = self.query_one("#told", Static)
        if str(told.content) != words:
            told.update(Content(words), layout=False)

    def _closes(self, row: Listed) -> str:
        return closing_words(row, clock.now())

    def _tick(self) -> None:
        if self.is_current:
            self._table.refresh_column("closes")

    @property
    def filter_words(self) -> str:
        """The filter that holds now."""
        return self._filter

    def apply_filter(self, words: str) -> str | None:
        """Show only what matches."""
        try:
            passes = parse(words, FIELDS, _text)
        except FilterError as error:
            return str(error)
        self._filter = words.strip()
        self._table.set_filter(passes)
        self.show_place()
        return None

    def complete_filter(self, typed: str) -> list[str]:
        """Fields and their values."""
        return complete(typed, FIELDS)

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Open the market."""
        self.context.obey(f"market {event.key}")

    def action_sort(self) -> None:
        """The next column."""
        self.say(f"Sorted by {self._table.sort_by_next()}.")

    def action_reverse(self) -> None:
        """The other way round."""
        name, reverse = self._table.sorted_by
        self._table.sort_by(name, reverse=not reverse)

    def action_next_needed(self) -> None:
        """Go on to the next one."""
        self._go_on(1)

    def action_last_needed(self) -> None:
        """Go back to the one before."""
        self._go_on(-1)

    def _go_on(self, by: int) -> None:
        if not self._table.go_on_to(needs_a_look, by):
            self.say("None of these is parked, fails, or waits for a person.")

    def action_copy(self) -> None:
        """The address."""
        if self._table.cursor is not None:
            self.copy(self._table.cursor)
