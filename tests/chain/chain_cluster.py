# ruff: noqa: N802 - handlers are named after the methods they answer.
"""A cluster behind real HTTP that misbehaves on purpose.

`Cluster` is the truth: blocks pass by the clock, transactions land once, blockhashes expire. A `Node` answers
JSON-RPC for it on a port of its own and does to each call what its `Misdeeds` say.
"""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from solders.hash import Hash
from solders.transaction import VersionedTransaction

BLOCK_SECONDS = 0.01
FINALITY = 5
LIE = {"InstructionError": [2, {"Custom": 6047}]}
GENESIS = str(Hash(bytes([1]) * 32))

LIES = (
    "honest",
    "swallow",
    "knows nothing",
    "lies confirmed",
    "lies failed",
    "never final",
    "lags",
    "understates",
    "overstates",
)
"""What a node may answer, well-formed."""

Misdeeds = Callable[[str], str]
"""From a method to what happens to this call of it: `honest`, or one of `Node._commit`'s."""


def honest(_: str) -> str:
    """Does what it should."""
    return "honest"


@dataclass
class Cluster:
    """What really happened. `life` is how many blocks a blockhash lives.

    Nodes forget a landed transaction's status after `memory` blocks, but for those who search the history.
    """

    life: int = 10_000
    memory: int = 1000
    landed: dict[str, tuple[int, Any]] = field(default_factory=dict)
    payloads: dict[str, list[str]] = field(default_factory=dict)
    blockhashes: dict[str, int] = field(default_factory=dict)
    received: list[bytes] = field(default_factory=list)
    error: Any = None
    logs: list[str] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)

    @property
    def height(self) -> int:
        return 1000 + int((time.monotonic() - self._start) / BLOCK_SECONDS)

    def blockhash(self) -> tuple[str, int]:
        """A new blockhash and the last height at which it may land."""
        value = str(Hash(len(self.blockhashes).to_bytes(32, "big")))
        self.blockhashes[value] = self.height + self.life
        return value, self.blockhashes[value]

    def land(self, wire: bytes) -> str:
        """Takes a transaction as a leader would: once, and not after its blockhash expired."""
        self.received.append(wire)
        transaction = VersionedTransaction.from_bytes(wire)
        signature = str(transaction.signatures[0])
        alive = self.blockhashes.get(str(transaction.message.recent_blockhash), 0) >= self.height
        if alive and signature not in self.landed:
            self.landed[signature] = (self.height, self.error)
            payload = transaction.message.instructions[-1].data.hex()
            self.payloads.setdefault(payload, []).append(signature)
        return signature


