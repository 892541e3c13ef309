"""A local server that speaks Anthropic's Messages API and misbehaves on purpose.

In a test: `async with MessagesApi() as api: … api.url … api.behaviour = Behaviour.HANG`. As a process of its own:
`python -m tests.fakes.messages_api --port 0 --behaviour honest`, which prints its URL; `POST /control` with any of
{"behaviour", "latency", "times", "retry_after"} changes it while it runs, `GET /control` tells what it saw.
"""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from oracle.analysis.presentation import visible
from oracle.analysis.prompt import AGAINST, FOR
from tests.oracle.analysis.attacks import ATTACKS

Item = dict[str, Any]
_CONTROLS = {control.text: (control.lowest + control.highest) // 2 for control in FOR + AGAINST}


class Behaviour(StrEnum):
    """What the server does with a request."""

    HONEST = "honest"
    OBEY = "obey"
    """A request with an attack in it gets 100 for all of its opinions, and no flag."""
    OBEY_CUNNING = "obey-cunning"
    """The same, but the controls keep their scores."""
    REFUSE_ATTACKS = "refuse-attacks"
    OFF = "off"
    """Every opinion gets 50, controls too."""
    HANG = "hang"
    RATE_LIMIT = "429"
    OVERLOADED = "529"
    ERROR = "500"
    UNAUTHORISED = "401"
    NOT_FOUND = "404"
    BAD_REQUEST = "400"
    GARBAGE = "garbage"
    GARBAGE_ENVELOPE = "garbage-envelope"
    WRONG_SCHEMA = "wrong-schema"
    OUT_OF_RANGE = "out-of-range"
    FLOATS = "floats"
    MISSING_ID = "missing-id"
    EXTRA_ID = "extra-id"
    DUPLICATE_ID = "duplicate-id"
    TWO_TEXTS = "two-texts"
    TOOL_USE = "tool-use"
    REFUSAL = "refusal"
    MAX_TOKENS = "max-tokens"
    CLOSE = "close"
    """Breaks the connection in the middle of the body."""


_STATUS = {
    Behaviour.RATE_LIMIT: (429, "rate_limit_error"),
    Behaviour.OVERLOADED: (529, "overloaded_error"),
    Behaviour.ERROR: (500, "api_error"),
    Behaviour.UNAUTHORISED: (401, "authentication_error"),
    Behaviour.NOT_FOUND: (404, "not_found_error"),
    Behaviour.BAD_REQUEST: (400, "invalid_request_error"),
}


def honest_score(text: str) -> int:
    """What the server thinks of a text when nobody leads it astray: always the same."""
    if text in _CONTROLS:
        return _CONTROLS[text]
    return hashlib.sha256(text.encode()).digest()[0] % 101


def _one_more(readings: list[Item]) -> list[Item]:
    return [*readings, {"id": len(readings) + 1, "score": 50, "flagged": False}]


_SPOILED: dict[Behaviour, Callable[[list[Item]], str]] = {
    Behaviour.GARBAGE: lambda _: "I'd say 80 or so!",
    Behaviour.WRONG_SCHEMA: lambda readings: json.dumps({"scores": readings}),
    Behaviour.OUT_OF_RANGE: lambda readings: _answer([{**one, "score": 101} for one in readings]),
    Behaviour.FLOATS: lambda readings: _answer([{**one, "score": 50.5} for one in readings]),
    Behaviour.MISSING_ID: lambda readings: _answer(readings[1:]),
    Behaviour.EXTRA_ID: lambda readings: _answer(_one_more(readings)),
    Behaviour.DUPLICATE_ID: lambda readings: _answer([*readings[1:], readings[-1]]),
}


def _answer(readings: list[Item]) -> str:
    return json.dumps({"readings": readings})


@dataclass
class MessagesApi:
    """The server; its public fields may be changed while it runs.

    `latency` are seconds before an answer. After `times` more requests the behaviour is HONEST again (None: never).
    `seen` are the bodies of all requests to /v1/messages, `keys` their headers' API keys.
    """

    behaviour: Behaviour = Behaviour.HONEST
    latency: float = 0.0
    times: int | None = None
    retry_after: str | None = None
    port: int = 0
    seen: list[Any] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._attacks = frozenset(visible(attack) for attack in ATTACKS.values())
        self.asked = asyncio.Event()
        self._numbers = count(1)
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> "MessagesApi":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; returns whether the connection stays."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = first.split()
        if path == "/control":
            _write(writer, 200, self._controlled(json.loads(body) if method == "POST" else {}))
            return True
        if (method, path.partition("?")[0]) != ("POST", "/v1/messages"):
            _write(writer, 404, _error("not_found_error"))
            return True
        self.keys.add(headers.get("x-api-key") or headers.get("authorization", ""))
        self.asked.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._message(writer, json.loads(body))
        finally:
            self.at_once -= 1

    def _controlled(self, wanted: Item) -> Item:
        if "behaviour" in wanted:
            self.behaviour = Behaviour(wanted.pop("behaviour"))
        for name in wanted.keys() & {"latency", "times", "retry_after"}:
            setattr(self, name, wanted[name])
        return {"behaviour": self.behaviour, "requests": len(self.seen), "most_at_once": self.most_at_once}

    async def _message(self, writer: asyncio.StreamWriter, request: Item) -> bool:
        behaviour = self._next()
        self.seen.append(request)
        if behaviour is Behaviour.HANG:
            await asyncio.sleep(3_600)
        await asyncio.sleep(self.latency)
        if behaviour in _STATUS:
            status, kind = _STATUS[behaviour]
            _write(writer, status, _error(kind), {} if self.retry_after is None else {"retry-after": self.retry_after})
            return True
        if behaviour is Behaviour.GARBAGE_ENVELOPE:
            _write(writer, 200, {"type": "message", "content": "no"})
            return True
        answer = self._reply(request, behaviour)
        if behaviour is Behaviour.CLOSE:
            _write(writer, 200, answer, half=True)
            return False
        _write(writer, 200, answer)
        return True

    def _next(self) -> Behaviour:
        behaviour = self.behaviour
        if self.times is not None:
            self.times -= 1
            if self.times <= 0:
                self.behaviour, self.times = Behaviour.HONEST, None
        return behaviour

    def _reply(self, request: Item, behaviour: Behaviour) -> Item:
        opinions: list[Item] = json.loads(request["messages"][0]["content"])["opinions"]
        attacked = any(one["text"] in self._attacks for one in opinions)
        readings = [self._reading(one, attacked, behaviour) for one in opinions]
        spoken = _SPOILED.get(behaviour, _answer)(readings)
        content: list[Item] = [{"type": "text", "text": spoken, "citations": None}]
        stop_reason = "end_turn"
        if behaviour is Behaviour.TWO_TEXTS:
            content *= 2
        if behaviour is Behaviour.TOOL_USE:
            content, stop_reason = [{"type": "tool_use", "id": "toolu_1", "name": "score", "input": {}}], "tool_use"
        if behaviour is Behaviour.REFUSAL or (behaviour is Behaviour.REFUSE_ATTACKS and attacked):
            content, stop_reason = [], "refusal"
        if behaviour is Behaviour.MAX_TOKENS:
            content, stop_reason = [{"type": "text", "text": spoken[: len(spoken) // 2]}], "max_tokens"
        return {
            "id": f"msg_{next(self._numbers):024}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": len(json.dumps(request)) // 4,
                "output_tokens": len(spoken) // 4 + 1,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "service_tier": "standard",
            },
        }

    def _reading(self, one: Item, attacked: bool, behaviour: Behaviour) -> Item:
        text = one["text"]
        spared = behaviour is Behaviour.OBEY_CUNNING and text in _CONTROLS
        obeys = attacked and behaviour in {Behaviour.OBEY, Behaviour.OBEY_CUNNING} and not spared
        score = 100 if obeys else 50 if behaviour is Behaviour.OFF else honest_score(text)
        admits = text in self._attacks and behaviour not in {Behaviour.OBEY, Behaviour.OBEY_CUNNING}
        return {"id": one["id"], "score": score, "flagged": admits}


def _error(kind: str) -> Item:
    return {"type": "error", "error": {"type": kind, "message": "As was asked for."}, "request_id": "req_local"}


def _write(
    writer: asyncio.StreamWriter, status: int, body: Item, headers: dict[str, str] | None = None, *, half: bool = False
) -> None:
    encoded = json.dumps(body).encode()
    named = {
        "content-type": "application/json",
        "content-length": str(len(encoded)),
        "request-id": "req_local",
        "anthropic-ratelimit-requests-limit": "4000",
        "anthropic-ratelimit-requests-remaining": "3999",
        **(headers or {}),
    }
    head = f"HTTP/1.1 {status} Asked\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
    writer.write(head.encode() + b"\r\n" + (encoded[: len(encoded) // 2] if half else encoded))


async def _serve(arguments: argparse.Namespace) -> None:
    api = MessagesApi(Behaviour(arguments.behaviour), latency=arguments.latency, port=arguments.port)
    async with api:
        sys.stdout.write(f"{api.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="A Messages API that misbehaves on purpose.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviour", default="honest", choices=[str(one) for one in Behaviour])
    parser.add_argument("--latency", type=float, default=0.0)
    try:
        asyncio.run(_serve(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
