"""One WebSocket connection: requests in, answers and notifications out, and a limit to patience."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

import orjson
from aiohttp import WSMsgType, web

from opinion_localnet.pubsub.hub import Hub
from opinion_localnet.pubsub.requests import SUBSCRIBE, UNSUBSCRIBE
from opinion_localnet.rpc.dispatch import check_request, dump, error_answer, parse
from opinion_localnet.rpc.errors import INVALID_PARAMS, METHOD_NOT_FOUND, PARSE_ERROR, RpcError, subscription_refused
from opinion_localnet.rpc.params import Params, as_uint

_log = logging.getLogger(__name__)
# Behind by more than this, a reader is cut off, so that its backlog cannot grow for ever.
MAX_QUEUED_BYTES = 16 * 1024 * 1024
MAX_QUEUED_MESSAGES = 10_000
# How long a write to a full socket may take.
_WRITE_SECONDS = 20.0
_MAX_SUBSCRIPTIONS = 10_000


class Connection:
    """A client of the subscription port."""

    def __init__(self, hub: Hub, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self._hub = hub
        self._socket = socket
        self._transport = transport
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queued_bytes = 0
        self._subscriptions: set[int] = set()
        self._too_slow = asyncio.Event()

    async def serve(self) -> None:
        """Run until the client leaves, or is too slow."""
        tasks: set[asyncio.Task[object]] = {
            asyncio.create_task(self._read()),
            asyncio.create_task(self._write()),
            asyncio.create_task(self._too_slow.wait()),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                failure = task.exception()
                if failure is not None and not isinstance(failure, (ConnectionError, TimeoutError)):
                    raise failure
        finally:
            for identifier in self._subscriptions:
                self._hub.unsubscribe(identifier)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._drop()

    def _drop(self) -> None:
        # No closing handshake: a client that does not read would not take part in it.
        if self._transport is not None and self._too_slow.is_set():
            self._transport.abort()

    def deliver(self, message: bytes) -> None:
        """Queue a message, or give the client up if it has not read for too long."""
        if self._too_slow.is_set():
            return
        self._queued_bytes += len(message)
        if self._queued_bytes > MAX_QUEUED_BYTES or self._queue.qsize() >= MAX_QUEUED_MESSAGES:
            _log.info("a subscriber fell %d bytes behind and was disconnected", self._queued_bytes)
            self._too_slow.set()
            return
        self._queue.put_nowait(message)

    async def _write(self) -> None:
        while True:
            message = await self._queue.get()
            try:
                async with asyncio.timeout(_WRITE_SECONDS):
                    await self._socket.send_str(message.decode())
            except TimeoutError:
                self._too_slow.set()
                return
            self._queued_bytes -= len(message)

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._answer(cast("str | bytes", message.data))

    def _answer(self, body: str | bytes) -> None:
        try:
            request = parse(body)
            requests = cast("list[object]", request) if isinstance(request, list) else [request]
            for one in requests:
                self._answer_one(one)
        except RpcError as error:
            self.deliver(dump(error_answer(error)))

    def _answer_one(self, request: object) -> None:
        if not isinstance(request, dict):
            raise RpcError(PARSE_ERROR, "Parse error")
        call = cast("dict[str, object]", request)
        identifier = call.get("id")
        try:
            check_request(call)
            name = cast("str", call["method"])
            if "id" not in call:
                return
            started = self._run(name, call.get("params"))
        except RpcError as error:
            self.deliver(dump(error_answer(error, identifier)))
            return
        self.deliver(orjson.dumps({"jsonrpc": "2.0", "result": started, "id": identifier}))
        if name in SUBSCRIBE:
            self._hub.started(cast("int", started))

    def _run(self, name: str, params: object) -> int | bool:
        values = cast("list[object]", params) if isinstance(params, list) else []
        if name in UNSUBSCRIBE:
            return self._unsubscribe(values)
        if name not in SUBSCRIBE:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        reader, required, most = SUBSCRIBE[name]
        if len(values) < required:
            raise RpcError(INVALID_PARAMS, f"`params` should have at least {required} argument(s)")
        if len(values) > most:
            raise RpcError(INVALID_PARAMS, "Invalid parameters: too many")
        if len(self._subscriptions) >= _MAX_SUBSCRIPTIONS:
            # Those of signatures end by themselves.
            self._subscriptions = {number for number in self._subscriptions if self._hub.knows(number)}
        if len(self._subscriptions) >= _MAX_SUBSCRIPTIONS:
            raise subscription_refused()
        identifier = self._hub.subscribe(reader(Params(values)), self.deliver)
        self._subscriptions.add(identifier)
        return identifier

    def _unsubscribe(self, values: list[object]) -> bool:
        identifier = as_uint(values[0] if values else None, "u64")
        if identifier not in self._subscriptions:
            raise RpcError(INVALID_PARAMS, "Invalid subscription id.")
        self._subscriptions.remove(identifier)
        self._hub.unsubscribe(identifier)
        return True
