"""The texts of opinions: read from this host's disk or from IPFS, kept, and pinned."""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import structlog

from chain.tls import trust
from oracle.texts.errors import TextError, TextMismatch, TextUnavailable, TextUnreadable
from oracle.texts.kubo import KuboNode
from oracle.texts.limits import MAX_BLOCK_BYTES, MAX_TEXT_BYTES
from oracle.texts.pinning import PinReport, pin_on
from oracle.texts.race import NoneHasIt, first_block
from oracle.texts.sources import BlockTooLong, Gateway, SourceFailed
from oracle.texts.unixfs import NotOneFile, file_bytes
from store.blocks import BlockDamaged, BlockError, BlockStore
from store.cid import MAX_CID_CHARACTERS, Cid, CidUnreadable, Codec, parse_cid

# How long after a market's deadline the settlement goes on asking for texts that are unavailable.
TEXT_PATIENCE: Final = timedelta(hours=1)

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long, in seconds, and how often at once: one try, the next source when it is slow, all tries for one text."""

    one_try_s: float = 8.0
    hedge_s: float = 1.0
    one_text_s: float = 20.0
    at_once: int = 32


@dataclass(frozen=True)
class Wanted:
    """A text as the chain names it: a stranger's CID, and the 32-byte SHA-256 of the text."""

    cid: str
    text_hash: bytes


class Texts:
    """Reads, keeps and pins texts by the package's rule; an async context manager that closes its connections."""

    def __init__(
        self,
        blocks: BlockStore,
        client: httpx.AsyncClient,
        nodes: Sequence[KuboNode],
        gateways: Sequence[Gateway],
        patience: Patience,
    ) -> None:
        self._blocks = blocks
        self._client = client
        self._nodes = nodes
        self._gateways = gateways
        self._patience = patience
        self._tries = asyncio.Semaphore(patience.at_once)

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._blocks.sweep)
        except BlockError as error:
            # Reading from elsewhere goes on without the disk.
            _log.warning("texts_not_swept", reason=str(error))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def read(self, cid: str, text_hash: bytes) -> str:
        """Return the text that `cid` names and whose SHA-256 is `text_hash`, 32 bytes.

        Raises TextUnavailable (it may be had later), TextMismatch or TextUnreadable (never).
        """
        wanted = Wanted(cid, text_hash)
        named = _matching(wanted)
        return _text(wanted, named, await self._block(named))

    async def read_many(
        self, wanted: Sequence[Wanted], within: timedelta = timedelta(minutes=1)
    ) -> list[str | TextError]:
        """Return, in the order of `wanted`, each text or the error that `read` raises for it.

        Equal ones are read once. What has not come `within` that time is TextUnavailable; what has come is on this
        host's disk, so that asking again goes on from there. Texts that nobody has cannot hold up the others for ever:
        what is on the disk is read first, and the rest is asked for in another order each time.
        """
        outcomes: dict[Wanted, str | TextError] = {}
        distinct = list(dict.fromkeys(wanted))
        try:
            async with asyncio.timeout(within.total_seconds()):
                for each in distinct:
                    if (outcome := await self._here(each)) is not None:
                        outcomes[each] = outcome
                elsewhere = [each for each in distinct if each not in outcomes]
                random.shuffle(elsewhere)
                await self._each(elsewhere, lambda each: self.read(each.cid, each.text_hash), outcomes)
        except TimeoutError:
            _log.info("texts_out_of_time", read=len(outcomes), wanted=len(distinct))
        return [outcomes[each] if each in outcomes else _out_of_time(each) for each in wanted]

    async def keep(self, text: str) -> str:
        """Keep `text` on this host's disk, give it to every Kubo node, unpinned, and return its CID.

        A node that fails is logged and not waited for again: `pin` gives it the text once more.
        Raises TextUnreadable for a text that no one would read, and BlockError when the disk does not take it.
        """
        try:
            block = text.encode()
        except UnicodeEncodeError:
            raise TextUnreadable("The text has characters that are no Unicode: type it anew.") from None
        if len(block) > MAX_TEXT_BYTES:
            raise TextUnreadable(f"The text has {len(block)} bytes, more than {MAX_TEXT_BYTES}: shorten it.")
        cid = Cid(Codec.RAW, await asyncio.to_thread(self._blocks.put, block))
        await asyncio.gather(*(self._offer(node, cid, block) for node in self._nodes))
        return str(cid)

    async def pin(self, cid: str) -> PinReport:
        """Have every Kubo node keep the text that `cid` names for good; the report says where it is, and what is short.

        Safe to repeat. Raises TextUnavailable and TextUnreadable as `read` does, when there is nothing to pin.
        """
        named = _named(cid)
        return await pin_on(self._nodes, named, await self._block(named))

    async def pin_many(self, cids: Sequence[str]) -> list[PinReport | TextError]:
        """Return, in the order of `cids`, the report of each or the error that `pin` raises for it."""
        outcomes: dict[str, PinReport | TextError] = {}
        await self._each(list(dict.fromkeys(cids)), self.pin, outcomes)
        return [outcomes[cid] for cid in cids]

    async def _here(self, wanted: Wanted) -> str | TextError | None:
        """What is known without asking anyone; None when someone must be asked."""
        try:
            named = _matching(wanted)
            block = await asyncio.to_thread(self._blocks.get, named.digest)
            return None if block is None else _text(wanted, named, block)
        except TextError as error:
            return _kept(error)
        except BlockError:
            # Reading it from elsewhere reports the disk, and heals it.
            return None

    async def _each(
        self,
        items: Sequence[Item],
        act: Callable[[Item], Awaitable[Outcome]],
        outcomes: dict[Item, Outcome | TextError],
    ) -> None:
        """Act on each item, so many at once, and note what came of it as it comes."""
        queue = iter(items)

        async def go_on() -> None:
            for item in queue:
                try:
                    outcomes[item] = await act(item)
                except TextError as error:
                    outcomes[item] = _kept(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._patience.at_once, len(items))):
                group.create_task(go_on())

    async def _block(self, cid: Cid) -> bytes:
        """The verified block from the disk, else from a source, which heals the disk."""
        damage = ""
        try:
            if (block := await asyncio.to_thread(self._blocks.get, cid.digest)) is not None:
                return block
        except BlockDamaged as error:
            damage = " Its copy on this host is damaged."
            _log.warning("text_damaged", cid=str(cid), reason=str(error))
        except BlockError as error:
            damage = " This host's disk cannot be read."
            _log.warning("texts_unreadable", cid=str(cid), reason=str(error))
        block = await self._fetched(cid, damage)
        try:
            await asyncio.to_thread(self._blocks.put, block)
        except BlockError as error:
            # The text is in hand; the next reader fetches it again.
            _log.warning("text_not_kept", cid=str(cid), reason=str(error))
        return block

    async def _fetched(self, cid: Cid, damage: str) -> bytes:
        seconds = self._patience.one_text_s
        try:
            async with self._tries, asyncio.timeout(seconds):
                return await first_block([*self._nodes, *self._gateways], cid, self._patience.hedge_s)
        except NoneHasIt as error:
            raise TextUnavailable(f"The opinion {cid} cannot be had now: {error}.{damage}") from None
        except TimeoutError:
            raise TextUnavailable(f"The opinion {cid} did not come within {seconds:g} s.{damage}") from None
        except BlockTooLong:
            raise TextUnreadable(f"The opinion {cid} is longer than {MAX_TEXT_BYTES} bytes.") from None

    async def _offer(self, node: KuboNode, cid: Cid, block: bytes) -> None:
        try:
            await node.put(cid, block)
        except SourceFailed as failure:
            _log.warning("text_not_offered", cid=str(cid), node=node.name, reason=str(failure))


