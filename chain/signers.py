"""Who signs: an interface, and the keypair file behind it.

A file holds a secret, so it is refused when others may read it, and nothing of it ever reaches a message, a repr or a
traceback: errors name the file and the remedy, and are raised outside the scope that holds the bytes.
"""

import json
import os
import stat
from pathlib import Path
from typing import Protocol, cast

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.ecvrf import SecretKey
from chain.errors import SignerError

_LENGTH = 64
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST_FILE = 4096


class Signer(Protocol):
    """Holds one key and signs with it; where the key lives is its own affair."""

    @property
    def public_key(self) -> Pubkey:
        """Whose signature this gives."""
        ...

    async def sign(self, message: bytes) -> Signature:
        """The signature over a transaction's message. Raises SignerError when the key cannot be used."""
        ...


class KeypairSigner:
    """Signs with a keypair in memory. `signer_from_file` makes one."""

    __slots__ = ("_keypair",)

    def __init__(self, keypair: Keypair) -> None:
        self._keypair = keypair

    @property
    def public_key(self) -> Pubkey:
        """Whose signature this gives."""
        return self._keypair.pubkey()

    async def sign(self, message: bytes) -> Signature:
        """Signs at once."""
        return self._keypair.sign_message(message)

    def __repr__(self) -> str:
        return f"KeypairSigner({self.public_key})"

    def __reduce__(self) -> str:
        raise TypeError("a signer is not pickled")


def signer_from_file(path: Path, granted: Path | None = None) -> KeypairSigner:
    """The signer whose key a file in solana-keygen's format holds. Raises SignerError in one sentence.

    `granted` is the folder in which systemd hands this process its credentials (systemd.exec(5)): files there are
    root's and show the group as a reader, which stands for this process alone.
    """
    secret = _read(path, granted)
    try:
        keypair = Keypair.from_bytes(secret)
    except ValueError:
        keypair = None
    # from_bytes of some versions takes any public half, so it is compared here too.
    if keypair is None or bytes(Keypair.from_seed(secret[:32]).pubkey()) != secret[32:]:
        raise SignerError(f"{path}: its public half does not belong to its secret half: restore the file from a backup")
    return KeypairSigner(keypair)


def randomness_key_from_file(path: Path, granted: Path | None = None) -> SecretKey:
    """The VRF key in a keypair file of the same format, read as `signer_from_file` does. Raises SignerError."""
    secret = _read(path, granted)
    key = SecretKey(secret[:32])
    if key.public != secret[32:]:
        raise SignerError(f"{path}: its public half does not belong to its secret half: restore the file from a backup")
    return key


def _read(path: Path, granted: Path | None) -> bytes:
    """The file's 64 bytes."""
    problem, secret = _parse(_load(path, granted))
    if problem:
        raise SignerError(f"{path}: {problem}")
    return secret


def _load(path: Path, granted: Path | None) -> str:
    """The file's text, when only its owner may read it."""
    try:
        # One descriptor for check and reading, so that nobody swaps the file in between.
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise SignerError(f"{path} is not a file: name a keypair file")
            by_systemd = granted is not None and path.parent == granted and info.st_uid == 0
            if info.st_mode & _OTHERS & ~(stat.S_IRGRP if by_systemd else 0):
                raise SignerError(f"{path} can be read by others: run chmod 600 {path}")
            return file.read(_LARGEST_FILE).decode("ascii", "replace")
    except FileNotFoundError:
        problem = f"there is no keypair file {path}: create it with solana-keygen new, or name another"
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror}): check its owner and the path"
    raise SignerError(problem)


def _parse(text: str) -> tuple[str, bytes]:
    """What is wrong with the text (empty when nothing is), and the bytes."""
    wanted = f"must be a JSON array of {_LENGTH} bytes, as solana-keygen writes it"
    try:
        numbers: object = json.loads(text)
    except (ValueError, RecursionError):
        return wanted, b""
    if not isinstance(numbers, list):
        return wanted, b""
    items = cast("list[object]", numbers)
    if len(items) != _LENGTH:
        return f"{wanted}, and has {len(items)}", b""
    if not all(type(item) is int and 0 <= item <= 255 for item in items):
        return wanted, b""
    return "", bytes(cast("list[int]", items))
