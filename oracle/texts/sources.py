"""One outside part that may have a block: a trustless gateway or a Kubo node's RPC API.

A source is asked for a digest in our own spelling and believed in nothing: its answer is hashed while it streams, at
most MAX_HASHED_BYTES of it, and no more than MAX_BLOCK_BYTES is ever held. Only its host is shown to people, since an
address may carry a password or a token.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final, Protocol

import httpx

from oracle.texts.limits import MAX_BLOCK_BYTES, MAX_HASHED_BYTES
from store.cid import Cid, Codec

RAW_BLOCK: Final = "application/vnd.ipld.raw"
_MAX_REST_S: Final = 60.0
_LATE_S: Final = 60.0
_OVERLOADED: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "opinion-oracle"}


class Trouble(Enum):
    """What a failed try says of the source: BROKEN ones rest for a while, of the others nothing follows.

    Strangers choose what we ask for, so a text that nobody has, that is slow to find or that a host will not show must
    not count against whoever was asked: else a few such CIDs would silence every source for everyone.
    """

    WITHOUT_IT = "without it"
    BROKEN = "broken"


class SourceFailed(Exception):  # noqa: N818 - named after what happened
    """This source did not give the block; the words say why, without a subject."""

    def __init__(self, words: str, trouble: Trouble = Trouble.WITHOUT_IT, rest_s: float = 0.0) -> None:
        super().__init__(words)
        self.trouble = trouble
        self.rest_s = rest_s


class BlockTooLong(Exception):  # noqa: N818 - named after what happened
    """The very block that was asked for is longer than any text's may be."""


@dataclass
class Health:
    """Whether a source rests, after failures that were its own, or is late; times are of the monotonic clock."""

    failures: int = 0
    rests_until: float = 0.0
    late_until: float = 0.0

    def resting(self) -> bool:
        """Whether it is not to be asked now."""
        return time.monotonic() < self.rests_until

    def late(self) -> bool:
        """Whether it is to be asked after the others."""
        return time.monotonic() < self.late_until

    def succeeded(self) -> None:
        """Forget what was."""
        self.failures = 0
        self.rests_until = self.late_until = 0.0

    def overtaken(self) -> None:
        """Another one gave what this one was asked for first: for a minute, the others go first."""
        self.late_until = time.monotonic() + _LATE_S

    def failed(self, failure: SourceFailed) -> None:
        """Rest twice as long as the last time, or as long as it asked for, up to a minute; jitter parts the workers."""
        # Tries that were under way when it broke say nothing new.
        if failure.trouble is not Trouble.BROKEN or self.resting():
            return
        self.failures += 1
        rest = max(failure.rest_s, 2.0 ** min(self.failures - 1, 6) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        self.rests_until = time.monotonic() + min(rest, _MAX_REST_S)


class Source(Protocol):
    """Where a block may be had."""

    @property
    def name(self) -> str:
        """The host, for people."""
        ...

    @property
    def health(self) -> Health:
        """Whether it rests."""
        ...

    async def block(self, cid: Cid) -> bytes:
        """The block that `cid` names, already verified; raises SourceFailed, BlockTooLong."""
        ...


class Gateway:
    """A trustless gateway: https://specs.ipfs.tech/http-gateways/trustless-gateway/."""

    def __init__(self, client: httpx.AsyncClient, url: str, timeout_s: float) -> None:
        self.health = Health()
        self._address = Address(url)
        self._client = client
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The host, for people."""
        return self._address.host

    async def block(self, cid: Cid) -> bytes:
        """See Source."""
        request = self._address.request(
            self._client, "GET", f"ipfs/{cid}", params={"format": "raw"}, headers={"Accept": RAW_BLOCK}
        )
        async with answer(self._client, request, self._timeout_s) as response:
            if response.status_code != HTTPStatus.OK:
                raise refusal(response)
            return await verified(response, cid)


class Address:
    """A base URL, with what is secret in it kept apart from what is shown."""

    def __init__(self, url: str) -> None:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            parsed = httpx.URL("")
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment:
            raise ValueError("An IPFS address is http://HOST or https://HOST, with a port and a path where it has one.")
        self.host = parsed.netloc.decode()
        self._auth = httpx.BasicAuth(parsed.username, parsed.password) if parsed.userinfo else None
        self._base = parsed.copy_with(userinfo=b"", path=parsed.path.rstrip("/") + "/")

    def request(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        *,
        params: dict[str, str],
        headers: dict[str, str] | None = None,
        file: bytes | None = None,
    ) -> httpx.Request:
        """A request below this address; `path` is ours, never a stranger's."""
        request = client.build_request(
            method,
            self._base.join(path),
            params=params,
            headers=_HEADERS | (headers or {}),
            files=None if file is None else {"file": file},
        )
        if self._auth is not None:
            request = next(self._auth.auth_flow(request))
        return request


@asynccontextmanager
async def answer(client: httpx.AsyncClient, request: httpx.Request, timeout_s: float) -> AsyncGenerator[httpx.Response]:
    """The answer to `request`, unread; all of it, reading included, within `timeout_s`, and no redirect followed.

    Raises SourceFailed for whatever goes wrong on the way.
    """
    try:
        async with asyncio.timeout(timeout_s):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                yield response
            finally:
                await response.aclose()
    except TimeoutError:
        raise SourceFailed(f"did not answer within {timeout_s:g} s") from None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise SourceFailed("cannot be reached", Trouble.BROKEN) from None
    except httpx.TimeoutException:
        raise SourceFailed(f"did not answer within {timeout_s:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its message may quote the address.
        raise SourceFailed(f"broke off its answer ({type(error).__name__})") from None


def refusal(response: httpx.Response) -> SourceFailed:
    """What a status that is not 200 says."""
    status = response.status_code
    if status in _OVERLOADED:
        return SourceFailed(f"is overloaded (HTTP {status})", Trouble.BROKEN, _retry_after(response))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return SourceFailed(f"does not let us in (HTTP {status})")
    if response.is_redirect:
        return SourceFailed(f"sends us elsewhere (HTTP {status}), which is not followed")
    return SourceFailed(f"does not give it (HTTP {status})")


async def verified(response: httpx.Response, cid: Cid) -> bytes:
    """Read the body as it came, no encoding undone, and return it when it is the block; see Source.block."""
    digest = hashlib.sha256()
    held = bytearray()
    length = 0
    async for chunk in response.aiter_raw(chunk_size=65_536):
        digest.update(chunk)
        length += len(chunk)
        if length <= MAX_BLOCK_BYTES:
            held += chunk
        if length > MAX_HASHED_BYTES:
            raise SourceFailed(f"sends more than the {MAX_HASHED_BYTES} bytes that a block may have")
    if digest.digest() != cid.digest:
        # A gateway of the old kind sends a dag-pb file's content instead of its block, and is right in all else.
        trouble = Trouble.BROKEN if cid.codec is Codec.RAW else Trouble.WITHOUT_IT
        raise SourceFailed("sends other bytes than the CID names", trouble)
    if length > MAX_BLOCK_BYTES:
        raise BlockTooLong
    return bytes(held)


def _retry_after(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return min(float(asked), _MAX_REST_S) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0.0
