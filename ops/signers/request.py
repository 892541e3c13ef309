"""What is carried to a machine without a network, for a member's key there to sign one vote. Pure.

It tells what the vote is, never the bytes to sign: both sides build those from it, so that nothing is signed that was
not read. As text it is base32, in one line or in parts that each fit a QR code:

    OM1:<part>:<parts>:<first eight of the whole's SHA-256>:<base32>
"""

import binascii
from base64 import b32decode, b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey

from chain.multisig.adapter import Adapter
from chain.multisig.stored import StoredTransaction, read_payload
from chain.nonce import Nonce, durable_message, nonce_address
from chain.transaction import Budget
from chain.units import ComputeUnits, MicroLamports, Seconds, UnixTime
from chain.wire import U32, U64, Bytes32, codec_of
from ops.errors import UsageError
from ops.signers.acts import Act

LIFE = Seconds(3600)
"""How long a request is good for; after that its nonce is revoked."""
_MARK = "OM1"
_CHECK = 8
_LONGEST = 16_384
"""Characters of a request, whatever somebody hands in."""


@dataclass(frozen=True)
class _Pin:
    """What a nonce is for."""

    multisig: Pubkey
    number: U64
    act: str
    memo: str
    member: Pubkey
    made_at: UnixTime
    payload: bytes


@dataclass(frozen=True)
class Request:
    """One vote on one proposal, by a member whose key has no network.

    `courier` is the signer's other key, which pays and alone can use or take back the nonce; `value` is the nonce's.
    `payload` is what stands on the chain under the proposal's number.
    """

    multisig: Pubkey
    number: U64
    act: str
    memo: str
    member: Pubkey
    courier: Pubkey
    made_at: UnixTime
    value: Bytes32
    limit: U32
    price: U64
    payload: bytes

    @property
    def seed(self) -> str:
        """Of the nonce's address, which so is pinned to this vote, this proposal and this time."""
        pin = _Pin(self.multisig, self.number, self.act, self.memo, self.member, self.made_at, self.payload)
        return sha256(codec_of(_Pin).encode(pin)).hexdigest()[:32]

    @property
    def nonce(self) -> Nonce:
        """The nonce account as it has to stand on the chain."""
        return Nonce(nonce_address(self.courier, self.seed), self.courier, Hash(self.value))

    @property
    def budget(self) -> Budget:
        """Compute units and their price."""
        return Budget(ComputeUnits(self.limit), MicroLamports(self.price))

    @property
    def stored(self) -> StoredTransaction:
        """What is voted on. Raises MalformedData."""
        return read_payload(self.payload)

    def vote(self, adapter: Adapter) -> Instruction:
        """The one instruction that it is about. Raises UsageError for an act that no offline key does."""
        match self.act:
            case Act.APPROVE:
                return adapter.approve(self.multisig, self.number, self.member)
            case Act.REJECT:
                return adapter.reject(self.multisig, self.number, self.member, self.memo or None)
            case Act.CANCEL:
                return adapter.cancel(self.multisig, self.number, self.member)
            case _:
                raise UsageError(f"{self.act!r} is nothing that an offline key does: approve, reject or cancel.")

    def message(self, adapter: Adapter) -> MessageV0:
        """What the member and the courier sign. Raises UsageError, InvalidValue."""
        return durable_message(self.nonce, self.budget, [self.vote(adapter)])

    def parts(self, longest: int | None = None) -> list[str]:
        """The text, in one part or in as many as keep each within `longest` characters (40 at least)."""
        body = b32encode(codec_of(Request).encode(self)).decode().rstrip("=")
        room = len(body) if longest is None else max(longest, 40) - len(f"{_MARK}:99:99:{'x' * _CHECK}:")
        chunks = [body[at : at + room] for at in range(0, len(body), room)]
        check = _check(body)
        return [f"{_MARK}:{n}:{len(chunks)}:{check}:{chunk}" for n, chunk in enumerate(chunks, 1)]


def read_request(lines: Iterable[str]) -> Request:
    """The request in these parts, in whatever order they come. Raises UsageError and MalformedData."""
    chunks: dict[int, str] = {}
    told: set[tuple[str, str]] = set()
    for line in lines:
        mark, number, count, check, chunk = (*line.strip().split(":"), "", "", "", "")[:5]
        if mark != _MARK or not all(one.isdecimal() and len(one) <= 2 for one in (number, count)):
            continue
        told.add((count, check))
        chunks[int(number)] = chunk
        if sum(map(len, chunks.values())) > _LONGEST:
            raise UsageError("That is longer than any request: read it from the file again.")
        if len(told) == 1 and sorted(chunks) == list(range(1, int(count) + 1)):
            break
    if len(told) != 1:
        raise UsageError(
            "These are parts of several requests: give one."
            if told
            else f"There is no request: it begins with {_MARK}:."
        )
    [(count, check)] = told
    if missing := [str(n) for n in range(1, int(count) + 1) if n not in chunks]:
        raise UsageError(f"Of the request's {count} parts {', '.join(missing)} are missing: read them too.")
    return _decoded("".join(chunks[n] for n in sorted(chunks)), check)


def _decoded(body: str, check: str) -> Request:
    try:
        data = b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        data = b""
    if _check(body) != check or not data:
        raise UsageError("The request was damaged on its way: read it again.")
    request, end = codec_of(Request).decode(data)
    if end != len(data):
        raise UsageError("The request has more in it than this release of opinion knows: use the same on both sides.")
    return request


def _check(body: str) -> str:
    return b32encode(sha256(body.encode()).digest()).decode()[:_CHECK]
