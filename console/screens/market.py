"""Market: one of them, with all that happened to it."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
import webbrowser
from collections.abc import Callable, Iterable
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from chain.units import usdc
from console.context import Context
from console.feeds.base import Feed, Snapshot
from console.screens.base import Doing, Room, bindings_of
from console.text import safe
from console.widgets.dialog import Answers, Ask, Deed, TextDialog
from ops import settlements as hands
from ops.amounts import parse_address
from ops.cluster import connected
from ops.explanation import lines, plain
from ops.market_detail import MarketDetail, ShownOpinion
from ops.person import person
from ops.verification import check_line, verified
from settings import Network
from store.settlements import Seen, Settlement, Status

_SECTIONS = ("settlement", "opinions")
VERIFY_PATIENCE_S = 30.0
NAME_LENGTH = 6
"""So many of an address' first letters stand for its name."""


class Market(Room):
    """One market: its statement, its opinions with stake, odds, score and flags, and its settlement step by step.
    Tab goes from the settlement to the opinions and back."""

    room = "market"
    BINDINGS = bindings_of("market")

    def __init__(self, context: Context, address: str) -> None:
        super().__init__(context)
        self._address = address
        self._section = _SECTIONS[0]
        self._feed: Feed[MarketDetail] = context.hub.market(address)

    def body(self) -> Iterable[Widget]:
        """What is known, as text that scrolls."""
        yield VerticalScroll(Static("Reading…", id="detail"), classes="body")

    def on_mount(self) -> None:
        """This market's feed is this screen's own."""
        self.run_worker(self._feed.run(), name=f"feed of {self._address}", exit_on_error=False)

    def place(self) -> str:
        """With the address."""
        return f"Market  {self._address}"

    def watches(self) -> Iterable[tuple[Feed[Any], Callable[[Snapshot[Any]], None]]]:
        """The market."""
        return [(self._feed, self._paint)]

    def _paint(self, snapshot: Snapshot[MarketDetail]) -> None:
        block = self.query_one("#detail", Static)
        block.set_class(snapshot.error is not None, "stale")
        if snapshot.value is not None:
            words = _settlement(snapshot.value) if self._section == "settlement" else _opinions(snapshot.value)
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
        """The other section."""
        self._section = _SECTIONS[(_SECTIONS.index(self._section) + 1) % len(_SECTIONS)]
        self._paint(self._feed.snapshot)
        self.query_one(VerticalScroll).scroll_home(animate=False)

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
        """The address."""
        self.copy(self._address)

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


def _settlement(detail: MarketDetail) -> str:
    return "\n".join(safe(line) for line in lines(detail.explanation))


def _opinions(detail: MarketDetail) -> str:
    if not detail.opinions:
        return "No opinion is known: nobody has staked, or the market is finished and no analysis of it is kept here."
    head = f'"{safe(detail.statement)}"\n\n' if detail.statement else ""
    return head + "\n\n".join(_opinion(one) for one in detail.opinions)


def _opinion(one: ShownOpinion) -> str:
    score = "not scored" if one.score is None else f"score {one.score}"
    flags = f", flagged: {', '.join(one.flags)}" if one.flags else ""
    won = "WON  " if one.won else ""
    text = f'"{safe(one.text)}"' if one.text is not None else f"no text: {safe(one.why or 'it cannot be had')}"
    return f"{won}{one.staker}\n  {usdc(one.stake)}, odds {float(one.odds):.2%}, {score}{flags}\n  {text}"
