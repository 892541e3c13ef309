"""The accounts of Squads v3, typed and frozen; layouts and names from its IDL."""

from dataclasses import dataclass
from enum import IntEnum

from solders.pubkey import Pubkey

from chain.multisig.account import Account
from chain.wire import U8, U16, U32, discriminator


@dataclass(frozen=True)
class Ms(Account):
    """The multisig. Every key may do everything; transactions up to `ms_change_index` are stale."""

    DISCRIMINATOR = discriminator("account", "Ms")

    threshold: U16
    authority_index: U16
    transaction_index: U32
    ms_change_index: U32
    bump: U8
    create_key: Pubkey
    allow_external_execute: bool
    keys: tuple[Pubkey, ...]


class MsTransactionStatus(IntEnum):
    """Where a transaction stands."""

    DRAFT = 0
    ACTIVE = 1
    EXECUTE_READY = 2
    EXECUTED = 3
    REJECTED = 4
    CANCELLED = 5


@dataclass(frozen=True)
class MsTransaction(Account):
    """A transaction with its votes; its instructions are accounts of their own, `instruction_index` of them."""

    DISCRIMINATOR = discriminator("account", "MsTransaction")

    creator: Pubkey
    ms: Pubkey
    transaction_index: U32
    authority_index: U32
    authority_bump: U8
    status: MsTransactionStatus
    instruction_index: U8
    bump: U8
    approved: tuple[Pubkey, ...]
    rejected: tuple[Pubkey, ...]
    cancelled: tuple[Pubkey, ...]
    executed_index: U8


@dataclass(frozen=True)
class MsAccountMeta:
    """An account of an instruction."""

    pubkey: Pubkey
    is_signer: bool
    is_writable: bool


@dataclass(frozen=True)
class MsInstruction(Account):
    """One instruction of a transaction."""

    DISCRIMINATOR = discriminator("account", "MsInstruction")

    program_id: Pubkey
    keys: tuple[MsAccountMeta, ...]
    data: bytes
    instruction_index: U8
    bump: U8
    executed: bool
