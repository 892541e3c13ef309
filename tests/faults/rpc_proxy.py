"""A JSON-RPC proxy before the localnet that loses, delays, repeats and lies, as it is told to."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from solders.transaction import VersionedTransaction

from tests.faults.plan import Kind

Sending = Callable[[str], Awaitable[bool]]
"""Told a signature before the node has it, returns whether the node may have it."""
Sent = Callable[[str], Awaitable[None]]
"""Told a signature once the node has it, before the sender has the answer."""


@dataclass
class RpcProxy:
    """One endpoint. `faulty` says what it does wrong, and until when (monotonic)."""

    target: str
    sending: Sending
    sent: Sent
    faulty: dict[Kind, float] = field(default_factory=dict[Kind, float])
    dropped: set[str] = field(default_factory=set[str])
    port: int = 0

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(timeout=30, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def go_wrong(self, kind: Kind, seconds: float) -> None:
        """Do so for so long."""
        self.faulty[kind] = time.monotonic() + seconds

    def _does(self, kind: Kind) -> bool:
        return self.faulty.get(kind, 0.0) > time.monotonic()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = next((line.partition(":")[2] for line in head.split("\r\n") if "content-length" in line), "0")
                body = await reader.readexactly(int(length))
                answer = await self._answer(body)
                if answer is None:
                    break
                lead = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n"
                writer.write(lead.encode() + answer)
                await writer.drain()
        writer.close()

    async def _answer(self, body: bytes) -> bytes | None:
        """What the node says, or would never say; None ends the connection."""
        if self._does(Kind.RPC_REFUSE):
            return None
        if self._does(Kind.RPC_DELAY):
            await asyncio.sleep(1.5)
        request: dict[str, Any] = json.loads(body)
        match request.get("method"):
            case "sendTransaction":
                return await self._send(request, body)
            case "getSignatureStatuses":
                return await self._statuses(request, body)
            case _:
                return await self._ask(body)

    async def _send(self, request: dict[str, Any], body: bytes) -> bytes | None:
        wire = base64.b64decode(request["params"][0])
        signature = str(VersionedTransaction.from_bytes(wire).signatures[0])
        if not await self.sending(signature):
            return None
        if self._does(Kind.RPC_DROP) or self._does(Kind.RPC_SAYS_LANDED):
            self.dropped.add(signature)
            return _result(request, signature)
        answer = await self._ask(body)
        if self._does(Kind.RPC_TWICE):
            answer = await self._ask(body)
        await self.sent(signature)
        return answer

    async def _statuses(self, request: dict[str, Any], body: bytes) -> bytes | None:
        answer = await self._ask(body)
        if answer is None or not (self._does(Kind.RPC_SAYS_LANDED) or self._does(Kind.RPC_SAYS_NOTHING)):
            return answer
        told = json.loads(answer)
        if self._does(Kind.RPC_SAYS_NOTHING):
            told["result"]["value"] = [None] * len(request["params"][0])
        else:
            lie = {"slot": told["result"]["context"]["slot"], "confirmations": None, "err": None}
            lie |= {"status": {"Ok": None}, "confirmationStatus": "finalized"}
            value = zip(request["params"][0], told["result"]["value"], strict=True)
            told["result"]["value"] = [lie if signature in self.dropped else status for signature, status in value]
        return json.dumps(told).encode()

    async def _ask(self, body: bytes) -> bytes | None:
        try:
            answer = await self._client.post(self.target, content=body, headers={"content-type": "application/json"})
        except httpx.HTTPError:
            return None
        return answer.content


def _result(request: dict[str, Any], result: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode()
