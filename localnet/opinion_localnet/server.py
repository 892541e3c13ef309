"""The two ports: HTTP for calls, WebSocket on the next one for subscriptions."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable

from aiohttp import WSCloseCode, web

from opinion_localnet.chain import Chain
from opinion_localnet.node import Node
from opinion_localnet.ports import BACKLOG, Binding, Ports
from opinion_localnet.pubsub.connection import Connection
from opinion_localnet.pubsub.hub import Hub
from opinion_localnet.rpc.dispatch import Dispatcher, all_methods

_MAX_WS_MESSAGE_BYTES = 512 * 1024
_JSON = "application/json"
# Browsers may call from any page, as they may call a real node.
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, solana-client",
    "Access-Control-Max-Age": "86400",
}


class RpcEndpoint:
    """The HTTP port."""

    def __init__(self, dispatcher: Dispatcher, max_body_bytes: int) -> None:
        self._dispatcher = dispatcher
        self._max_body_bytes = max_body_bytes

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one HTTP request."""
        if request.method == "OPTIONS":
            return web.Response(headers=_CORS)
        if request.method == "GET" and request.path == "/health":
            return web.Response(text="ok", headers=_CORS)
        if request.method != "POST":
            return _refuse(405, "Used HTTP Method is not allowed. POST or OPTIONS is required\n")
        if request.content_type != _JSON:
            reason = f"Supplied content type is not allowed. Content-Type: {_JSON} is required\n"
            return _refuse(415, reason)
        body = await self._body(request)
        if body is None:
            return _refuse(413, "request body size exceeds allowed maximum")
        answer = await self._dispatcher.answer(body)
        return web.Response(body=answer, content_type=_JSON, charset="utf-8", headers=_CORS)

    async def _body(self, request: web.BaseRequest) -> bytes | None:
        """The body, or None as soon as it is known to be too long."""
        if (request.content_length or 0) > self._max_body_bytes:
            return None
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > self._max_body_bytes:
                return None
        return bytes(body)


def _refuse(status: int, text: str) -> web.Response:
    response = web.Response(status=status, text=text, headers=_CORS)
    response.force_close()
    return response


class PubSubEndpoint:
    """The WebSocket port."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: set[web.WebSocketResponse] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one connection until it ends."""
        socket = web.WebSocketResponse(
            max_msg_size=_MAX_WS_MESSAGE_BYTES, compress=False, heartbeat=30.0, writer_limit=64 * 1024
        )
        if not socket.can_prepare(request).ok:
            return web.Response(status=400, text="This port takes WebSocket connections only.\n")
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await Connection(self._hub, socket, request.transport).serve()
        finally:
            self._open.discard(socket)
        return socket

    async def close(self) -> None:
        """Say goodbye to every client."""
        for client in set(self._open):
            await client.close(code=WSCloseCode.GOING_AWAY)


# Collect the young often and the old almost never.
_GC_THRESHOLDS = (10_000, 10, 1_000)
_SWITCH_INTERVAL_S = 0.0002


def avoid_long_pauses() -> None:
    """Keep the garbage collector from stopping every client at once, and a busy loop from starving readers.

    A full collection walks over all that recent slots hold: 100 ms with 10,000 transactions in them, and
    fetching as many accounts sets one off. What is held is let go by counting references; cycles are few.
    """
    # A query gives the interpreter up at every row and waits for it again, by default up to 5 ms each time that the
    # event loop is busy: that made reads of the history ten times slower than all others under load.
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


async def serve(chain: Chain, binding: Binding, ports: Ports, slot_seconds: float) -> None:
    """Run the node on `ports` until SIGINT or SIGTERM; raises LocalnetError."""
    node = Node(chain, slot_seconds)
    avoid_long_pauses()
    try:
        hub = Hub(node)
        node.add_listener(hub)
        async with _listening(node, hub, binding.max_body_bytes, ports):
            print(f"JSON-RPC  http://{binding.address}:{binding.rpc_port}", flush=True)
            print(f"WebSocket ws://{binding.address}:{binding.ws_port}", flush=True)
            await _run_until_signal(node)
    finally:
        node.close()


async def _run_until_signal(node: Node) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    running = asyncio.create_task(node.run())
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if running in done:
        stopping.cancel()
        await running
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@contextlib.asynccontextmanager
async def _listening(node: Node, hub: Hub, max_body_bytes: int, ports: Ports) -> AsyncGenerator[None]:
    rpc = RpcEndpoint(Dispatcher(node, all_methods()), max_body_bytes)
    pubsub = PubSubEndpoint(hub)
    runners = [
        await _listen(_server(rpc.handle), ports.rpc),
        await _listen(_server(pubsub.handle), ports.ws),
    ]
    try:
        yield
    finally:
        await pubsub.close()
        for runner in runners:
            await runner.cleanup()


def _server(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> web.Server:
    # What is left of a refused body is read for a second, so that the client sees why, and no longer.
    return web.Server(handler, access_log=None, lingering_time=1.0)


async def _listen(server: web.Server, taken: socket.socket) -> web.ServerRunner:
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.SockSite(runner, taken, backlog=BACKLOG, shutdown_timeout=1.0).start()
    return runner
