"""What the bank produces: executed transactions and closed slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey

# A transaction error as JSON: "BlockhashNotFound" or {"InstructionError": [0, {"Custom": 1}]}.
ErrorJson: TypeAlias = "str | Mapping[str, object]"


class Commitment(IntEnum):
    """How settled the state is that an answer may show; ordered from newest to safest."""

    PROCESSED = 0
    CONFIRMED = 1
    FINALIZED = 2

    @property
    def word(self) -> str:
        """The name that clients use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class ExecutedTransaction:
    """One transaction that landed in a slot, successful or not."""

    signature: str
    slot: int
    index: int
    wire: bytes
    # Every account of the message, looked-up ones included, as base58.
    keys: tuple[str, ...]
    err: ErrorJson | None
    # The answer's `meta` in its `json` encoding.
    meta: Mapping[str, object]
    memo: str | None


@dataclass(frozen=True, slots=True)
class ClosedSlot:
    """A slot that takes no more transactions, with all that must be on disk before it is confirmed."""

    slot: int
    parent: int
    height: int
    blockhash: Hash
    previous_blockhash: Hash
    bank_hash: Hash
    unix_time: int
    # How far Clock runs ahead of the host's clock, in seconds, because of warps.
    time_offset: float
    # Transactions since genesis, this slot's included.
    transaction_count: int
    transactions: tuple[ExecutedTransaction, ...]
    # Accounts written in this slot as they are at its end; None is a deleted one.
    accounts: tuple[tuple[Pubkey, Account | None], ...]


class TransactionRejectedError(Exception):
    """A transaction that cannot land: nothing was charged and nothing is remembered."""

    def __init__(self, err: ErrorJson) -> None:
        super().__init__(str(err))
        self.err = err
