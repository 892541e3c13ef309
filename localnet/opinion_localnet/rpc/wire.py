"""Transactions as clients send them: decoded, checked, refused in Agave's words."""

from __future__ import annotations

import base64
import binascii

from solders.message import Message, MessageV0, from_bytes_versioned
from solders.transaction import SanitizeError, VersionedTransaction

from opinion_localnet import base58
from opinion_localnet.bank.messages import UnsupportedMessageError, message_of
from opinion_localnet.rpc.errors import invalid_params
from opinion_localnet.rpc.params import Config

MAX_TRANSACTION_BYTES = 1232
_MAX_TEXT = {"base58": 1683, "base64": 1644}
_TRANSACTION = "solana_transaction::versioned::VersionedTransaction"
_MESSAGE = "solana_message::versions::VersionedMessage"


def transaction_encoding(config: Config) -> str:
    """How the transaction text is encoded."""
    encoding = config.text("encoding") or "base58"
    if encoding == "binary":
        return "base58"
    if encoding not in _MAX_TEXT:
        raise invalid_params(f"unsupported encoding: {encoding}. Supported encodings: base58, base64")
    return encoding


def decode_transaction(text: str, encoding: str) -> tuple[VersionedTransaction, bytes]:
    """(the transaction, its bytes); raises RpcError if it is not a sane one."""
    wire = _decode(text, encoding, _TRANSACTION)
    try:
        transaction = VersionedTransaction.from_bytes(wire)
    except ValueError as error:
        raise invalid_params(f"failed to deserialize {_TRANSACTION}: {error}") from error
    try:
        transaction.sanitize()
        message_of(transaction)
    except (SanitizeError, UnsupportedMessageError) as error:
        raise invalid_params(f"invalid transaction: {error}") from error
    # Bytes behind the transaction are dropped, as a cluster does.
    return transaction, bytes(transaction)


def decode_message(text: str) -> Message | MessageV0:
    """The message of getFeeForMessage; raises RpcError."""
    data = _decode(text, "base64", _MESSAGE)
    try:
        message = from_bytes_versioned(data)
    except ValueError as error:
        raise invalid_params(f"failed to deserialize {_MESSAGE}: {error}") from error
    if not isinstance(message, (Message, MessageV0)):
        raise invalid_params("invalid transaction: transaction version 1 is not supported")
    return message


def _decode(text: str, encoding: str, kind: str) -> bytes:
    most = _MAX_TEXT[encoding]
    if len(text) > most:
        raise invalid_params(
            f"{encoding} encoded {kind} too large: {len(text)} bytes (max: encoded/raw {most}/{MAX_TRANSACTION_BYTES})"
        )
    try:
        wire = base64.b64decode(text, validate=True) if encoding == "base64" else base58.decode(text)
    except binascii.Error as error:
        raise invalid_params(f"invalid base64 encoding: {_base64_fault(text)}") from error
    except base58.InvalidBase58Error as error:
        raise invalid_params(f"invalid base58 encoding: {error}") from error
    if len(wire) > MAX_TRANSACTION_BYTES:
        raise invalid_params(f"decoded {kind} too large: {len(wire)} bytes (max: {MAX_TRANSACTION_BYTES} bytes)")
    return wire


def _base64_fault(text: str) -> str:
    for index, character in enumerate(text):
        if not (character.isascii() and (character.isalnum() or character in "+/=")):
            return f"InvalidByte({index}, {ord(character)})"
    return "InvalidPadding"
