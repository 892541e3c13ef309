"""The connections that the feeds read from: each opened at first use, and again after it failed to open."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from chain.rpc import Rpc
from ops.alerts.watching import Watch
from ops.queues.reading import QueueReader
from ops.settlements import check_there
from ops.status import Reader
from oracle.texts import Texts, texts_of
from settings import Settings
from store.database import Database
from store.migrations import check

RPC_TIMEOUT_S = 4.0
CONNECTIONS = 4


class Sources:
    """One database and one RPC client for the whole console; opened by `async with`, connected when first asked."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stack = AsyncExitStack()
        self._db: Database | None = None
        self._rpc: Rpc | None = None
        self._texts: Texts | None = None
        self._reader: Reader | None = None
        self._watch: Watch | None = None
        self._queues: QueueReader | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def db(self) -> Database:
        """Return the database, once its tables are known to be this version's. Raises StoreError, OperatorError."""
        if self._db is None:
            check_there(self.settings)
            async with AsyncExitStack() as opening:
                db = await opening.enter_async_context(Database(self.settings.database_url, CONNECTIONS))
                await check(db)
                self._stack.push_async_exit(opening.pop_all())
                self._db = db
        return self._db

    async def reader(self) -> Reader:
        """Return the reader of overviews."""
        if self._reader is None:
            self._reader = await self._stack.enter_async_context(Reader(self.settings))
        return self._reader

    async def watch(self) -> Watch:
        """Return what asks Prometheus and Alertmanager."""
        if self._watch is None:
            self._watch = await self._stack.enter_async_context(Watch(self.settings))
        return self._watch

    async def queues(self) -> QueueReader:
        """Return what reads the queues."""
        if self._queues is None:
            self._queues = await self._stack.enter_async_context(QueueReader(self.settings))
        return self._queues

    async def texts(self) -> Texts:
        """Return the reader of opinions' texts."""
        if self._texts is None:
            settings = self.settings
            opening = texts_of(settings.texts_path, settings.ipfs_gateways, settings.ipfs_apis)
            self._texts = await self._stack.enter_async_context(opening)
        return self._texts

    async def rpc(self) -> Rpc:
        """Return the RPC client; it asks each endpoint once before it gives up."""
        if self._rpc is None:
            rpc = Rpc(self.settings.solana_rpc_url, timeout=RPC_TIMEOUT_S, rounds=1)
            self._rpc = await self._stack.enter_async_context(rpc)
        return self._rpc
