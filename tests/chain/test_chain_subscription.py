"""Subscriptions against real WebSocket servers that misbehave."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from chain_cluster import GENESIS, Cluster, Node, serving
from solders.hash import Hash
from solders.pubkey import Pubkey
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from chain.errors import (
    EndpointFailed,
    EndpointTimeout,
    EndpointUnreachable,
    InvalidValue,
    MalformedAnswer,
    RpcError,
    RpcRefused,
    WrongCluster,
)
from chain.subscription import Batch, Feed, Pace, Subscription, feeds

PROGRAM = Pubkey(bytes([7]) * 32)
QUICK = Pace(silence=0.5, timeout=2, first_wait=0.01)


def key(number: int) -> Pubkey:
    return Pubkey(number.to_bytes(32, "big"))


class Notifier:
    """A node's WebSocket side. `refuse` names a method; `subscribed` is set while somebody listens."""

    def __init__(self) -> None:
        self.refuse = ""
        self.beats = True
        self.subscribed = asyncio.Event()
        self.connections: list[ServerConnection] = []
        self.requests: list[dict[str, Any]] = []
        self.url = ""

    async def serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        beat: asyncio.Task[None] | None = None
        with suppress(ConnectionClosed):
            async for text in connection:
                request = json.loads(text)
                self.requests.append(request)
                if request["method"] == self.refuse:
                    error = {"code": -32602, "message": "no such thing"}
                    await connection.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": error}))
                    continue
                number = request["id"] * 100
                await connection.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": number}))
                if request["method"] == "slotSubscribe":
                    beat = asyncio.create_task(self._beat(connection))
                    self.subscribed.set()
        self.subscribed.clear()
        if beat:
            await beat

    async def _beat(self, connection: ServerConnection) -> None:
        slot = 0
        with suppress(ConnectionClosed):
            while self.beats:
                slot += 1
                value = {"subscription": 200, "result": {"slot": slot, "parent": slot - 1, "root": 0}}
                await self._notify(connection, "slotNotification", value)
                await asyncio.sleep(0.02)

    async def tell(self, number: int, slot: int, data: bytes) -> None:
        """Notify of an account's new data."""
        account = {
            "lamports": 1,
            "owner": str(PROGRAM),
            "data": [b64encode(data).decode(), "base64"],
            "executable": False,
            "rentEpoch": 0,
            "space": len(data),
        }
        result = {"context": {"slot": slot}, "value": {"pubkey": str(key(number)), "account": account}}
        await self._notify(self.connections[-1], "programNotification", {"subscription": 100, "result": result})

    async def _notify(self, connection: ServerConnection, method: str, params: object) -> None:
        await connection.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))


@asynccontextmanager
async def notifying(*notifiers: Notifier) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        for notifier in notifiers:
            server = await stack.enter_async_context(serve(notifier.serve, "127.0.0.1", 0))
            notifier.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield


@asynccontextmanager
async def listening(
    *notifiers: Notifier, nodes: Sequence[Node] = (), most_accounts: int = 1000, pace: Pace = QUICK
) -> AsyncGenerator[Subscription]:
    """A subscription to these, each beside an honest node unless others are given."""
    beside = nodes or [Node(Cluster()) for _ in notifiers]
    async with serving(*beside), notifying(*notifiers):
        pairs = [Feed(n.url, node.url) for n, node in zip(notifiers, beside, strict=True)]
        async with Subscription(pairs, PROGRAM, GENESIS, pace=pace, most_accounts=most_accounts) as subscription:
            yield subscription


async def until(subscription: Subscription, accounts: int) -> list[Batch]:
    """Batches until so many accounts were told in all."""
    batches: list[Batch] = []
    async with asyncio.timeout(10):
        while sum(len(batch.accounts) for batch in batches) < accounts:
            batches.append(await subscription.batch())
    return batches


async def trouble(subscription: Subscription) -> RpcError:
    async with asyncio.timeout(10):
        while subscription.trouble is None:  # noqa: ASYNC110 - looks at a state
            await asyncio.sleep(0.005)
    return subscription.trouble


async def test_a_new_connection_is_a_gap_and_notifications_follow() -> None:
    node = Notifier()
    async with listening(node) as subscription:
        first = await subscription.batch()
        assert first.gap == f"the connection to {node.url} is new"
        assert first.accounts == ()
        assert subscription.live
        assert subscription.trouble is None
        await node.tell(1, 10, b"one")
        (batch,) = await until(subscription, 1)
        assert batch.gap is None
        (account,) = batch.accounts
        assert (account.key, account.owner, account.slot, account.data) == (key(1), PROGRAM, 10, b"one")
        config = {"encoding": "base64", "commitment": "confirmed"}
        assert node.requests[0]["params"] == [str(PROGRAM), config]


