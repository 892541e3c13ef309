"""The instructions of the interface of Squads v3: their accounts and arguments, and how they are made."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from tests.programs.multisig_v3.interface import (
    PROGRAM_ID,
    RENT_SYSVAR,
    VAULT,
    discriminator,
    instruction_address,
    multisig_address,
    transaction_address,
)
from tests.programs.spec import SYSTEM_PROGRAM


@dataclass(frozen=True)
class Shape:
    """An instruction's accounts in order, "w" for writable and "s" for signer, and its arguments' types."""

    accounts: tuple[str, ...]
    arguments: tuple[str, ...] = ()


SHAPES = {
    "create": Shape(
        ("multisig w", "creator ws", "systemProgram"),
        ("threshold u16", "createKey publicKey", "members vec publicKey", "meta string"),
    ),
    "add_member": Shape(("multisig ws", "rent", "systemProgram"), ("newMember publicKey",)),
    "remove_member": Shape(("multisig ws",), ("oldMember publicKey",)),
    "remove_member_and_change_threshold": Shape(("multisig ws",), ("oldMember publicKey", "newThreshold u16")),
    "add_member_and_change_threshold": Shape(
        ("multisig ws", "rent", "systemProgram"), ("newMember publicKey", "newThreshold u16")
    ),
    "change_threshold": Shape(("multisig ws",), ("newThreshold u16",)),
    "add_authority": Shape(("multisig ws",)),
    "create_transaction": Shape(
        ("multisig w", "transaction w", "creator ws", "systemProgram"), ("authorityIndex u32",)
    ),
    "activate_transaction": Shape(("multisig", "transaction w", "creator ws")),
    "add_instruction": Shape(
        ("multisig", "transaction w", "instruction w", "creator ws", "systemProgram"),
        ("incomingInstruction IncomingInstruction",),
    ),
    "approve_transaction": Shape(("multisig", "transaction w", "member ws")),
    "reject_transaction": Shape(("multisig", "transaction w", "member ws")),
    "cancel_transaction": Shape(("multisig w", "transaction w", "member ws", "systemProgram")),
    "execute_transaction": Shape(("multisig w", "transaction w", "member ws"), ("accountList bytes",)),
    "execute_instruction": Shape(("multisig w", "transaction w", "instruction w", "member ws")),
}


def borsh_instruction(instruction: Instruction) -> bytes:
    """An `IncomingInstruction`."""
    metas = b"".join(bytes(meta.pubkey) + bytes([meta.is_signer, meta.is_writable]) for meta in instruction.accounts)
    head = bytes(instruction.program_id) + struct.pack("<I", len(instruction.accounts))
    return head + metas + struct.pack("<I", len(instruction.data)) + instruction.data


def call(
    name: str, accounts: Sequence[Pubkey], arguments: bytes = b"", rest: Sequence[AccountMeta] = ()
) -> Instruction:
    """An instruction of the program, its accounts flagged as the interface says."""
    flags = [shape.partition(" ")[2] for shape in SHAPES[name].accounts]
    metas = [AccountMeta(key, "s" in has, "w" in has) for key, has in zip(accounts, flags, strict=True)]
    return Instruction(PROGRAM_ID, discriminator("global", name) + arguments, [*metas, *rest])


def create(
    creator: Pubkey, create_key: Pubkey, threshold: int, members: Sequence[Pubkey], meta: bytes = b""
) -> Instruction:
    """Creates a multisig."""
    keys = struct.pack("<I", len(members)) + b"".join(map(bytes, members))
    arguments = struct.pack("<H", threshold) + bytes(create_key) + keys + struct.pack("<I", len(meta)) + meta
    return call("create", [multisig_address(create_key), creator, SYSTEM_PROGRAM], arguments)


def create_transaction(multisig: Pubkey, index: int, creator: Pubkey, authority: int = VAULT) -> Instruction:
    """Creates a draft; the index has to be the next."""
    accounts = [multisig, transaction_address(multisig, index), creator, SYSTEM_PROGRAM]
    return call("create_transaction", accounts, struct.pack("<I", authority))


def add_instruction(
    multisig: Pubkey, transaction: Pubkey, index: int, creator: Pubkey, instruction: Instruction
) -> Instruction:
    """Puts an instruction into a draft; the index has to be the next."""
    accounts = [multisig, transaction, instruction_address(transaction, index), creator, SYSTEM_PROGRAM]
    return call("add_instruction", accounts, borsh_instruction(instruction))


def activate(multisig: Pubkey, transaction: Pubkey, creator: Pubkey) -> Instruction:
    """Opens the vote."""
    return call("activate_transaction", [multisig, transaction, creator])


def approve(multisig: Pubkey, transaction: Pubkey, member: Pubkey) -> Instruction:
    """Votes for it."""
    return call("approve_transaction", [multisig, transaction, member])


def reject(multisig: Pubkey, transaction: Pubkey, member: Pubkey) -> Instruction:
    """Votes against it."""
    return call("reject_transaction", [multisig, transaction, member])


def cancel(multisig: Pubkey, transaction: Pubkey, member: Pubkey) -> Instruction:
    """Votes to call it off."""
    return call("cancel_transaction", [multisig, transaction, member, SYSTEM_PROGRAM])


def execute(multisig: Pubkey, transaction: Pubkey, member: Pubkey, instructions: Sequence[Instruction]) -> Instruction:
    """Executes all its instructions: every account once, and the list of who comes when."""
    wanted: list[AccountMeta] = []
    for index, instruction in enumerate(instructions, 1):
        wanted.append(AccountMeta(instruction_address(transaction, index), False, False))
        wanted += _passed(instruction)
    unique: dict[Pubkey, AccountMeta] = {}
    for meta in wanted:
        before = unique.get(meta.pubkey, meta)
        signs, writes = meta.is_signer or before.is_signer, meta.is_writable or before.is_writable
        unique[meta.pubkey] = AccountMeta(meta.pubkey, signs, writes)
    places = bytes(list(unique).index(meta.pubkey) for meta in wanted)
    arguments = struct.pack("<I", len(places)) + places
    return call("execute_transaction", [multisig, transaction, member], arguments, list(unique.values()))


def execute_instruction(
    multisig: Pubkey, transaction: Pubkey, index: int, member: Pubkey, instruction: Instruction
) -> Instruction:
    """Executes its next instruction alone."""
    accounts = [multisig, transaction, instruction_address(transaction, index), member]
    return call("execute_instruction", accounts, b"", _passed(instruction))


def _passed(instruction: Instruction) -> list[AccountMeta]:
    """Program and accounts of an instruction as the transaction passes them: a derived address signs only inside."""
    metas = [
        AccountMeta(meta.pubkey, meta.is_signer and meta.pubkey.is_on_curve(), meta.is_writable)
        for meta in instruction.accounts
    ]
    return [AccountMeta(instruction.program_id, False, False), *metas]


# The instructions that the multisig itself signs


def add_member(multisig: Pubkey, member: Pubkey) -> Instruction:
    """One member more."""
    return call("add_member", [multisig, RENT_SYSVAR, SYSTEM_PROGRAM], bytes(member))


def add_member_and_change_threshold(multisig: Pubkey, member: Pubkey, threshold: int) -> Instruction:
    """One member more, and another threshold."""
    arguments = bytes(member) + struct.pack("<H", threshold)
    return call("add_member_and_change_threshold", [multisig, RENT_SYSVAR, SYSTEM_PROGRAM], arguments)


def remove_member(multisig: Pubkey, member: Pubkey) -> Instruction:
    """One member less."""
    return call("remove_member", [multisig], bytes(member))


def remove_member_and_change_threshold(multisig: Pubkey, member: Pubkey, threshold: int) -> Instruction:
    """One member less, and another threshold."""
    return call("remove_member_and_change_threshold", [multisig], bytes(member) + struct.pack("<H", threshold))


def change_threshold(multisig: Pubkey, threshold: int) -> Instruction:
    """Another threshold."""
    return call("change_threshold", [multisig], struct.pack("<H", threshold))


def add_authority(multisig: Pubkey) -> Instruction:
    """One vault more."""
    return call("add_authority", [multisig])
