"""The instructions that the client does not send: batches, controlled changes, the program's configuration."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.multisig.v4 import addresses
from chain.multisig.v4.accounts import VaultTransactionMessage
from chain.multisig.v4.message import compact, static_metas
from chain.wire import discriminator
from tests.programs.multisig.council import ANA, COLLECTOR, CONFIG, CRANK, PROGRAM_ID, RULER, SQUAD, VAULT
from tests.programs.spec import SYSTEM_PROGRAM

NO_MEMO = b"\0"


def call(name: str, accounts: Sequence[tuple[Pubkey, str]], arguments: bytes = b"") -> Instruction:
    """An instruction of the program; flags are "w" for writable and "s" for signer."""
    metas = [AccountMeta(key, "s" in flags, "w" in flags) for key, flags in accounts]
    return Instruction(PROGRAM_ID, discriminator("global", name) + arguments, metas)


def batch_transaction(index: int, number: int) -> Pubkey:
    """Where a transaction of a batch stands; the first has number 1."""
    seeds = [b"multisig", bytes(SQUAD), b"transaction", index.to_bytes(8, "little"), b"batch_transaction"]
    return Pubkey.find_program_address([*seeds, number.to_bytes(4, "little")], PROGRAM_ID)[0]


def create_batch(index: int, by: Pubkey = ANA) -> Instruction:
    """Begins a batch of the first vault."""
    accounts = [(SQUAD, "w"), (_transaction(index), "w"), (by, "s"), (by, "ws"), (SYSTEM_PROGRAM, "")]
    return call("batch_create", accounts, b"\0" + NO_MEMO)


def add_to_batch(index: int, number: int, message: VaultTransactionMessage, by: Pubkey = ANA) -> Instruction:
    """Adds a transaction."""
    given = compact(message)
    accounts = [
        (SQUAD, ""), (_proposal(index), ""), (_transaction(index), "w"), (batch_transaction(index, number), "w"),
        (by, "s"), (by, "ws"), (SYSTEM_PROGRAM, ""),
    ]  # fmt: skip
    return call("batch_add_transaction", accounts, b"\0" + struct.pack("<I", len(given)) + given)


def execute_in_batch(index: int, number: int, message: VaultTransactionMessage, by: Pubkey = CRANK) -> Instruction:
    """Does one transaction."""
    accounts = [
        (SQUAD, ""), (by, "s"), (_proposal(index), "w"), (_transaction(index), "w"),
        (batch_transaction(index, number), ""),
    ]  # fmt: skip
    made = call("batch_execute_transaction", accounts)
    passed = [AccountMeta(m.pubkey, m.is_signer and m.pubkey != VAULT, m.is_writable) for m in static_metas(message)]
    return Instruction(PROGRAM_ID, made.data, [*made.accounts, *passed])


def close_batch_transaction(index: int, number: int, collector: Pubkey = COLLECTOR) -> Instruction:
    """Gives back one's rent."""
    accounts = [
        (SQUAD, ""), (_proposal(index), ""), (_transaction(index), "w"), (batch_transaction(index, number), "w"),
        (collector, "w"), (SYSTEM_PROGRAM, ""),
    ]  # fmt: skip
    return call("vault_batch_transaction_account_close", accounts)


def close_batch(index: int, collector: Pubkey = COLLECTOR) -> Instruction:
    """Gives back the batch's, and its proposal's."""
    accounts = [
        (SQUAD, ""), (_proposal(index), "w"), (_transaction(index), "w"), (collector, "w"), (SYSTEM_PROGRAM, ""),
    ]  # fmt: skip
    return call("batch_accounts_close", accounts)


def controlled(name: str, multisig: Pubkey, arguments: bytes, by: Pubkey = RULER) -> Instruction:
    """A change by the config authority, who pays for it."""
    accounts = [(multisig, "w"), (by, "s"), (by, "ws"), (SYSTEM_PROGRAM, "")]
    return call(name, accounts, arguments + NO_MEMO)


def configure(name: str, arguments: bytes, by: Pubkey = RULER) -> Instruction:
    """A change of the program's configuration."""
    return call(name, [(CONFIG, "w"), (by, "s")], arguments)


def _transaction(index: int) -> Pubkey:
    return addresses.transaction(SQUAD, index, PROGRAM_ID)


def _proposal(index: int) -> Pubkey:
    return addresses.proposal(SQUAD, index, PROGRAM_ID)
