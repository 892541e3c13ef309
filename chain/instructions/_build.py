"""What the builders share: account roles, argument encodings and the discriminator."""

import struct
from collections.abc import Sequence

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.wire import discriminator


def payer(key: Pubkey) -> AccountMeta:
    """Signs and changes."""
    return AccountMeta(key, is_signer=True, is_writable=True)


def signer(key: Pubkey) -> AccountMeta:
    """Signs only."""
    return AccountMeta(key, is_signer=True, is_writable=False)


def writable(key: Pubkey) -> AccountMeta:
    """Changes only."""
    return AccountMeta(key, is_signer=False, is_writable=True)


def readonly(key: Pubkey, *, signs: bool = False) -> AccountMeta:
    """Is only read; `signs` for an owner who may choose where the money goes."""
    return AccountMeta(key, is_signer=signs, is_writable=False)


def u8(value: int) -> bytes:
    """One byte."""
    return struct.pack("<B", value)


def u32(value: int) -> bytes:
    """Four bytes."""
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    """Eight bytes."""
    return struct.pack("<Q", value)


def build(program: Pubkey, name: str, accounts: Sequence[AccountMeta], *arguments: bytes) -> Instruction:
    """The instruction `name` (snake case, as in the IDL) with its arguments in order."""
    return Instruction(program, discriminator("global", name) + b"".join(arguments), list(accounts))
