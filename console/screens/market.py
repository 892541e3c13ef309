"""Market: one of them, with all that happened to it."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
import webbrowser
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from console.context import Context
from console.feeds.base import Feed, Snapshot
from console.market_lines import EVENTS, OPINIONS, SECTIONS, Line, event_text, folded, opinion_text, timeline
from console.screens.base import Doing, Room, bindings_of
from console.text import safe
from console.widgets.dialog import Answers, Ask, Deed, TextDialog
from console.widgets.table import LiveTable
from ops import settlements as hands
from ops.amounts import parse_address
from ops.cluster import connected
from ops.explanation import events, now_lines, plain
from ops.market_detail import MarketDetail, ShownOpinion
from ops.market_sections import analysis_lines, draw_lines
from ops.person import person
from ops.reanalysis import lines as lines_of
from ops.reanalysis import means as means_of
from ops.reanalysis import reanalyse
from ops.verification import check_line, verified
from settings import Network
from store.settlements import Seen, Settlement, Status

VERIFY_PATIENCE_S = 30.0
NAME_LENGTH = 6
"""So many of an address' first letters stand for its name."""


class Market(Room):
    """One market: its settlement step by step, its opinions with stake, odds, score and flags, its analysis, and its
    draw. Tab goes from one to the next, Enter shows what is under the cursor in full, with its signature."""

    room = "market"
    BINDINGS = bindings_of("market")
    DEFAULT_CSS = """
    Market #head { height: auto; max-height: 8; padding: 0 1; }
    Market #sections { height: 1; padding: 0 1; color: $primary; text-style: bold; }
    """

    def __init__(self, context: Context, address: str) -> None:
        super().__init__(context)
        self._address = address
        self._section = SECTIONS[0]
        self._feed: Feed[MarketDetail] = context.hub.market(address)
        self._events: LiveTable[Line] = LiveTable(EVENTS, sort="time", empty="Nothing has happened yet.", id="events")
        self._opinions: LiveTable[ShownOpinion] = LiveTable(OPINIONS, sort="stake", empty=_NO_OPINION, id="opinions")

    def body(self) -> Iterable[Widget]:
        """What it is now; then one section: a table, or text that scrolls."""
        text = VerticalScroll(Static("", id="detail"), id="text", classes="body")
        self._opinions.display = text.display = False
        return (
            Static("Reading…", id="head"),
            Static(Content(_tabs(self._section)), id="sections"),
            self._events,
            self._opinions,
            text,
        )

    def on_mount(self) -> None:
        """This market's feed is this screen's own."""
        self.run_worker(self._feed.run(), name=f"feed of {self._address}", exit_on_error=False)

    def place(self) -> str:
        """With the address."""
        return f"Market  {self._address}"

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The market."""
        return [(self._feed, self._paint)]

    def on_resize(self) -> None:
        """Text is folded to the screen."""
        self._paint(self._feed.snapshot)

    def _paint(self, snapshot: Snapshot[MarketDetail]) -> None:
        shown = (self.query_one("#head"), self._events, self._opinions, self.query_one("#text"))
        for widget in shown:
            widget.set_class(snapshot.error is not None, "stale")
        detail = snapshot.value
        width = self.size.width - 4
        if detail is None:
            self._write("#head", folded([snapshot.instead()], width))
            return
        self._write("#head", folded(now_lines(detail.explanation), width))
        self._events.replace_rows(timeline(events(detail.explanation.past)))
        self._opinions.replace_rows({one.staker: one for one in detail.opinions})
        if self._section in _TEXTS:
            self._write("#detail", folded(_TEXTS[self._section](detail), width))

    def _write(self, name: str, words: str) -> None:
        block = self.query_one(name, Static)
        if str(block.content) != words:
            block.update(Content(words))

    @property
    def _settlement(self) -> Settlement | None:
        detail = self._feed.snapshot.value
        return None if detail is None else detail.explanation.settlement

    def _seen(self) -> Seen | None:
        row = self._settlement
        return None if row is None else Seen(row.status, row.phase)

    def _now(self) -> str:
        row = self._settlement
        return "the oracle has no work on it yet" if row is None else f"it is {row.status} in {row.phase}"

    # What the keys do.

    def action_next(self) -> None:
        """The next section."""
        self._section = SECTIONS[(SECTIONS.index(self._section) + 1) % len(SECTIONS)]
        self.query_one("#sections", Static).update(Content(_tabs(self._section)))
        self._events.display = self._section == "settlement"
        self._opinions.display = self._section == "opinions"
        self.query_one("#text").display = self._section in _TEXTS
        self._paint(self._feed.snapshot)
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self.focus_body()

    def focus_body(self) -> None:
        """Give the keys to the section that is shown."""
        tables = {"settlement": self._events, "opinions": self._opinions}
        tables.get(self._section, self.query_one("#text")).focus()

    def on_live_table_chosen(self, event: LiveTable.Chosen) -> None:
        """Show the event or the opinion in full."""
        if event.table is self._events:
            self.app.push_screen(TextDialog("What happened", event_text(self._events.rows[event.key])))
        else:
            self.app.push_screen(TextDialog("Opinion", opinion_text(self._opinions.rows[event.key])))

    def action_reanalyse(self) -> None:
        """Score it anew, as a dry run."""
        settings = self.context.hub.sources.settings
        means = (f"{means_of(settings)}.", "Nothing is recorded, and the settlement goes on as it is.")

        async def act(_: Answers) -> str:
            market = parse_address(self._address, "a market")
            self.say("Analysing…")
            made = await reanalyse(await self.context.hub.sources.db(), settings, None, market, person())
            self.app.push_screen(TextDialog("A dry run", "\n".join(map(safe, lines_of(made)))))
            return f"Score {made.now.score}, confidence {made.now.confidence}; nothing was recorded."

        typed = None if settings.anthropic_api_key is None else self._address[:NAME_LENGTH]
        self.ask_and_do(Deed(f"Analyse {self._address[:NAME_LENGTH]}… again, as a dry run", means, typed=typed), act)

    def action_settle(self) -> None:
        """Have it worked on now."""
        self.ask_anew(self._settling)

    def action_retry(self) -> None:
        """Start it anew."""
        self.ask_anew(self._retrying)

    def action_park(self) -> None:
        """Keep workers off it."""
        self.ask_anew(self._parking)

    def _settling(self) -> Doing:
        seen = self._seen()
        means = (
            f"Now {self._now()}.",
            "The next free worker looks at it at once; it waits again where the chain says so.",
        )

        async def settle(_: Answers) -> str:
            sources = self.context.hub.sources
            market = parse_address(self._address, "a market")
            new = await hands.settle(await sources.db(), sources.settings, None, market, person(), seen)
            return "It is new to the oracle, and due now." if new else "It is due now."

        return Deed(f"Settle {self._address[:NAME_LENGTH]}… now", means), settle

    def _retrying(self) -> Doing | str:
        seen, row = self._seen(), self._settlement
        if row is None or row.status is Status.DONE:
            return "Nothing is to be retried here."
        means = [f"Now {self._now()}{f': {plain(row.reason)}' if row.reason else ''}."]
        means.append("Its failed attempts are forgotten, and it begins again where the chain shows it.")

        async def retry(_: Answers) -> str:
            market = parse_address(self._address, "a market")
            await hands.retry(await self.context.hub.sources.db(), market, person(), seen)
            return "It starts anew."

        name = self._address[:NAME_LENGTH]
        return Deed(f"Retry {name}…", tuple(means), typed=name), retry

    def _parking(self) -> Doing | str:
        seen, row = self._seen(), self._settlement
        if seen is None or row is None:
            return "The oracle has no work on it yet."
        if row.status is Status.DONE:
            return "It is done: nothing is left that could be parked."
        means = (
            f"Now {self._now()}{f': {plain(row.reason)}' if row.reason else ''}.",
            "Whoever works on it stops before the next side effect, and nobody goes on until somebody retries it.",
            "A request whose slot hash is not captured within three minutes lapses.",
        )

        async def park(answers: Answers) -> str:
            market = parse_address(self._address, "a market")
            await hands.park(await self.context.hub.sources.db(), market, answers["why"], person(), seen)
            return "It is parked."

        name = self._address[:NAME_LENGTH]
        ask = Ask("why", "Why, for whoever comes next:", check=lambda words: None if words else "A reason is needed.")
        return Deed(f"Park {name}…", means, (ask,), typed=name), park

    def action_verify(self) -> None:
        """Recompute everything from the chain and the record."""
        self.say("Verifying…")
        self.do(self._verify())

    async def _verify(self) -> str:
        sources, detail = self.context.hub.sources, self._feed.snapshot.value
        kept = detail.explanation.analysis if detail is not None else None
        market = parse_address(self._address, "a market")
        async with asyncio.timeout(VERIFY_PATIENCE_S), connected(sources.settings, None) as rpc:
            document = None if kept is None else kept.document
            found = await verified(rpc, market, sources.settings.program, document)
        text = "\n".join(safe(check_line(check)) for check in found.checks)
        self.app.push_screen(TextDialog(found.summary(), text))
        return found.summary()

    def action_copy(self) -> None:
        """What the section is about: the signature or the staker under the cursor, the record's hash, the winner; else
        the address."""
        self.copy(self._named() or self._address)

    def _named(self) -> str | None:
        detail = self._feed.snapshot.value
        match self._section:
            case "settlement" if self._events.cursor is not None:
                return self._events.rows[self._events.cursor].event.signature
            case "opinions":
                return self._opinions.cursor
            case "analysis" if detail is not None and detail.explanation.analysis is not None:
                return detail.explanation.analysis.summary_hash.hex()
            case "draw" if detail is not None and detail.outcome is not None and detail.outcome.winner_stake:
                return str(detail.outcome.winner)
            case _:
                return None

    def action_explorer(self) -> None:
        """Open the explorer, or where there is no browser show the address."""
        network = self.context.network
        cluster = {Network.MAINNET: "mainnet-beta", Network.LOCALNET: "custom"}.get(network, network.value)
        url = self.context.config.explorer.format(address=self._address, cluster=cluster)
        self.do(self._open(url))

    async def _open(self, url: str) -> str:
        if self.app.is_web:
            self.app.open_url(url)
            return f"Opened: {url}"
        opened = await asyncio.to_thread(_open_browser, url)
        if not opened:
            self.app.copy_to_clipboard(url)
        return "Opened." if opened else f"Copied: {url}"


def _open_browser(url: str) -> bool:
    """A text browser would take the terminal: only one of a desktop will do."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return isinstance(browser, webbrowser.BackgroundBrowser) and browser.open(url)


_TEXTS: Mapping[str, Callable[[MarketDetail], Iterable[str]]] = {"analysis": analysis_lines, "draw": draw_lines}
_NO_OPINION = "No opinion is known: nobody has staked, or the market is finished and no analysis of it is kept here."


def _tabs(section: str) -> str:
    return "  ".join(f"[{name}]" if name == section else f" {name} " for name in SECTIONS)
