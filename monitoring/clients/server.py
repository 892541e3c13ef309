"""One server that is asked over HTTP: everything it says within a time and a size, and nothing secret in its name."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast

import httpx

from chain.tls import trust
from monitoring.clients.errors import MonitoringError

T = TypeVar("T")
MOST_BYTES: Final = 8 * 2**20
"""About eight thousand alerts; reading more would hold the console up for longer than a key may wait."""
_MOST_WORDS: Final = 200
# An encoded answer could grow to a thousand times its size before anybody counts it.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "opinion"}


@dataclass(frozen=True, slots=True)
class Reach:
    """One server: `why` it did not answer, None when it did."""

    server: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Merged(Generic[T]):
    """What several servers said, as one; `value` is of those that answered."""

    value: T
    reach: tuple[Reach, ...]

    @property
    def answered(self) -> bool:
        """Whether any of them did."""
        return any(one.why is None for one in self.reach)


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """What each server said, by its name, in the order of the settings."""

    values: Mapping[str, T]
    reach: tuple[Reach, ...]


class Server:
    """Asks one base address. `name` is its host and port, for people."""

    def __init__(self, client: httpx.AsyncClient, url: str, name: str, timeout_s: float) -> None:
        parsed = httpx.URL(url)
        self.name = name
        self._client = client
        self._timeout_s = timeout_s
        self._auth = httpx.BasicAuth(parsed.username, parsed.password) if parsed.userinfo else None
        self._base = parsed.copy_with(userinfo=b"", path=parsed.path.rstrip("/") + "/", query=None, fragment=None)

    def __repr__(self) -> str:
        return f"Server({self.name})"

    async def ask(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: object = None
    ) -> object:
        """Return the JSON of the answer, None for an empty one. Raises MonitoringError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                status, data = await self._exchange(method, path, params, body)
        except (TimeoutError, httpx.TimeoutException):
            raise MonitoringError(f"did not answer within {self._timeout_s:g} s") from None
        except httpx.ConnectError:
            raise MonitoringError("cannot be reached") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its message may quote the address.
            raise MonitoringError(f"broke off its answer ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise _refusal(status, data)
        if not data:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise MonitoringError("answers with no JSON: is the address right?") from None

    async def _exchange(
        self, method: str, path: str, params: Mapping[str, str] | None, body: object
    ) -> tuple[int, bytes]:
        request = self._client.build_request(method, self._base.join(path), params=params, headers=_HEADERS, json=body)
        if self._auth is not None:
            request = next(self._auth.auth_flow(request))
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            data = bytearray()
            async for chunk in response.aiter_raw(chunk_size=65_536):
                data += chunk
                if len(data) > MOST_BYTES:
                    raise MonitoringError(f"answers with more than {MOST_BYTES // 2**20} MiB")
        finally:
            await response.aclose()
        return response.status_code, bytes(data)


class Servers:
    """Several servers of one kind over one set of connections; opened by `async with`."""

    def __init__(self, urls: Sequence[str], timeout_s: float) -> None:
        """`urls` are http(s) addresses with a host, a user and a password in them where they want one."""
        self._urls = tuple(urls)
        self._timeout_s = timeout_s
        self._stack = AsyncExitStack()
        self.servers: tuple[Server, ...] = ()

    async def __aenter__(self) -> Self:
        client = await self._stack.enter_async_context(httpx.AsyncClient(timeout=self._timeout_s, verify=trust()))
        named = zip(self._urls, names(self._urls), strict=True)
        self.servers = tuple(Server(client, url, name, self._timeout_s) for url, name in named)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def ask_all(self, ask: Callable[[Server], Awaitable[T]]) -> Answers[T]:
        """Ask every server at the same time; none fails the others, nor does any raise."""
        told = await asyncio.gather(*(_told(server, ask) for server in self.servers))
        values = {
            server.name: value for server, (value, reach) in zip(self.servers, told, strict=True) if not reach.why
        }
        return Answers(cast("Mapping[str, T]", values), tuple(reach for _, reach in told))


async def _told(server: Server, ask: Callable[[Server], Awaitable[T]]) -> tuple[T | None, Reach]:
    try:
        return await ask(server), Reach(server.name)
    except MonitoringError as error:
        return None, Reach(server.name, str(error))


def names(urls: Sequence[str]) -> tuple[str, ...]:
    """Return what each address is called: host and port, with a number where two have the same."""
    hosts = [httpx.URL(url).netloc.decode() for url in urls]
    before = [hosts[:place].count(host) for place, host in enumerate(hosts)]
    return tuple(f"{host}#{count + 1}" if count else host for host, count in zip(hosts, before, strict=True))


def _refusal(status: int, data: bytes) -> MonitoringError:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return MonitoringError(f"does not let us in (HTTP {status}): check user and password")
    words = _words(data)
    return MonitoringError(f"refuses (HTTP {status}){f': {words}' if words else ''}")


def _words(data: bytes) -> str:
    """What a refusal says of itself: Prometheus' `error`, Alertmanager's `message`, or a text."""
    try:
        told: object = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    if isinstance(told, dict):
        table = cast("dict[str, object]", told)
        told = table.get("error", table.get("message"))
    if not isinstance(told, str):
        return ""
    shown = "".join(letter if letter.isprintable() else " " for letter in told)
    return shown.strip()[:_MOST_WORDS].rstrip(".")
