"""Instructions of buffers, in which messages too long for one transaction are put together."""

from __future__ import annotations

import struct
from hashlib import sha256

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4 import addresses
from chain.multisig.v4.message import compact, compile_message
from tests.programs.multisig import calls as c
from tests.programs.multisig.council import ANA, BO, PROGRAM_ID, SQUAD, payment
from tests.programs.spec import SYSTEM_PROGRAM

MESSAGE = compile_message([payment(1)] * 60)
GIVEN = compact(MESSAGE)
HALF = len(GIVEN) // 2
EMPTY = bytes(6)


def buffer_of(by: Pubkey = ANA, number: int = 0, multisig: Pubkey = SQUAD) -> Pubkey:
    """Where a buffer stands."""
    seeds = [b"multisig", bytes(multisig), b"transaction_buffer", bytes(by), bytes((number,))]
    return Pubkey.find_program_address(seeds, PROGRAM_ID)[0]


def begin(
    part: bytes = GIVEN[:HALF], whole: bytes = GIVEN, by: Pubkey = ANA, number: int = 0, size: int | None = None
) -> Instruction:
    """A new buffer for the first vault."""
    head = bytes((number, 0)) + sha256(whole).digest() + struct.pack("<H", len(whole) if size is None else size)
    accounts = [(SQUAD, ""), (buffer_of(by, number), "w"), (by, "s"), (BO, "ws"), (SYSTEM_PROGRAM, "")]
    return c.call("transaction_buffer_create", accounts, head + struct.pack("<I", len(part)) + part)


def extend(part: bytes, by: Pubkey = ANA, buffer: Pubkey | None = None) -> Instruction:
    """The next part."""
    accounts = [(SQUAD, ""), (buffer or buffer_of(by), "w"), (by, "s")]
    return c.call("transaction_buffer_extend", accounts, struct.pack("<I", len(part)) + part)


def close(by: Pubkey = ANA, buffer: Pubkey | None = None) -> Instruction:
    """Its end."""
    return c.call("transaction_buffer_close", [(SQUAD, ""), (buffer or buffer_of(by), "w"), (by, "ws")])


def propose(
    index: int = 1, by: Pubkey = ANA, message: bytes = EMPTY, vault: int = 0, buffer: Pubkey | None = None
) -> Instruction:
    """A transaction from it."""
    transaction = addresses.transaction(SQUAD, index, PROGRAM_ID)
    accounts = [
        (SQUAD, "w"), (transaction, "w"), (by, "s"), (BO, "ws"), (SYSTEM_PROGRAM, ""),
        (buffer or buffer_of(), "w"), (by, "ws"),
    ]  # fmt: skip
    arguments = bytes((vault, 0)) + struct.pack("<I", len(message)) + message + c.NO_MEMO
    return c.call("vault_transaction_create_from_buffer", accounts, arguments)
