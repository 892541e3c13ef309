"""What a node tells of a program's accounts by itself: programSubscribe over WebSocket, through several endpoints.

A notification that is missed is never told again. So everything after which one may have been missed (a connection that
begins, a connection that was silent, a consumer too slow for what came) is told as a gap, and whoever listens reads all
accounts then. A gap is told once the subscription stands, so that nothing falls between it and the read.

slotSubscribe is the heartbeat: a node that says nothing for a while has no slots, or we no longer hear it. Which
cluster an endpoint serves is asked of its HTTP side before each connection; a WebSocket cannot tell.
"""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from solders.pubkey import Pubkey
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from chain.account_json import keyed_account
from chain.answers import ChainAccount, Commitment
from chain.endpoint import Endpoint, check_address, shown
from chain.errors import (
    EndpointFailed,
    EndpointTimeout,
    EndpointUnreachable,
    InvalidValue,
    MalformedAnswer,
    RateLimited,
    RpcError,
    RpcRefused,
)
from chain.health import Health
from chain.units import Slot

_MAX_MESSAGE = 1 << 20
_PROGRAM, _SLOTS = 1, 2
_TOO_MANY_REQUESTS = 429
# The library's own log holds addresses whole, where providers put keys.
_quiet = logging.getLogger("chain.subscription.websocket")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


@dataclass(frozen=True, slots=True)
class Feed:
    """One endpoint: where it notifies, and where it answers over HTTP. Both may hold keys."""

    ws_url: str
    rpc_url: str

    def __repr__(self) -> str:
        return f"Feed({shown(self.ws_url)})"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. `silence` is how long a connection may say nothing; `first_wait` follows an endpoint's first failure."""

    silence: float = 10.0
    timeout: float = 10.0
    first_wait: float = 0.5


@dataclass(frozen=True, slots=True)
class Batch:
    """What came since the last one: of each account the newest notification, in the order of their slots.

    `gap` says why others may have been missed, or is None.
    """

    accounts: tuple[ChainAccount, ...]
    gap: str | None


def feeds(rpc_urls: Sequence[str], ws_urls: Sequence[str]) -> tuple[Feed, ...]:
    """Pair each RPC address with its WebSocket's. Raises InvalidValue when there are more of one than of the other."""
    if len(ws_urls) != len(rpc_urls):
        raise InvalidValue(
            f"{len(ws_urls)} WebSocket addresses are given for {len(rpc_urls)} RPC addresses: "
            "give one for each in the same order, or none"
        )
    return tuple(Feed(ws, rpc) for ws, rpc in zip(ws_urls, rpc_urls, strict=True))


