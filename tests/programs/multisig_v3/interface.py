"""The interface of Squads v3 as tests need it: addresses, accounts, statuses and error codes.

Written apart from `chain/` on purpose: the tests hold program and client against each other, so they must not share a
reading. `test_interface.py` holds this one against the IDL.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

PROGRAM_ID = Pubkey.from_string("7qD43F33HuWVjygPvwFh2XghFQAJ5bHov4VqfhN48aAZ")
RENT_SYSVAR = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
ITSELF, VAULT = 0, 1
"""Authority indexes: the multisig itself, and its first vault."""


class Status(IntEnum):
    """Where a transaction stands."""

    DRAFT = 0
    ACTIVE = 1
    EXECUTE_READY = 2
    EXECUTED = 3
    REJECTED = 4
    CANCELLED = 5


class Code(IntEnum):
    """Refusals: Anchor's own, which the interface has too, and from 6000 the interface's."""

    INSTRUCTION_FALLBACK_NOT_FOUND = 101
    INSTRUCTION_DID_NOT_DESERIALIZE = 102
    CONSTRAINT_MUT = 2000
    CONSTRAINT_RAW = 2003
    CONSTRAINT_SEEDS = 2006
    ACCOUNT_DISCRIMINATOR_MISMATCH = 3002
    ACCOUNT_NOT_ENOUGH_KEYS = 3005
    ACCOUNT_OWNED_BY_WRONG_PROGRAM = 3007
    INVALID_PROGRAM_ID = 3008
    ACCOUNT_NOT_SIGNER = 3010
    KEY_NOT_IN_MULTISIG = 6000
    INVALID_TRANSACTION_STATE = 6001
    INVALID_NUMBER_OF_ACCOUNTS = 6002
    INVALID_INSTRUCTION_ACCOUNT = 6003
    INVALID_AUTHORITY_INDEX = 6004
    TRANSACTION_ALREADY_EXECUTED = 6005
    CANNOT_REMOVE_SOLO_MEMBER = 6006
    INVALID_THRESHOLD = 6007
    DEPRECATED_TRANSACTION = 6008
    MAX_MEMBERS_REACHED = 6010
    EMPTY_MEMBERS = 6011
    PARTIAL_EXECUTION = 6012
    NOT_ENOUGH_LAMPORTS = 6013


# Addresses


def _derive(*seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address([b"squad", *seeds], PROGRAM_ID)[0]


def multisig_address(create_key: Pubkey) -> Pubkey:
    """Where a multisig lies."""
    return _derive(bytes(create_key), b"multisig")


def authority_address(multisig: Pubkey, index: int) -> Pubkey:
    """Whom a transaction signs as: a vault, or with index 0 the multisig."""
    return multisig if index == ITSELF else _derive(bytes(multisig), index.to_bytes(4, "little"), b"authority")


def transaction_address(multisig: Pubkey, index: int) -> Pubkey:
    """Where a transaction lies; the first has index 1."""
    return _derive(bytes(multisig), index.to_bytes(4, "little"), b"transaction")


def instruction_address(transaction: Pubkey, index: int) -> Pubkey:
    """Where an instruction of a transaction lies; the first has index 1."""
    return _derive(bytes(transaction), index.to_bytes(1, "little"), b"instruction")


# Accounts


def discriminator(space: str, name: str) -> bytes:
    """The first eight bytes of sha256("space:name"), Anchor's convention."""
    return hashlib.sha256(f"{space}:{name}".encode()).digest()[:8]


class _Reader:
    def __init__(self, data: bytes, name: str) -> None:
        assert data[:8] == discriminator("account", name), f"not a {name}"
        self.data, self.at = data, 8

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def one(self, layout: str) -> int:
        [value] = self.take(layout)
        return value

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def key(self) -> Pubkey:
        return Pubkey(self.bytes(32))

    def keys(self) -> list[Pubkey]:
        return [self.key() for _ in range(self.one("I"))]


@dataclass(frozen=True)
class Ms:
    """A multisig's account."""

    threshold: int
    authority_index: int
    transaction_index: int
    ms_change_index: int
    bump: int
    create_key: Pubkey
    allow_external_execute: bool
    keys: list[Pubkey]

    @classmethod
    def decode(cls, data: bytes) -> Ms:
        """From the account's bytes; what follows the members is room."""
        reader = _Reader(data, "Ms")
        return cls(*reader.take("HHIIB"), reader.key(), bool(reader.one("B")), reader.keys())


@dataclass(frozen=True)
class MsTransaction:
    """A transaction's account."""

    creator: Pubkey
    ms: Pubkey
    transaction_index: int
    authority_index: int
    authority_bump: int
    status: Status
    instruction_index: int
    bump: int
    approved: list[Pubkey]
    rejected: list[Pubkey]
    cancelled: list[Pubkey]
    executed_index: int

    @classmethod
    def decode(cls, data: bytes) -> MsTransaction:
        """From the account's bytes; what follows is room for votes."""
        reader = _Reader(data, "MsTransaction")
        creator, ms = reader.key(), reader.key()
        index, authority, authority_bump, status, instruction_index, bump = reader.take("IIBBBB")
        head = (creator, ms, index, authority, authority_bump, Status(status), instruction_index, bump)
        return cls(*head, reader.keys(), reader.keys(), reader.keys(), reader.one("B"))


@dataclass(frozen=True)
class MsInstruction:
    """An instruction's account."""

    instruction: Instruction
    instruction_index: int
    bump: int
    executed: bool

    @classmethod
    def decode(cls, data: bytes) -> MsInstruction:
        """From the account's bytes, all of them."""
        reader = _Reader(data, "MsInstruction")
        program = reader.key()
        metas = [AccountMeta(reader.key(), *map(bool, reader.take("BB"))) for _ in range(reader.one("I"))]
        argument = reader.bytes(reader.one("I"))
        index, bump, executed = reader.take("BBB")
        assert reader.at == len(data), "bytes left over"
        return cls(Instruction(program, argument, metas), index, bump, bool(executed))
