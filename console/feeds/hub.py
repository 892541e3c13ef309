"""Every feed of the console, by name; each runs once, whichever screens watch it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from console.feeds.base import Feed
from console.feeds.sources import Sources
from console.recording.recorder import Recorder
from console.recording.replay import Replay
from ops.alerts.history import History
from ops.alerts.seen import AlertsSeen, ShownAlert
from ops.alerts.seen import Standing as Seen
from ops.amounts import is_address, parse_address
from ops.audit_trail import Trail
from ops.errors import OperatorError
from ops.market_detail import MarketDetail, detail, only
from ops.queues.seen import Seen as QueuesSeen
from ops.runbooks.reading import RunbooksSeen
from ops.runbooks.reading import read as read_runbooks
from ops.standing import Standing, standing
from ops.status import Overview
from store import holds
from store.audit_log import Chain, ChainState, Entry
from store.holds import Hold
from store.listing import Listed, Listing, beginning
from store.runbooks import Followed, newest

T = TypeVar("T")
DATABASE_PATIENCE_S = 6.0
REPLAY_S = 0.5
MOST_NAMED = 4
"""So many markets are named where more than one begins as was typed."""
CHAIN_FIRST_S, CHAIN_AGAIN_S = 0.1, 2.5
"""Between two pieces of the audit log's chain: until it was seen whole, and then."""


class Hub:
    """The feeds over these sources; each is recorded where there is a recorder, or replayed where there is a replay."""

    def __init__(self, sources: Sources, recorder: Recorder | None = None, replay: Replay | None = None) -> None:
        self.sources = sources
        self.replay = replay
        self._recorder = recorder
        self._feeds: list[Feed[object]] = []
        self.holds: Feed[Hold | None] = self._feed("hold", self._read_hold, every_s=2, patience_s=DATABASE_PATIENCE_S)

        self.standing: Feed[Standing] = self._feed("program", self._read_standing, every_s=30, patience_s=10)

        self.overview: Feed[Overview] = self._feed("overview", self._read_overview, every_s=3, patience_s=12)
        self.queues: Feed[QueuesSeen] = self._feed("queues", self._read_queues, every_s=2, patience_s=10)
        self._listing: Listing | None = None
        self.markets: Feed[Mapping[str, Listed]] = self._feed("markets", self._read_markets, every_s=2, patience_s=20)
        self._checked_chain = Chain()
        """Of its own: two that follow one would leave out what the other saw."""
        self.runbooks: Feed[RunbooksSeen] = self._feed("runbooks", self._read_runbooks, every_s=4, patience_s=12)
        # Apart, since a mark shows at once, and checks wait for whatever is away.
        self.runs: Feed[Mapping[str, Followed]] = self._feed(
            "runs", self._read_runs, every_s=2, patience_s=DATABASE_PATIENCE_S
        )
        self.alerts: Feed[AlertsSeen] = self._feed("alerts", self._read_alerts, every_s=5, patience_s=10)
        self.trail = Trail(sources.db)
        self.audit: Feed[Mapping[str, Entry]] = self._feed("acts", self.trail.read, every_s=2, patience_s=20)
        self._chain = Chain()
        self.chain: Feed[ChainState] = self._feed(
            "chain", self._read_chain, every_s=CHAIN_FIRST_S, patience_s=DATABASE_PATIENCE_S
        )

    def alert_history(self, alert: ShownAlert) -> Feed[History]:
        """Return a feed of the value behind one alert; whoever asked for it runs it."""

        async def read() -> History:
            return await (await self.sources.watch()).history(alert)

        return self._made(f"history of {alert.key}", read, every_s=10, patience_s=10)

    def market(self, address: str) -> Feed[MarketDetail]:
        """Return a feed of one market; whoever asked for it runs it."""

        texts: dict[str, str] = {}

        async def read() -> MarketDetail:
            sources = self.sources
            key = parse_address(address, "a market")
            return await detail(await sources.db(), sources.settings, key, await sources.texts(), texts)

        return self._made(f"market {address}", read, every_s=2, patience_s=20)

    async def market_named(self, words: str) -> str:
        """Return the address of the one known market that begins so. Raises OperatorError, StoreError."""
        if is_address(words):
            return words
        if self.replay is not None:
            known: Iterable[str] = self.replay.value(self.markets.name)
            return only(words, [address for address in known if address.startswith(words)])
        return only(words, await beginning(await self.sources.db(), words, MOST_NAMED))

    def _feed(self, name: str, read: Callable[[], Awaitable[T]], *, every_s: float, patience_s: float) -> Feed[T]:
        feed = self._made(name, read, every_s=every_s, patience_s=patience_s)
        self._feeds.append(feed)  # pyright: ignore[reportArgumentType] - run, never told, from here
        return feed

    def _made(self, name: str, read: Callable[[], Awaitable[T]], *, every_s: float, patience_s: float) -> Feed[T]:
        if self.replay is not None:
            return Feed(name, self.replay.reader(name), every_s=REPLAY_S, patience_s=patience_s, slowest_s=REPLAY_S)
        feed = Feed(name, read, every_s=every_s, patience_s=patience_s)
        if self._recorder is not None:
            self._recorder.watch(feed)
        return feed

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run every feed while the block lasts."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(feed.run(), name=f"feed {feed.name}") for feed in self._feeds]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _read_hold(self) -> Hold | None:
        return await holds.current(await self.sources.db())

    async def _read_queues(self) -> QueuesSeen:
        return await (await self.sources.queues()).read(self.sources.db)

    async def _read_overview(self) -> Overview:
        return await (await self.sources.reader()).read()

    async def _read_markets(self) -> Mapping[str, Listed]:
        if self._listing is None:
            self._listing = Listing(await self.sources.db())
        return await self._listing.read()

    async def _read_runbooks(self) -> RunbooksSeen:
        overviews = await self.sources.reader()
        return await read_runbooks(self.sources.settings, overviews.read, self.sources.db, self._checked_chain)

    async def _read_runs(self) -> Mapping[str, Followed]:
        return await newest(await self.sources.db())

    async def _read_alerts(self) -> AlertsSeen:
        seen = await (await self.sources.watch()).read()
        if seen.standing is Seen.UNREACHABLE:
            # As an error, what was known last stays.
            raise OperatorError(" ".join(seen.troubles))
        return seen

    async def _read_chain(self) -> ChainState:
        found = await self._chain.look(await self.sources.db())
        self.chain.every_s = CHAIN_FIRST_S if found.whole_at is None and found.first_bad is None else CHAIN_AGAIN_S
        return found

    async def _read_standing(self) -> Standing:
        return await standing(self.sources.settings, await self.sources.rpc())
