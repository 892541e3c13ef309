"""Signing with a Ledger: the key stays in the device, which shows the hash of what it signs.

The device's Solana application knows no multisig program, so it signs blindly: its screen shows `message_hash`, and
the person compares it with the one that is shown here. Source: LedgerHQ/app-solana, doc/api.md and src/apdu.h.
"""

import asyncio
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Protocol

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from chain.errors import SignerError

DERIVATION = (44, 501, 0, 0)
"""m/44'/501'/0'/0', the first account as wallets count them; every step is hardened."""
_CLASS, _PUBLIC_KEY, _SIGN = 0xE0, 0x05, 0x06
_SILENT, _CONFIRMED = 0x00, 0x01
_EXTENDS, _MORE = 0x01, 0x02
_CHUNK = 255
_HARDENED = 1 << 31
_DONE = 0x9000
_TROUBLES = {
    0x6985: "its owner refused",
    0x5515: "it is locked: unlock it",
    0x6808: "blind signing is off: turn it on in the Solana application's settings",
    0x6D00: "another application is open on it: open Solana",
    0x6E00: "another application is open on it: open Solana",
    0x6E01: "no application is open on it: open Solana",
    0x6511: "no application is open on it: open Solana",
    0x6A83: "the message is too long for it: sign less at once",
}


class Device(Protocol):
    """What `ledgercomm.Transport` does: one command, one answer."""

    def exchange_raw(self, apdu: bytes, /) -> tuple[int, bytes]:
        """Send the command; returns the status and the data."""
        ...


def message_hash(message: bytes) -> str:
    """What the device shows of a message that it signs blindly: its SHA-256 in base58."""
    return str(Hash(sha256(message).digest()))


class LedgerSigner:
    """Signs with one key of a device. `ledger_signer` makes one."""

    def __init__(self, device: Device, key: Pubkey, derivation: Sequence[int]) -> None:
        self._device, self._key, self._derivation = device, key, derivation

    @property
    def public_key(self) -> Pubkey:
        """Whose signature this gives."""
        return self._key

    async def sign(self, message: bytes) -> Signature:
        """Waits for the person at the device. Raises SignerError when they refuse, or it cannot sign."""
        data = bytes((1,)) + _path(self._derivation) + message
        answer = b""
        for command in _chunks(data):
            answer = await _ask(self._device, command)
        if len(answer) != Signature.LENGTH:
            raise SignerError(f"the Ledger gave a signature of {len(answer)} bytes: open its Solana application anew")
        return Signature(answer)

    def __repr__(self) -> str:
        return f"LedgerSigner({self._key})"


async def ledger_signer(device: Device, derivation: Sequence[int] = DERIVATION) -> LedgerSigner:
    """The signer of the key at this derivation. Raises SignerError when the device does not tell it."""
    path = _path(derivation)
    answer = await _ask(device, bytes((_CLASS, _PUBLIC_KEY, _SILENT, 0, len(path))) + path)
    if len(answer) != Pubkey.LENGTH:
        raise SignerError(f"the Ledger gave a key of {len(answer)} bytes: open its Solana application anew")
    return LedgerSigner(device, Pubkey(answer), derivation)


def connected_device() -> Device:
    """The one that is plugged in. Raises SignerError where there is none, or the software for it is not there."""
    try:
        from ledgercomm import Transport

        return Transport(interface="hid")
    except ImportError:
        raise SignerError("a Ledger needs more software here: install opinion-markets[ledger]") from None
    except Exception as error:
        # ledgercomm and hidapi raise whatever comes, an OSError or a plain Exception.
        raise SignerError(f"no Ledger answers ({error}): plug it in, unlock it and open Solana") from error


def _path(derivation: Sequence[int]) -> bytes:
    return bytes((len(derivation),)) + b"".join((step | _HARDENED).to_bytes(4, "big") for step in derivation)


def _chunks(data: bytes) -> Iterator[bytes]:
    """The commands that hand the data over, at most 255 bytes each."""
    for at in range(0, len(data), _CHUNK):
        part = data[at : at + _CHUNK]
        flags = (_EXTENDS if at else 0) | (_MORE if at + _CHUNK < len(data) else 0)
        yield bytes((_CLASS, _SIGN, _CONFIRMED, flags, len(part))) + part


async def _ask(device: Device, command: bytes) -> bytes:
    """One command, in a thread, since a person may take their time."""
    try:
        status, answer = await asyncio.to_thread(device.exchange_raw, command)
    except (OSError, ValueError) as error:
        raise SignerError(f"the Ledger went away ({error}): plug it in again") from error
    if status != _DONE:
        raise SignerError(f"the Ledger did not sign: {_TROUBLES.get(status, f'it answered {status:#06x}')}")
    return answer
