"""SPL Token accounts as bytes, to place in the world and to read back."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum

from solders.account import Account
from solders.pubkey import Pubkey

from tests.programs.spec import TOKEN_PROGRAM

RENT = 10_000_000
"""Lamports of a placed account: more than any rent."""


class Held(IntEnum):
    """A token account's state."""

    UNINITIALIZED = 0
    INITIALIZED = 1
    FROZEN = 2


@dataclass(frozen=True)
class TokenAccount:
    """The fields of a token account that tests set or read."""

    mint: Pubkey
    owner: Pubkey
    amount: int = 0
    state: Held = Held.INITIALIZED
    delegate: Pubkey | None = None
    close_authority: Pubkey | None = None

    def data(self) -> bytes:
        """Its 165 bytes."""
        none = bytes(36)
        some = struct.pack("<I", 1)
        delegate = none if self.delegate is None else some + bytes(self.delegate)
        closer = none if self.close_authority is None else some + bytes(self.close_authority)
        delegated = self.amount if self.delegate else 0
        return (
            bytes(self.mint) + bytes(self.owner) + struct.pack("<Q", self.amount) + delegate
            + bytes([self.state]) + bytes(12) + struct.pack("<Q", delegated) + closer
        )  # fmt: skip

    def account(self, lamports: int = RENT, owner: Pubkey = TOKEN_PROGRAM) -> Account:
        """It as an account of the token program."""
        return Account(lamports, self.data(), owner)

    def frozen(self) -> TokenAccount:
        """The same, frozen by the mint's freeze authority."""
        return replace(self, state=Held.FROZEN)


def read(account: Account) -> TokenAccount:
    """What a token account holds. Raises ValueError for anything else."""
    data = account.data
    if account.owner != TOKEN_PROGRAM or len(data) != 165:
        raise ValueError("not a token account")
    amount = int.from_bytes(data[64:72], "little")
    delegate = Pubkey(data[76:108]) if data[72] else None
    closer = Pubkey(data[133:165]) if data[129] else None
    return TokenAccount(Pubkey(data[:32]), Pubkey(data[32:64]), amount, Held(data[108]), delegate, closer)


def amount(account: Account) -> int:
    """What a token account holds; nothing for any other account."""
    data = account.data
    return int.from_bytes(data[64:72], "little") if len(data) == 165 and account.owner == TOKEN_PROGRAM else 0


def mint(authority: Pubkey, freezer: Pubkey, decimals: int = 6, supply: int = 0, initialized: bool = True) -> Account:
    """An SPL mint."""
    some = struct.pack("<I", 1)
    data = some + bytes(authority) + struct.pack("<QBB", supply, decimals, initialized) + some + bytes(freezer)
    return Account(RENT, data, TOKEN_PROGRAM)
