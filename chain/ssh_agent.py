"""Signing with an ed25519 key that an ssh-agent holds, so that the key itself never comes to this host.

The agent is asked over its Unix socket, mostly one that `ssh -A` forwards. An agent shows nobody what is signed:
whoever asks it has to. Source of the protocol: draft-miller-ssh-agent, "Requesting a list of keys" and "Private key
operations"; key and signature blobs are those of RFC 8709.
"""

import asyncio
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.errors import SignerError

PATIENCE_S = 120.0
"""How long a person may take to confirm, where the key was added with `ssh-add -c`."""
_ASKING_S = 10.0
_MOST = 256 * 1024
_ED25519 = b"ssh-ed25519"
_FAILURE, _IDENTITIES, _IDENTITIES_ANSWER, _SIGN, _SIGN_RESPONSE = 5, 11, 12, 13, 14


@dataclass(frozen=True, slots=True)
class Identity:
    """A key that the agent offers; `key` is None where it is of a kind that signs nothing for Solana."""

    kind: str
    key: Pubkey | None
    comment: str


class AgentSigner:
    """Signs with one key of an agent. `agent_signer` makes one."""

    __slots__ = ("_key", "_socket")

    def __init__(self, socket: Path, key: Pubkey) -> None:
        self._socket, self._key = socket, key

    @property
    def public_key(self) -> Pubkey:
        """Whose signature this gives."""
        return self._key

    async def sign(self, message: bytes) -> Signature:
        """Asks the agent, which may ask its owner. Raises SignerError when it does not sign."""
        blob = _string(_ED25519) + _string(bytes(self._key))
        request = bytes((_SIGN,)) + _string(blob) + _string(message) + struct.pack(">I", 0)
        answer = await _ask(self._socket, request, PATIENCE_S)
        if answer.kind == _FAILURE:
            raise SignerError(
                f"the ssh-agent did not sign with {self._key}: it is locked, the key was taken out, "
                "or its owner did not confirm"
            )
        answer.expect(_SIGN_RESPONSE)
        signed = _Reader(answer.string())
        kind, signature = signed.string(), signed.string()
        if kind != _ED25519 or len(signature) != Signature.LENGTH:
            raise SignerError(f"the ssh-agent gave another signature than ed25519 for {self._key}: use another agent")
        return Signature(signature)

    def __repr__(self) -> str:
        return f"AgentSigner({self._key})"


async def agent_identities(socket: Path) -> list[Identity]:
    """Every key that the agent offers, in its order. Raises SignerError when no agent answers there."""
    answer = await _ask(socket, bytes((_IDENTITIES,)), _ASKING_S)
    answer.expect(_IDENTITIES_ANSWER)
    return [_identity(answer.string(), answer.string()) for _ in range(answer.number())]


async def agent_signer(socket: Path, key: Pubkey) -> AgentSigner:
    """The signer of a key, once the agent offers it. Raises SignerError with what it offers instead."""
    offered = await agent_identities(socket)
    if key in [identity.key for identity in offered]:
        return AgentSigner(socket, key)
    if any(identity.kind.startswith("sk-") for identity in offered):
        remedy = (
            "keys on a security key (sk-) sign a text of their own around the message, which Solana does not take: "
            "add a plain ed25519 key"
        )
    elif found := [str(identity.key) for identity in offered if identity.key]:
        remedy = f"it offers {', '.join(found)}"
    else:
        remedy = "it offers no ed25519 key: add one with ssh-add"
    raise SignerError(f"the ssh-agent does not hold {key}: {remedy}")


def _identity(blob: bytes, comment: bytes) -> Identity:
    read = _Reader(blob)
    kind = read.string()
    return Identity(
        kind.decode("ascii", "replace"),
        _key(read.string()) if kind == _ED25519 else None,
        comment.decode("utf-8", "replace"),
    )


def _key(raw: bytes) -> Pubkey:
    if len(raw) != Pubkey.LENGTH:
        raise SignerError(f"the ssh-agent offers an ed25519 key of {len(raw)} bytes: use another agent")
    return Pubkey(raw)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class _Reader:
    """Takes the parts of an answer one after the other."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self._at = data, at

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        return self._take(self.number())

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise SignerError("the ssh-agent gave an answer that ends too early: use another agent")
        self._at += length
        return taken


class _Answer(_Reader):
    """One answer: its kind, and what follows."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, 1)
        self.kind = data[0]

    def expect(self, kind: int) -> None:
        """Raises SignerError for an answer of another kind."""
        if self.kind != kind:
            raise SignerError(f"the ssh-agent answered with {self.kind} where {kind} belongs: use another agent")


async def _ask(socket: Path, request: bytes, patience_s: float) -> _Answer:
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                writer.write(_string(request))
                await writer.drain()
                length = int.from_bytes(await reader.readexactly(4), "big")
                if not 1 <= length <= _MOST:
                    raise SignerError(f"the ssh-agent announces an answer of {length} bytes: use another agent")
                return _Answer(await reader.readexactly(length))
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        problem = f"the ssh-agent at {socket} did not answer within {patience_s:g} s: try again, and confirm there"
    except (OSError, asyncio.IncompleteReadError):
        problem = f"no ssh-agent answers at {socket}: log in with ssh -A, or start one and set SSH_AUTH_SOCK"
    raise SignerError(problem)
