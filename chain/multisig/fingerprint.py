"""Eight words that stand for what is proposed, for signers who compare it over a call.

Each word is one of the 2,048 of BIP-39, so they stand for 88 bits. Somebody who makes up both of two proposals may
try for two with the same words; a try costs 32 MB and a tenth of a second (scrypt, RFC 7914), so that 2**44 of them
are out of reach. The message that a device shows is another for every signer; these words are the same for all.
"""

import hashlib
from functools import cache

from mnemonic import Mnemonic

WORDS = 8
_BITS = 11
_MEMORY = 64 * 2**20


def fingerprint(payload_hash: bytes) -> str:
    """The words of a payload's SHA-256, parted by blanks. Takes a tenth of a second of processor time."""
    digest = hashlib.scrypt(
        payload_hash, salt=b"opinion-markets proposal", n=2**15, r=8, p=1, maxmem=_MEMORY, dklen=WORDS * _BITS // 8
    )
    number = int.from_bytes(digest, "big")
    places = (number >> (_BITS * at) & (2**_BITS - 1) for at in reversed(range(WORDS)))
    return " ".join(_words()[place] for place in places)


@cache
def _words() -> list[str]:
    return Mnemonic("english").wordlist
