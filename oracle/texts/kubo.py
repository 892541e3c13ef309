"""A Kubo node, through its HTTP RPC API: https://docs.ipfs.tech/reference/kubo/rpc/ (of 0.39).

Every call is a POST. A failure is HTTP 500 with {"Message", "Code", "Type": "error"}; a block that nobody has is looked
for until we hang up.
"""

import json
from http import HTTPStatus
from typing import Final, cast

import httpx

from oracle.texts.sources import Address, Health, SourceFailed, answer, refusal, verified
from store.cid import Cid, CidUnreadable, Codec, parse_cid

_CODECS: Final = {Codec.RAW: "raw", Codec.DAG_PB: "dag-pb"}
_MAX_ANSWER_BYTES: Final = 65_536


class KuboNode:
    """One node that may have blocks, and that keeps and pins ours."""

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
        """The block that `cid` names, already verified; raises SourceFailed, BlockTooLong."""
        request = self._address.request(self._client, "POST", "api/v0/block/get", params={"arg": str(cid)})
        async with answer(self._client, request, self._timeout_s) as response:
            if response.status_code != HTTPStatus.OK:
                raise refusal(response)
            return await verified(response, cid)

    async def put(self, cid: Cid, block: bytes) -> None:
        """Give the node the block, unpinned; raises SourceFailed."""
        params = {"cid-codec": _CODECS[cid.codec], "mhtype": "sha2-256", "pin": "false"}
        kept = await self._call("block/put", params, block)
        if not _names(kept.get("Key"), cid):
            raise SourceFailed("kept the block under another CID")

    async def pin(self, cid: Cid, block: bytes) -> None:
        """Have the node keep the block for good; safe to repeat. Raises SourceFailed."""
        await self.put(cid, block)
        await self._call("pin/add", {"arg": str(cid), "recursive": "true"})
        if not await self.pinned(cid):
            raise SourceFailed("says it has not pinned it")

    async def pinned(self, cid: Cid) -> bool:
        """Whether the node says that it keeps the block for good; raises SourceFailed."""
        try:
            pins = await self._call("pin/ls", {"arg": str(cid), "type": "recursive"})
        except _CallRefused:
            return False
        keys = pins.get("Keys")
        return isinstance(keys, dict) and any(_names(key, cid) for key in cast("dict[str, object]", keys))

    async def _call(self, command: str, params: dict[str, str], file: bytes | None = None) -> dict[str, object]:
        request = self._address.request(self._client, "POST", f"api/v0/{command}", params=params, file=file)
        async with answer(self._client, request, self._timeout_s) as response:
            if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _CallRefused(f"refuses {command}")
            if response.status_code != HTTPStatus.OK:
                raise refusal(response)
            body = bytearray()
            async for chunk in response.aiter_raw(chunk_size=_MAX_ANSWER_BYTES):
                body += chunk
                if len(body) > _MAX_ANSWER_BYTES:
                    raise SourceFailed(f"answers {command} at too great length")
        try:
            result: object = json.loads(body)
        except (ValueError, RecursionError):
            result = None
        if not isinstance(result, dict):
            raise SourceFailed(f"answers {command} with something else")
        return cast("dict[str, object]", result)


class _CallRefused(SourceFailed):
    """The node understood the call and says no."""


def _names(written: object, cid: Cid) -> bool:
    """Whether the node means this block; a node may spell a CID in its own way."""
    try:
        return isinstance(written, str) and parse_cid(written) == cid
    except CidUnreadable:
        return False
