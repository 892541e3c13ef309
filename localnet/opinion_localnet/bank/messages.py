"""A transaction with its lookup tables resolved: every key, and what may be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from solders.account import Account
from solders.instruction import CompiledInstruction
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from opinion_localnet import addresses
from opinion_localnet.bank.records import TransactionRejectedError

_TABLE_HEADER = 56


class UnsupportedMessageError(ValueError):
    """A message version that no cluster accepts yet."""


@dataclass(frozen=True, slots=True)
class LoadedTransaction:
    """A transaction as the runtime sees it."""

    transaction: VersionedTransaction
    message: Message | MessageV0
    # Static keys, then looked-up writable, then looked-up read-only ones.
    keys: tuple[Pubkey, ...]
    writable: tuple[bool, ...]
    static_count: int
    # How many of the looked-up keys are writable.
    loaded_writable: int

    @property
    def is_legacy(self) -> bool:
        """Whether the message is of the first, unversioned format."""
        return isinstance(self.message, Message)

    @property
    def instructions(self) -> Sequence[CompiledInstruction]:
        """The top-level instructions."""
        return self.message.instructions

    @property
    def payer(self) -> Pubkey:
        """Who pays the fee."""
        return self.keys[0]

    @property
    def signature(self) -> str:
        """The transaction's id."""
        return str(self.transaction.signatures[0])

    @property
    def signer_count(self) -> int:
        """How many signatures the message asks for."""
        return self.message.header.num_required_signatures

    @property
    def loaded(self) -> tuple[tuple[Pubkey, ...], tuple[Pubkey, ...]]:
        """(writable, read-only) keys that came from lookup tables."""
        border = self.static_count + self.loaded_writable
        return self.keys[self.static_count : border], self.keys[border:]

    def written(self) -> Iterable[Pubkey]:
        """The accounts that execution may change."""
        return (key for key, writable in zip(self.keys, self.writable, strict=True) if writable)


def message_of(transaction: VersionedTransaction) -> Message | MessageV0:
    """The message, if it is of a version that this node executes; raises UnsupportedMessageError."""
    message = transaction.message
    if isinstance(message, (Message, MessageV0)):
        return message
    raise UnsupportedMessageError("transaction version 1 is not supported")


def load(transaction: VersionedTransaction, get_account: Callable[[Pubkey], Account | None]) -> LoadedTransaction:
    """Resolve the lookup tables of `transaction`; raises TransactionRejectedError if one cannot be used."""
    message = message_of(transaction)
    static = message.account_keys
    writable_keys: list[Pubkey] = []
    readonly_keys: list[Pubkey] = []
    if isinstance(message, MessageV0):
        for lookup in message.address_table_lookups:
            table = _table_addresses(get_account(lookup.account_key))
            writable_keys += _pick(table, lookup.writable_indexes)
            readonly_keys += _pick(table, lookup.readonly_indexes)
    keys = (*static, *writable_keys, *readonly_keys)
    return LoadedTransaction(
        transaction=transaction,
        message=message,
        keys=keys,
        writable=_writable(message, keys, len(static), len(writable_keys)),
        static_count=len(static),
        loaded_writable=len(writable_keys),
    )


def _writable(
    message: Message | MessageV0, keys: Sequence[Pubkey], static: int, loaded_writable: int
) -> tuple[bool, ...]:
    header = message.header
    signers = header.num_required_signatures
    writable_signers = signers - header.num_readonly_signed_accounts
    writable_static = static - header.num_readonly_unsigned_accounts
    invoked = {instruction.program_id_index for instruction in message.instructions}
    # A program that is called stays read-only, unless the loader itself is there to upgrade it.
    demoted: set[int] = set() if addresses.UPGRADEABLE_LOADER in keys else invoked

    def is_writable(index: int) -> bool:
        if index in demoted or keys[index] in addresses.RESERVED:
            return False
        if index < signers:
            return index < writable_signers
        if index < static:
            return index < writable_static
        return index < static + loaded_writable

    return tuple(is_writable(index) for index in range(len(keys)))


def _table_addresses(table: Account | None) -> bytes:
    if table is None:
        raise TransactionRejectedError("AddressLookupTableNotFound")
    if table.owner != addresses.LOOKUP_TABLE_PROGRAM:
        raise TransactionRejectedError("InvalidAddressLookupTableOwner")
    data = table.data
    if len(data) < _TABLE_HEADER or (len(data) - _TABLE_HEADER) % 32:
        raise TransactionRejectedError("InvalidAddressLookupTableData")
    return data[_TABLE_HEADER:]


def _pick(table: bytes, indexes: bytes) -> list[Pubkey]:
    if any(32 * index + 32 > len(table) for index in indexes):
        raise TransactionRejectedError("InvalidAddressLookupTableIndex")
    return [Pubkey.from_bytes(table[32 * index : 32 * index + 32]) for index in indexes]