class _Source:
    """An endpoint with both of its sides, and its health."""

    def __init__(self, feed: Feed, pace: Pace) -> None:
        parts = urlsplit(feed.ws_url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise InvalidValue("a WebSocket address must begin with ws:// or wss:// and name a host: check the setting")
        self.url = feed.ws_url
        self.name = shown(feed.ws_url)
        self.health = Health(pace.first_wait)
        check_address(feed.rpc_url)
        self._rpc_url, self._timeout = feed.rpc_url, pace.timeout

    async def check_cluster(self, genesis_hash: str) -> None:
        """Raises WrongCluster; asked anew each time, for another chain may have come to stand at the same address."""
        endpoint = Endpoint(self._rpc_url, self._timeout, Health())
        try:
            await endpoint.check_cluster(genesis_hash)
        finally:
            await endpoint.close()


class Subscription:
    """A program's notifications, for as long as it is open: use it as a context manager, and ask for batches.

    `live` says whether a node is being heard; `trouble` is the last failure, or None while all is well; `slot` is the
    newest processed one that was told, 0 before the first; `heard_at` is when anything was told last, None before that.
    """

    def __init__(
        self,
        feeds: Sequence[Feed],
        program: Pubkey,
        genesis_hash: str,
        *,
        commitment: Commitment = Commitment.CONFIRMED,
        pace: Pace | None = None,
        most_accounts: int = 50_000,
    ) -> None:
        """`most_accounts` may wait to be taken; when there are more, they are let go and a gap is told."""
        if not feeds:
            raise InvalidValue("no WebSocket address is configured: name at least one")
        self._pace = pace or Pace()
        self._sources = [_Source(feed, self._pace) for feed in feeds]
        self._program, self._genesis, self._commitment = program, genesis_hash, commitment
        self._most = most_accounts
        self._waiting: dict[Pubkey, ChainAccount] = {}
        self._gap: str | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.live = False
        self.trouble: RpcError | None = None
        self.slot = Slot(0)
        self.heard_at: datetime | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="subscription")
        self._task.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def batch(self) -> Batch:
        """Whatever came since the last call, as soon as there is something."""
        await self._news.wait()
        if self._task is not None and self._task.done():
            self._task.result()
        self._news.clear()
        accounts = tuple(sorted(self._waiting.values(), key=lambda account: account.slot))
        batch = Batch(accounts, self._gap)
        self._waiting, self._gap = {}, None
        return batch

    async def _run(self) -> None:
        """Listens to the endpoint that is well, for ever."""
        while True:
            now = time.monotonic()
            source = min(self._sources, key=lambda one: one.health.wait(now))
            await asyncio.sleep(source.health.wait(now))
            try:
                await self._listen(source)
            except RpcError as error:
                self.live, self.trouble = False, error
                source.health.failed(error, time.monotonic())

    async def _listen(self, source: _Source) -> None:
        """Until the connection fails, which raises an RpcError."""
        await source.check_cluster(self._genesis)
        try:
            async with connect(
                source.url,
                open_timeout=self._pace.timeout,
                close_timeout=1,
                max_size=_MAX_MESSAGE,
                ping_interval=self._pace.silence,
                ping_timeout=self._pace.silence,
                logger=_quiet,
            ) as socket:
                numbers = await self._subscribe(source, socket)
                while True:
                    self._take(source, numbers, await self._next(source, socket))
                    # Frames that are there already are taken without a turn of the loop: others get theirs here.
                    await asyncio.sleep(0)
        except ConnectionClosed:
            raise EndpointUnreachable(f"{source.name} ended the connection", source.name) from None
        except (InvalidHandshake, WebSocketException) as error:
            raise _refused(source.name, error) from None
        except TimeoutError:
            words = f"{source.name} did not take the connection within {self._pace.timeout:g} s"
            raise EndpointTimeout(words, source.name) from None
        except OSError as error:
            words = f"{source.name} cannot be reached ({error.strerror or type(error).__name__}): check the address"
            raise EndpointUnreachable(words, source.name) from None

    async def _subscribe(self, source: _Source, socket: ClientConnection) -> dict[int, int]:
        """Asks for both, and tells the gap once they stand; returns which subscription has which number."""
        config = {"encoding": "base64", "commitment": self._commitment.value}
        for number, method, params in (
            (_PROGRAM, "programSubscribe", [str(self._program), config]),
            (_SLOTS, "slotSubscribe", []),
        ):
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        numbers: dict[int, int] = {}
        early: list[dict[str, Any]] = []
        while len(numbers) < 2:
            message = await self._next(source, socket)
            if "error" in message:
                words = f"{source.name} refused the subscription: {str(message['error'])[:300]}"
                raise RpcRefused(words, source.name)
            if message.get("id") in (_PROGRAM, _SLOTS):
                numbers[_number(source, message.get("result"))] = message["id"]
            else:
                early.append(message)
        self.live, self.trouble = True, None
        source.health.succeeded()
        self._tell_gap(f"the connection to {source.name} is new")
        for message in early:
            self._take(source, numbers, message)
        return numbers

    async def _next(self, source: _Source, socket: ClientConnection) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._pace.silence):
                text = await socket.recv()
        except TimeoutError:
            words = f"{source.name} said nothing for {self._pace.silence:g} s"
            raise EndpointTimeout(words, source.name) from None
        try:
            message = json.loads(text)
        except ValueError:
            raise _malformed(source) from None
        if not isinstance(message, dict):
            raise _malformed(source)
        self.heard_at = datetime.now(UTC)
        return cast("dict[str, Any]", message)

    def _take(self, source: _Source, numbers: dict[int, int], message: dict[str, Any]) -> None:
        try:
            params = message["params"]
            kind, result = numbers[params["subscription"]], params["result"]
            if kind == _SLOTS:
                self.slot = Slot(max(self.slot, int(result["slot"])))
                return
            account = keyed_account(result["value"], result["context"]["slot"])
        except (KeyError, TypeError, ValueError):
            raise _malformed(source) from None
        self._keep(account)

    def _keep(self, account: ChainAccount) -> None:
        known = self._waiting.get(account.key)
        if known is None or known.slot <= account.slot:
            self._waiting[account.key] = account
        if len(self._waiting) > self._most:
            self._waiting.clear()
            self._tell_gap(f"more than {self._most} changed accounts waited to be taken")
        self._news.set()

    def _tell_gap(self, why: str) -> None:
        self._gap = why
        self._news.set()


def _number(source: _Source, result: object) -> int:
    if not isinstance(result, int):
        raise _malformed(source)
    return result


def _malformed(source: _Source) -> MalformedAnswer:
    return MalformedAnswer(f"{source.name} sent what is no notification: is it a Solana node's?", source.name)


def _refused(name: str, error: WebSocketException) -> RpcError:
    if not isinstance(error, InvalidStatus):
        return EndpointFailed(f"{name} does not speak WebSocket as it should ({type(error).__name__})", name)
    status = error.response.status_code
    if status == _TOO_MANY_REQUESTS:
        return RateLimited(f"{name} refuses connections for now, there were too many", name)
    return EndpointFailed(f"{name} answered the WebSocket handshake with HTTP {status}", name)
