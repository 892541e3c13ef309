"""The watcher: one active in the whole deployment, the others on standby (oracle.turns).

The active one runs the follower, the monitor and what the caller adds, the reconciler above all. Two that are active
for a moment do no harm: the read model takes the newer of two sightings, rows are added once, and what acts on the
chain holds leases of its own. A standby that takes over knows nothing: the follower begins with a full read, and the
monitor with a look at all.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from chain.rpc import Rpc
from chain.subscription import Subscription, feeds
from monitoring.exporters.oracle import Watching, exported
from oracle import notify
from oracle.cluster import pin
from oracle.errors import OracleError
from oracle.follower import Follower
from oracle.monitor import Monitor
from oracle.turns import Pace, Part, Role, take_turns
from settings import GENESIS, Settings
from store import migrations
from store.accounts import Cluster
from store.changes import Changes
from store.database import Database
from store.errors import StoreUnavailable

LOCK = "watcher"
_CONNECTIONS = 6
_READ_TIMEOUT = 30.0
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MakePart = Callable[[Database, Rpc], Part]
"""Makes a part of one term from what the watcher has open anyway."""


class MetricsUnserved(OracleError):  # noqa: N818 - named for what is so
    """The address for metrics cannot be had: one sentence."""


async def watch(settings: Settings, others: Sequence[MakePart] = (), *, pace: Pace | None = None) -> None:
    """Watch until cancelled. `others` are run by the active watcher too, beside the follower and the monitor.

    Raises OtherCluster when the database belongs to another chain or program, WrongRevision when its tables are of
    another release, MetricsUnserved when the port for metrics is taken; every outage is waited out.
    """
    # In a container every process is number 1, and its host's name may be the one before it had.
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    # Reads of all accounts are larger than other answers.
    rpc = Rpc(settings.solana_rpc_url, genesis_hash=GENESIS.get(settings.network), timeout=_READ_TIMEOUT)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(Database(settings.database_url, connections=_CONNECTIONS))
        await stack.enter_async_context(rpc)
        changes = await stack.enter_async_context(Changes(settings.redis_url))
        watcher = _Watcher(settings, db, rpc, changes, others)
        if settings.metrics_port:
            await stack.enter_async_context(_metrics(settings, db, watcher))
        await _until_tables_fit(db, pace or Pace())
        try:
            await take_turns(db, LOCK, holder, watcher.parts, turn=watcher.turn, pace=pace)
        finally:
            notify.stopping("the watcher ends")


async def _until_tables_fit(db: Database, pace: Pace) -> None:
    """Wait for the database. Raises WrongRevision."""
    while True:
        try:
            await migrations.check(db)
        except StoreUnavailable as error:
            _log.warning("the watcher waits for its database", reason=str(error))
            await asyncio.sleep(pace.poll)
        else:
            return


@asynccontextmanager
async def _metrics(settings: Settings, db: Database, watcher: "_Watcher") -> AsyncGenerator[None]:
    host, port = str(settings.metrics_host), settings.metrics_port
    async with AsyncExitStack() as stack:
        exporting = exported(db, settings.redis_url, port, host=host, watching=watcher.figures)
        try:
            await stack.enter_async_context(exporting)
        except OSError as error:
            raise MetricsUnserved(
                f"metrics cannot be served on {host}:{port} ({error.strerror}): correct METRICS_HOST or METRICS_PORT, "
                "or end what else uses them"
            ) from None
        yield


class _Watcher:
    """What one process knows of its turns."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        rpc: Rpc,
        changes: Changes,
        others: Sequence[MakePart],
    ) -> None:
        self._settings, self._db, self._rpc = settings, db, rpc
        self._changes, self._others = changes, others
        self._role: Role | None = None
        self._follower: Follower | None = None

    async def parts(self) -> list[Part]:
        """What the active watcher runs for one term. Raises RpcError, StoreUnavailable, OtherCluster, WrongNetwork."""
        program = self._settings.program
        genesis_hash = await pin(self._settings, self._db, self._rpc)
        monitor = Monitor(self._db, self._rpc)

        def changed(markets: frozenset[str]) -> None:
            monitor.poke()
            self._changes.publish(markets)

        pairs = feeds(self._settings.solana_rpc_url, self._settings.ws_urls)
        self._follower = Follower(
            self._db,
            self._rpc,
            Cluster(genesis_hash, program),
            lambda: Subscription(pairs, program, genesis_hash),
            changed,
        )
        ours = [Part("follower", self._follower.run), Part("monitor", monitor.run)]
        return [*ours, *(make(self._db, self._rpc) for make in self._others)]

    def turn(self, role: Role) -> None:
        """Tell systemd that the process lives, and what it is when that is new."""
        if role is not self._role:
            self._role = role
            notify.ready(f"the {role.value} watcher" if role is Role.ACTIVE else "a watcher on standby")
            if role is Role.STANDBY:
                self._follower = None
        notify.alive()

    def figures(self) -> Watching:
        """What metrics say of this process."""
        active, follower = self._role is Role.ACTIVE, self._follower
        if not active or follower is None:
            return Watching(active=active)
        return Watching(active=True, heard_at=follower.heard_at, lag_slots=follower.lag_slots)