class Node:
    """One endpoint. Its misdeeds may be replaced while it runs."""

    def __init__(self, cluster: Cluster, misdeeds: Misdeeds = honest, genesis: str = GENESIS) -> None:
        self.cluster = cluster
        self.misdeeds = misdeeds
        self.genesis = genesis
        self.calls: list[str] = []
        self.late: set[asyncio.Task[None]] = set()
        self.open: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        self.open.add(writer)
        try:
            while line := await reader.readline():
                assert line.startswith(b"POST")
                headers = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(headers.split("content-length: ")[1].split("\r\n")[0])
                request = json.loads(await reader.readexactly(length))
                self.calls.append(request["method"])
                if not await self._commit(self.misdeeds(request["method"]), request, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def _commit(self, misdeed: str, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Answers, or fails to; False ends the connection."""
        match misdeed:
            case "accept and drop":
                self._answer(request)
                return False
            case "drop":
                return False
            case "accept and delay":
                self._answer(request)
                await asyncio.sleep(0.4)
                return False
            case "accept late":
                self.late.add(asyncio.create_task(self._later(request)))
                return False
            case "accept and 500":
                self._answer(request)
                await self._write(writer, 500, "oops")
            case "500":
                await self._write(writer, 500, "oops")
            case "429":
                await self._write(writer, 429, "slow down", "Retry-After: 0.05\r\n")
            case "garbage":
                await self._write(writer, 200, "<html>nope</html>")
            case "wrong shape":
                await self._write(writer, 200, json.dumps({"jsonrpc": "2.0", "id": 0, "result": {"value": {"a": 1}}}))
            case "null":
                await self._write(writer, 200, "null")
            case "behind":
                error = {"code": -32005, "message": "Node is behind by 42 slots", "data": {"numSlotsBehind": 42}}
                await self._write(writer, 200, json.dumps({"jsonrpc": "2.0", "id": 0, "error": error}))
            case "twice":
                text = json.dumps(self._answer(request))
                await self._write(writer, 200, text)
                await self._write(writer, 200, text)
                return False
            case "accept and garbage":
                self._answer(request)
                await self._write(writer, 200, "{")
            case _ if misdeed in LIES:
                await self._write(writer, 200, json.dumps(self._answer(request, misdeed)))
            case _:
                raise AssertionError(misdeed)
        return True

    async def _later(self, request: Mapping[str, Any]) -> None:
        await asyncio.sleep(0.1)
        self._answer(request)

    def _answer(self, request: Mapping[str, Any], misdeed: str = "honest") -> dict[str, Any]:
        method, params = request["method"], request.get("params") or []
        handler = getattr(self, f"_{method}", None)
        if handler is None:
            error = {"code": -32601, "message": "Method not found"}
            return {"jsonrpc": "2.0", "id": request["id"], "error": error}
        return {"jsonrpc": "2.0", "id": request["id"], "result": handler(params, misdeed)}

    def _context(self, value: Any) -> dict[str, Any]:
        return {"context": {"slot": self.cluster.height}, "value": value}

    def _getGenesisHash(self, _: list[Any], __: str) -> Any:
        return self.genesis

    def _getSlot(self, _: list[Any], __: str) -> Any:
        return self.cluster.height

    def _getBlockHeight(self, params: list[Any], misdeed: str) -> Any:
        if params and params[0].get("commitment") == "finalized":
            return self.cluster.height - FINALITY - (1000 if misdeed == "lags" else 0)
        return self.cluster.height + {"lags": -1000, "understates": -1000, "overstates": 2**62}.get(misdeed, 0)

    def _getLatestBlockhash(self, _: list[Any], misdeed: str) -> Any:
        value, last = self.cluster.blockhash()
        last += {"understates": -1000, "overstates": 2**62}.get(misdeed, 0)
        return self._context({"blockhash": value, "lastValidBlockHeight": last})

    def _getRecentPrioritizationFees(self, _: list[Any], __: str) -> Any:
        return [{"slot": 1, "prioritizationFee": fee} for fee in (0, 100, 10**9)]

    def _simulateTransaction(self, _: list[Any], __: str) -> Any:
        error = None if self.cluster.logs == [] else self.cluster.error
        return self._context(
            {"err": error, "logs": self.cluster.logs, "accounts": None, "unitsConsumed": 1500, "returnData": None}
        )

    def _sendTransaction(self, params: list[Any], misdeed: str) -> Any:
        wire = b64decode(params[0])
        if misdeed == "swallow":
            return str(VersionedTransaction.from_bytes(wire).signatures[0])
        return self.cluster.land(wire)

    def _getSignatureStatuses(self, params: list[Any], misdeed: str) -> Any:
        search = len(params) > 1 and params[1].get("searchTransactionHistory", False)
        return self._context([self._status(signature, misdeed, search) for signature in params[0]])

    def _status(self, signature: str, misdeed: str, search: bool) -> Any:
        landed = self.cluster.landed.get(signature)
        if landed and not search and self.cluster.height - landed[0] > self.cluster.memory:
            landed = None
        if misdeed == "lies confirmed":
            landed = landed or (self.cluster.height - 1, None)
        if misdeed == "lies failed":
            landed = (0, LIE)
        if landed is None or misdeed == "knows nothing":
            return None
        slot, error = landed
        final = misdeed != "never final" and self.cluster.height - slot > FINALITY
        return {
            "slot": slot,
            "confirmations": None if final else 1,
            "err": error,
            "status": {"Ok": None} if error is None else {"Err": error},
            "confirmationStatus": "finalized" if final else "confirmed",
        }

    def _getTransaction(self, params: list[Any], _: str) -> Any:
        wire = next(
            w for w in self.cluster.received if str(VersionedTransaction.from_bytes(w).signatures[0]) == params[0]
        )
        slot, error = self.cluster.landed[params[0]]
        meta = {
            "err": error,
            "status": {"Ok": None} if error is None else {"Err": error},
            "fee": 5000,
            "preBalances": [],
            "postBalances": [],
            "innerInstructions": [],
            "logMessages": self.cluster.logs,
            "preTokenBalances": [],
            "postTokenBalances": [],
            "rewards": [],
            "loadedAddresses": {"writable": [], "readonly": []},
            "computeUnitsConsumed": 1500,
        }
        return {
            "slot": slot,
            "transaction": [b64encode(wire).decode(), "base64"],
            "meta": meta,
            "version": 0,
            "blockTime": 1,
        }

    async def _write(self, writer: asyncio.StreamWriter, status: int, text: str, headers: str = "") -> None:
        body = text.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()


@asynccontextmanager
async def serving(*nodes: Node) -> Any:
    """The nodes on free ports; `url` is set while they run."""
    servers = [await asyncio.start_server(node.serve, "127.0.0.1", 0) for node in nodes]
    for node, server in zip(nodes, servers, strict=True):
        node.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield nodes
    finally:
        for node, server in zip(nodes, servers, strict=True):
            server.close()
            await asyncio.gather(*node.late)
            for writer in node.open:
                writer.close()
        async with asyncio.timeout(5):
            while any(node.open for node in nodes):  # noqa: ASYNC110 - connections end by themselves
                await asyncio.sleep(0.001)
