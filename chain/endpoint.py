"""One RPC endpoint: its clients, its name without secrets, its health, and which cluster it serves."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import httpx
from solana.rpc.async_api import AsyncClient
from solana.rpc.providers.async_http import AsyncHTTPProvider
from solders.rpc.requests import Body
from solders.rpc.responses import RPCResult

from chain.errors import InvalidValue, RpcRefused, WrongCluster
from chain.health import Health
from chain.tls import trust
from chain.translation import ask

R = TypeVar("R")
T = TypeVar("T")


def check_address(url: str) -> None:
    """Raises InvalidValue for what is no http(s) address with a host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidValue("an RPC address must begin with http:// or https:// and name a host: check the setting")


def shown(url: str) -> str:
    """The address as messages may show it: without path, query and user, where providers put keys."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


class _RawRequest:
    """A method that solana-py does not know; its provider asks for nothing but `to_json`."""

    def __init__(self, method: str, params: list[Any]) -> None:
        self._json = json.dumps({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})

    def to_json(self) -> str:
        return self._json


class _Provider(AsyncHTTPProvider):
    """solana-py's, but for the certificates, which its own reads anew for each client."""

    def __init__(self, url: str, timeout: float) -> None:
        super(AsyncHTTPProvider, self).__init__(url)
        self.session = httpx.AsyncClient(timeout=timeout, verify=trust())


class _Client(AsyncClient):
    """solana-py's, over a provider that is there already."""

    def __init__(self, provider: _Provider) -> None:
        super(AsyncClient, self).__init__()
        self._provider = provider


class Endpoint:
    """Asks one URL. `name` is the address as `shown`."""

    def __init__(self, url: str, timeout: float, health: Health) -> None:
        check_address(url)
        self.name = shown(url)
        self.health = health
        self._timeout = timeout
        self._provider = _Provider(url, timeout)
        self._client = _Client(self._provider)
        self._genesis: str | None = None
        self._genesis_lock = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Endpoint({self.name})"

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.close()

    async def genesis_hash(self) -> str:
        """Which cluster this endpoint serves; asked once."""
        async with self._genesis_lock:
            if self._genesis is None:
                self._genesis = await self.ask("getGenesisHash", AsyncClient.get_genesis_hash, lambda a: str(a.value))
        return self._genesis

    async def check_cluster(self, expected: str) -> None:
        """Raises WrongCluster when this endpoint serves another cluster."""
        if (found := await self.genesis_hash()) != expected:
            words = f"{self.name} serves the cluster {found}, not {expected}: check the RPC setting"
            raise WrongCluster(words, self.name)

    async def ask(self, method: str, call: Callable[[AsyncClient], Awaitable[R]], take: Callable[[R], T]) -> T:
        """One call, once. Raises RpcError or TransactionError."""
        return await ask(self.name, method, self._timeout, lambda: call(self._client), take)

    async def ask_raw(self, method: str, params: list[Any], take: Callable[[Any], T]) -> T:
        """One call of a method that solana-py does not know; `take` gets the result's JSON."""
        request = cast("Body", _RawRequest(method, params))
        return await ask(
            self.name,
            method,
            self._timeout,
            lambda: self._provider.make_request_unparsed(request),
            lambda text: take(self._result(method, json.loads(text))),
        )

    async def ask_body(self, method: str, body: Body, parser: type[RPCResult], take: Callable[[Any], T]) -> T:
        """One call with settings that solana-py's client does not offer; `take` gets what `parser` made of it."""
        return await ask(self.name, method, self._timeout, lambda: self._provider.make_request(body, parser), take)

    def _result(self, method: str, answer: Any) -> Any:
        if "error" in answer:
            words = f"{self.name} refused {method}: {str(answer['error'])[:300]}"
            raise RpcRefused(words, self.name, answer["error"]["code"])
        return answer["result"]