def texts_of(
    path: Path, gateways: Sequence[str] = (), apis: Sequence[str] = (), *, patience: Patience | None = None
) -> Texts:
    """The texts kept in the folder `path`, and in IPFS through Kubo nodes' `apis` first, then `gateways`.

    Both are base URLs, `http(s)://[user:password@]host[:port][/path]`; ValueError for another, and for a host twice.
    """
    patience = patience or Patience()
    client = httpx.AsyncClient(
        timeout=patience.one_try_s,
        verify=trust(),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=patience.at_once),
        # Nobody's cookies are kept or sent back.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )
    nodes = [KuboNode(client, url, patience.one_try_s) for url in apis]
    doors = [Gateway(client, url, patience.one_try_s) for url in gateways]
    for sources in (nodes, doors):
        names = [source.name for source in sources]
        if len(set(names)) < len(names):
            raise ValueError(f"An IPFS address is named twice: {', '.join(names)}.")
    return Texts(BlockStore(path, MAX_BLOCK_BYTES), client, nodes, doors, patience)


def _named(cid: str) -> Cid:
    try:
        return parse_cid(cid)
    except CidUnreadable as error:
        raise TextUnreadable(f"The opinion's CID cannot be read: {error}") from None


def _matching(wanted: Wanted) -> Cid:
    named = _named(wanted.cid)
    if named.codec is Codec.RAW and named.digest != wanted.text_hash:
        raise TextMismatch(f"The opinion {wanted.cid} does not match its text hash on the chain.")
    return named


def _text(wanted: Wanted, named: Cid, block: bytes) -> str:
    try:
        content = block if named.codec is Codec.RAW else file_bytes(block)
    except NotOneFile as error:
        raise TextUnreadable(f"The opinion {wanted.cid} is {error}.") from None
    if hashlib.sha256(content).digest() != wanted.text_hash:
        raise TextMismatch(f"The opinion {wanted.cid} does not match its text hash on the chain.")
    if len(content) > MAX_TEXT_BYTES:
        raise TextUnreadable(f"The opinion {wanted.cid} is longer than {MAX_TEXT_BYTES} bytes.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise TextUnreadable(f"The opinion {wanted.cid} is not UTF-8.") from None


def _out_of_time(wanted: Wanted) -> TextUnavailable:
    # Nobody has looked at this CID yet: it is shown as ASCII, and no more of it than a CID has.
    return TextUnavailable(f"The opinion {wanted.cid[:MAX_CID_CHARACTERS]!a} did not come in the time that was left.")


def _kept(error: TextError) -> TextError:
    """Without its frames, since errors are kept by the thousand."""
    return error.with_traceback(None)
