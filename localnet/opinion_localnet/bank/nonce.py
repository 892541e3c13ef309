"""Durable nonces: transactions that wait for days under a stored blockhash."""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256

from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey

from opinion_localnet import addresses
from opinion_localnet.bank.messages import LoadedTransaction

NONCE_SPACE = 80
_ADVANCE = struct.pack("<I", 4)
_CURRENT_INITIALIZED = struct.pack("<II", 1, 1)
_NONCE_AT = slice(40, 72)


def durable_nonce(blockhash: Hash) -> bytes:
    """The nonce value that stands for `blockhash`."""
    return sha256(b"DURABLE_NONCE" + bytes(blockhash)).digest()


def nonce_account_of(loaded: LoadedTransaction, get_account: Callable[[Pubkey], Account | None]) -> Pubkey | None:
    """The nonce account that makes this transaction's blockhash valid, or None.

    It must be advanced by the first instruction, hold that very hash, and its authority must have signed.
    """
    if not loaded.instructions:
        return None
    first = loaded.instructions[0]
    accounts = first.accounts
    is_advance = (
        first.program_id_index < len(loaded.keys)
        and loaded.keys[first.program_id_index] == addresses.SYSTEM_PROGRAM
        and first.data[:4] == _ADVANCE
        and len(accounts) >= 1
        and accounts[0] < loaded.static_count
        and loaded.writable[accounts[0]]
    )
    if not is_advance:
        return None
    address = loaded.keys[accounts[0]]
    account = get_account(address)
    if account is None or not _holds(account, loaded):
        return None
    return address


def _holds(account: Account, loaded: LoadedTransaction) -> bool:
    data = account.data
    if account.owner != addresses.SYSTEM_PROGRAM or len(data) != NONCE_SPACE:
        return False
    if data[:8] != _CURRENT_INITIALIZED or data[_NONCE_AT] != bytes(loaded.message.recent_blockhash):
        return False
    authority = Pubkey.from_bytes(data[8:40])
    signers = loaded.instructions[0].accounts
    return any(i < loaded.signer_count and loaded.keys[i] == authority for i in signers)


def advanced(account: Account, blockhash: Hash) -> Account:
    """`account` moved on to the nonce of `blockhash`.

    LiteSVM derives the next nonce from the transaction's own hash, and does not advance it at all when the
    transaction fails; a cluster takes the newest blockhash, and advances in both cases.
    """
    data = bytearray(account.data)
    data[_NONCE_AT] = durable_nonce(blockhash)
    return Account(account.lamports, bytes(data), account.owner, account.executable, account.rent_epoch)
