"""Content identifiers of opinion texts.

We write CIDv1, raw bytes, SHA-256, base32 (59 characters, within the chain's 64). What stands on the chain was chosen
by a stranger, so it is read strictly: SHA-256 only, raw or dag-pb (what `ipfs add` makes of a small file), spelled as
IPFS itself spells it in base32, base36 or base58, or as CIDv0. Others only ever see our own spelling of the digest.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from multiformats import multibase

MAX_CID_CHARACTERS: Final = 64
_CHARACTERS: Final = re.compile(rf"[A-Za-z0-9]{{1,{MAX_CID_CHARACTERS}}}", re.ASCII)
_SHA2_256: Final = bytes([0x12, 32])
_VERSION_1: Final = 1


class CidUnreadable(ValueError):  # noqa: N818 - named after what happened
    """These characters name no text that can be read here; the sentence says why."""


class Codec(Enum):
    """What the bytes behind a CID are; the value is the multicodec's number."""

    RAW = 0x55
    DAG_PB = 0x70


@dataclass(frozen=True)
class Cid:
    """A CID that was understood: what its block holds, and the block's 32-byte SHA-256."""

    codec: Codec
    digest: bytes

    def __post_init__(self) -> None:
        if len(self.digest) != hashlib.sha256().digest_size:
            raise ValueError(f"A SHA-256 has 32 bytes, not {len(self.digest)}.")

    def __str__(self) -> str:
        """Our one spelling: CIDv1 in base32."""
        return _base32(bytes([_VERSION_1, self.codec.value]) + _SHA2_256 + self.digest)


def text_hash(text: str) -> bytes:
    """Return the 32-byte SHA-256 of the text's UTF-8, which the chain keeps beside the CID."""
    return hashlib.sha256(text.encode()).digest()


def cid_of(text: str) -> str:
    """Return the CID of the text's UTF-8 bytes."""
    return str(Cid(Codec.RAW, text_hash(text)))


def parse_cid(written: str) -> Cid:
    """Read a stranger's CID; raises CidUnreadable for whatever is not exactly a SHA-256 CID of raw bytes or dag-pb."""
    if not _CHARACTERS.fullmatch(written):
        raise CidUnreadable("It is not 1 to 64 ASCII letters and digits.")
    if len(written) == 46 and written.startswith("Qm"):
        return _sha2_256(Codec.DAG_PB, _decoded("z" + written))
    if written[0] not in _SPELLINGS:
        raise CidUnreadable(f"'{written}' is no CID in base32, base36 or base58.")
    version, codec, *_ = decoded = _decoded(written)
    if version != _VERSION_1:
        raise CidUnreadable(f"'{written}' is no CID of version 0 or 1.")
    if codec not in {known.value for known in Codec}:
        raise CidUnreadable(f"'{written}' names neither raw bytes nor a dag-pb file.")
    return _sha2_256(Codec(codec), decoded[2:])


def _decoded(written: str) -> bytes:
    """Bytes of at least two; refuses every spelling but the one that encoding them gives."""
    try:
        decoded = multibase.decode(written)
        canonical = _SPELLINGS[written[0]](decoded)
    except ValueError:
        raise CidUnreadable(f"'{written[:MAX_CID_CHARACTERS]}' is not written in its base.") from None
    if canonical != written or len(decoded) < 2:
        raise CidUnreadable(f"'{written[:MAX_CID_CHARACTERS]}' is not spelled as IPFS spells a CID.")
    return decoded


def _base32(data: bytes) -> str:
    # multiformats takes twenty times as long, which ten thousand opinions would notice.
    return "b" + base64.b32encode(data).decode().rstrip("=").lower()


_SPELLINGS: Final[dict[str, Callable[[bytes], str]]] = {
    "b": _base32,
    "k": lambda data: multibase.encode(data, "base36"),
    "z": lambda data: multibase.encode(data, "base58btc"),
}


def _sha2_256(codec: Codec, multihash: bytes) -> Cid:
    if multihash[:2] != _SHA2_256 or len(multihash) != 2 + _SHA2_256[1]:
        raise CidUnreadable("Its hash is not a whole SHA-256, the only one that is read here.")
    return Cid(codec, multihash[2:])