async def test_the_newest_of_each_account_is_kept_in_the_order_of_slots() -> None:
    node = Notifier()
    async with listening(node) as subscription:
        await subscription.batch()
        for number, slot, data in ((1, 12, b"b"), (2, 11, b"c"), (1, 10, b"old"), (2, 11, b"d"), (3, 20, b"last")):
            await node.tell(number, slot, data)
        async with asyncio.timeout(10):
            while subscription._waiting.get(key(3)) is None:  # noqa: ASYNC110 - looks at a state
                await asyncio.sleep(0.005)
        batch = await subscription.batch()
        assert [(a.key, a.slot, a.data) for a in batch.accounts] == [
            (key(2), 11, b"d"),
            (key(1), 12, b"b"),
            (key(3), 20, b"last"),
        ]


async def test_a_connection_that_ends_is_made_again_and_is_a_gap() -> None:
    node = Notifier()
    async with listening(node) as subscription:
        await subscription.batch()
        await node.connections[0].close()
        again = await subscription.batch()
        assert again.gap
        assert len(node.connections) == 2


async def test_silence_is_a_gap() -> None:
    node = Notifier()
    node.beats = False
    async with listening(node) as subscription:
        await subscription.batch()
        found = await trouble(subscription)
        assert isinstance(found, EndpointTimeout)
        assert str(found) == f"{node.url} said nothing for 0.5 s"
        node.beats = True
        assert (await subscription.batch()).gap


async def test_a_slow_consumer_is_told_that_it_missed_some() -> None:
    node = Notifier()
    async with listening(node, most_accounts=3) as subscription:
        await subscription.batch()
        for number in range(1, 5):
            await node.tell(number, 10, b"x")
        async with asyncio.timeout(10):
            while subscription._gap is None:  # noqa: ASYNC110 - looks at a state
                await asyncio.sleep(0.005)
        assert (await subscription.batch()).gap == "more than 3 changed accounts waited to be taken"


@pytest.mark.parametrize(
    "message",
    [
        "nonsense",
        "[1]",
        json.dumps({"jsonrpc": "2.0", "method": "programNotification"}),
        json.dumps({"params": {"subscription": 7, "result": {}}}),
        json.dumps({"params": {"subscription": 100, "result": {"context": {"slot": 1}, "value": {"pubkey": "x"}}}}),
        json.dumps({"params": {"subscription": 200, "result": {"slot": "soon"}}}),
    ],
)
async def test_what_is_no_notification_ends_the_connection(message: str) -> None:
    node = Notifier()
    async with listening(node) as subscription:
        await subscription.batch()
        await node.connections[0].send(message)
        assert isinstance(await trouble(subscription), MalformedAnswer)
        assert (await subscription.batch()).gap


async def test_the_next_endpoint_is_listened_to() -> None:
    deaf, well = Notifier(), Notifier()
    deaf.refuse = "programSubscribe"
    async with listening(deaf, well) as subscription:
        assert (await subscription.batch()).gap == f"the connection to {well.url} is new"
        assert isinstance(subscription._sources[0].health.last_error, RpcRefused)


async def test_another_cluster_is_not_listened_to() -> None:
    other = Node(Cluster(), genesis=str(Hash(bytes([2]) * 32)))
    node = Notifier()
    async with listening(node, nodes=[other]) as subscription:
        assert isinstance(await trouble(subscription), WrongCluster)
        assert not subscription.live
        other.genesis = GENESIS
        assert (await subscription.batch()).gap


async def test_the_cluster_is_asked_for_again_before_each_connection() -> None:
    beside, node = Node(Cluster()), Notifier()
    async with listening(node, nodes=[beside]) as subscription:
        await subscription.batch()
        beside.genesis = str(Hash(bytes([2]) * 32))
        await node.connections[0].close()
        async with asyncio.timeout(10):
            while not isinstance(subscription.trouble, WrongCluster):  # noqa: ASYNC110 - looks at a state
                await asyncio.sleep(0.005)
        assert len(node.connections) == 1


async def test_words_of_failures_hold_no_key() -> None:
    beside = Node(Cluster())
    async with serving(beside):
        for path, kind in (("http", EndpointFailed), ("nobody", EndpointUnreachable)):
            port = beside.url.rpartition(":")[2] if path == "http" else "9"
            feed = Feed(f"ws://user:hunter2@127.0.0.1:{port}/hunter2?key=hunter2", beside.url)
            assert "hunter2" not in repr(feed)
            async with Subscription([feed], PROGRAM, GENESIS, pace=QUICK) as subscription:
                found = await trouble(subscription)
                assert isinstance(found, kind)
                assert "hunter2" not in str(found)
                assert found.__cause__ is None or "hunter2" not in str(found.__cause__)
                assert f"ws://127.0.0.1:{port}" in str(found)


def test_addresses_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidValue, match="2 WebSocket addresses are given for 1 RPC address"):
        feeds(["http://a"], ["ws://a", "ws://b"])
    assert feeds(["http://a"], ["ws://b"]) == (Feed("ws://b", "http://a"),)
    with pytest.raises(InvalidValue, match="http:// or https://"):
        Subscription([Feed("ws://a", "ftp://a")], PROGRAM, GENESIS)
    with pytest.raises(InvalidValue, match="ws:// or wss://"):
        Subscription([Feed("http://a", "http://a")], PROGRAM, GENESIS)
    with pytest.raises(InvalidValue, match="name at least one"):
        Subscription([], PROGRAM, GENESIS)
