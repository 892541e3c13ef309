"""Content identifiers of opinion texts: CIDv1, raw bytes, SHA-256, base32 (59 characters, within the chain's 64)."""

import hashlib

from multiformats import CID, multihash


def text_hash(text: str) -> bytes:
    """Return the 32-byte SHA-256 of the text's UTF-8, which the chain keeps beside the CID."""
    return hashlib.sha256(text.encode()).digest()


def cid_of(text: str) -> str:
    """Return the CID of the text's UTF-8 bytes."""
    return str(CID("base32", 1, "raw", multihash.wrap(text_hash(text), "sha2-256")))
