"""The follower on a real localnet, through relays that fail."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chain.accounts import Market, MarketReceipt
from chain.answers import Commitment
from chain.constants import PROGRAM_ID, MarketState
from chain.rpc import Rpc
from chain.subscription import Feed, Subscription
from chain.subscription import Pace as ConnectionPace
from ops.demo.stage import Stage
from oracle.follower import Follower, Pace
from store import accounts
from store.accounts import Cluster, WholeMarket
from store.database import Database
from store.migrations import migrate
from tests.relay import Relay, relaying
from tests.stage import Play, staged, websocket_url

NEVER = 1e6
OFTEN = Pace(every=0.5, deaf=0.5, apart=0.1, first_wait=0.05)
ONLY_AFTER_GAPS = Pace(every=NEVER, deaf=NEVER, apart=0.05, first_wait=0.05)
CONNECTION = ConnectionPace(silence=1.0, timeout=5, first_wait=0.05)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with staged(tmp_path) as found:
        yield found


@pytest.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    async with Database(f"sqlite:///{tmp_path}/store.db", connections=4) as database:
        await migrate(database)
        yield database


@dataclass
class Following:
    """A follower that runs, and the relays that it sees the localnet through."""

    http: Relay
    websocket: Relay
    follower: Follower
    changed: set[str] = field(default_factory=set[str])


@asynccontextmanager
async def following(stage: Stage, db: Database, pace: Pace) -> AsyncGenerator[Following]:
    genesis_hash = await stage.rpc.genesis_hash()
    port = int(stage.url.rpartition(":")[2])
    ws_port = int(websocket_url(stage.url).rpartition(":")[2])
    changed: set[str] = set()
    async with relaying(port) as http, relaying(ws_port) as websocket:
        url = f"http://127.0.0.1:{http.port}"
        feed = Feed(f"ws://127.0.0.1:{websocket.port}", url)
        async with Rpc([url], timeout=5, rounds=1, first_wait=0.05) as rpc:
            follower = Follower(
                db,
                rpc,
                Cluster(genesis_hash, PROGRAM_ID),
                lambda: Subscription([feed], PROGRAM_ID, genesis_hash, pace=CONNECTION),
                changed.update,
                pace,
            )
            running = asyncio.create_task(follower.run())
            try:
                yield Following(http, websocket, follower, changed)
            finally:
                ended = running.done()
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
                assert not ended


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await what():  # noqa: ASYNC110 - looks at a state
            await asyncio.sleep(0.02)


async def whole(db: Database, address: str) -> WholeMarket | None:
    return await accounts.market(db, address)


def in_state(db: Database, address: str, state: MarketState) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        found = await whole(db, address)
        return found is not None and found.market.account.state is state

    return look


def like_the_chain(db: Database, stage: Stage, address: str) -> Callable[[], Awaitable[bool]]:
    """Whether the market and all that belongs to it are exactly what the chain has for good."""

    async def look() -> bool:
        read = await stage.rpc.read_program(PROGRAM_ID, commitment=Commitment.FINALIZED)
        there = {str(account.key): account.data for account in read.accounts}
        found = await whole(db, address)
        if found is None:
            return False
        kept = [found.market, *([found.request] if found.request else []), *found.opinions]
        same = all(there.get(one.address) == one.account.to_bytes() for one in kept)
        settled = all(one.commitment is Commitment.FINALIZED and one.absent_since is None for one in kept)
        return same and settled

    return look


async def test_a_market_is_followed_from_its_creation_to_its_receipt(stage: Stage, db: Database) -> None:
    play = Play(stage)
    async with following(stage, db, OFTEN) as running:
        await play.until("create")
        await until(in_state(db, play.address, MarketState.ACTIVE))
        await play.until("close")
        await until(in_state(db, play.address, MarketState.CLOSED))
        found = await whole(db, play.address)
        assert found is not None
        assert isinstance(found.market.account, Market)
        assert len(found.opinions) == found.market.account.staker_count
        await play.until("finish")
        await until(like_the_chain(db, stage, play.address))

        async def nothing_but_the_receipt() -> bool:
            left = await whole(db, play.address)
            return left is not None and left.opinions == () and left.request is None

        await until(nothing_but_the_receipt)
        found = await whole(db, play.address)
        assert found is not None
        assert isinstance(found.market.account, MarketReceipt)
        assert play.address in running.changed
        assert running.follower.heard_at is not None


async def test_notifications_alone_carry_changes(stage: Stage, db: Database) -> None:
    play = Play(stage)
    async with following(stage, db, ONLY_AFTER_GAPS) as running:
        await until(lambda: _is_true(running.websocket.connections == 1))
        await asyncio.sleep(0.5)
        await play.until("create")
        await until(in_state(db, play.address, MarketState.ACTIVE))
        assert running.websocket.connections == 1
        await until(lambda: _is_true((running.follower.lag_slots or 0) < 40))


async def test_what_happened_while_nobody_listened_is_read_afterwards(stage: Stage, db: Database) -> None:
    play = Play(stage)
    async with following(stage, db, ONLY_AFTER_GAPS) as running:
        await play.until("create")
        await until(in_state(db, play.address, MarketState.ACTIVE))
        running.websocket.shut = True
        running.websocket.cut()
        await play.until("close")
        running.websocket.shut = False
        await until(in_state(db, play.address, MarketState.CLOSED))


async def test_a_connection_that_only_seems_to_live_is_given_up(stage: Stage, db: Database) -> None:
    play = Play(stage)
    async with following(stage, db, ONLY_AFTER_GAPS) as running:
        await play.until("create")
        await until(in_state(db, play.address, MarketState.ACTIVE))
        running.websocket.silent = True
        await play.until("close")
        await until(lambda: _is_true(running.websocket.connections > 1))
        running.websocket.silent = False
        await until(in_state(db, play.address, MarketState.CLOSED))


async def test_nodes_that_do_not_answer_are_asked_again(stage: Stage, db: Database) -> None:
    play = Play(stage)
    async with following(stage, db, OFTEN) as running:
        await play.until("create")
        running.http.shut = running.websocket.shut = True
        running.http.cut()
        running.websocket.cut()
        await play.until("close")
        await asyncio.sleep(0.5)
        running.http.shut = running.websocket.shut = False
        await until(in_state(db, play.address, MarketState.CLOSED))


async def test_a_restored_old_database_is_overridden_by_the_chain(stage: Stage, db: Database, tmp_path: Path) -> None:
    play = Play(stage)
    file, backup = tmp_path / "store.db", tmp_path / "backup.db"
    async with following(stage, db, OFTEN):
        await play.until("close")
        await until(in_state(db, play.address, MarketState.CLOSED))
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
            source.backup(target)
        await play.until("finish")
        await until(like_the_chain(db, stage, play.address))
    async with Database(f"sqlite:///{backup}", connections=4) as restored:
        assert await in_state(restored, play.address, MarketState.CLOSED)()
        async with following(stage, restored, OFTEN):
            await until(like_the_chain(restored, stage, play.address))


async def _is_true(value: bool) -> bool:
    return value
