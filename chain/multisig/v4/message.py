"""A vault's message: what is proposed, as an argument and as it is stored.

It is written in two ways: as an argument its lengths are one byte (two for an instruction's data), in the account
they are Borsh's four. Lookup tables are read, never written: what they hold when a proposal is executed need not be
what they held when it was approved.
"""

import struct
from collections.abc import Iterable, Sequence

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.errors import InvalidValue, MalformedData
from chain.multisig.v4.accounts import CompiledInstruction, TableLookup, VaultTransactionMessage


def compile_message(instructions: Sequence[Instruction]) -> VaultTransactionMessage:
    """The message of these instructions; keys in the order in which the program wants them.

    Raises InvalidValue where they name more accounts than a message can hold.
    """
    roles: dict[Pubkey, tuple[bool, bool]] = {}
    for meta in _metas(instructions):
        signs, writes = roles.get(meta.pubkey, (False, False))
        roles[meta.pubkey] = (signs or meta.is_signer, writes or meta.is_writable)
    # Signers first, of each kind the writable ones first; otherwise as they came.
    keys = tuple(sorted(roles, key=lambda key: (not roles[key][0], not roles[key][1])))
    if len(keys) > 255 or len(instructions) > 255:
        raise InvalidValue("a proposal can name 255 accounts and hold 255 instructions: propose less at once")
    index = {key: number for number, key in enumerate(keys)}
    return VaultTransactionMessage(
        num_signers=sum(signs for signs, _ in roles.values()),
        num_writable_signers=sum(signs and writes for signs, writes in roles.values()),
        num_writable_non_signers=sum(writes and not signs for signs, writes in roles.values()),
        account_keys=keys,
        instructions=tuple(
            CompiledInstruction(index[one.program_id], bytes(index[meta.pubkey] for meta in one.accounts), one.data)
            for one in instructions
        ),
        address_table_lookups=(),
    )


def _metas(instructions: Sequence[Instruction]) -> Iterable[AccountMeta]:
    for one in instructions:
        yield from one.accounts
        yield AccountMeta(one.program_id, is_signer=False, is_writable=False)


def compact(message: VaultTransactionMessage) -> bytes:
    """The message as the argument of an instruction."""
    return b"".join(
        (
            bytes((message.num_signers, message.num_writable_signers, message.num_writable_non_signers)),
            _counted(bytes(key) for key in message.account_keys),
            _counted(map(_compact_instruction, message.instructions)),
            _counted(map(_compact_lookup, message.address_table_lookups)),
        )
    )


def _counted(items: Iterable[bytes]) -> bytes:
    written = tuple(items)
    return bytes((len(written),)) + b"".join(written)


def _short(data: bytes) -> bytes:
    return bytes((len(data),)) + data


def _compact_instruction(one: CompiledInstruction) -> bytes:
    if len(one.data) > 0xFFFF:
        raise InvalidValue("an instruction of a proposal can have 65,535 bytes of data: propose less at once")
    return bytes((one.program_id_index,)) + _short(one.account_indexes) + struct.pack("<H", len(one.data)) + one.data


def _compact_lookup(one: TableLookup) -> bytes:
    return bytes(one.account_key) + _short(one.writable_indexes) + _short(one.readonly_indexes)


def static_metas(message: VaultTransactionMessage) -> list[AccountMeta]:
    """The message's own keys with what it says they are. Raises MalformedData where its numbers do not fit."""
    signers, others = message.num_signers, len(message.account_keys) - message.num_signers
    if message.num_writable_signers > signers or message.num_writable_non_signers > others:
        raise MalformedData("the proposed message counts more writable keys or signers than it has keys")

    def writes(number: int) -> bool:
        if number < signers:
            return number < message.num_writable_signers
        return number - signers < message.num_writable_non_signers

    return [AccountMeta(key, n < signers, writes(n)) for n, key in enumerate(message.account_keys)]


def instructions_of(message: VaultTransactionMessage, loaded: Sequence[AccountMeta] = ()) -> list[Instruction]:
    """What the vault will do, with `loaded` after its own keys: the tables' writable accounts, then the read-only ones.

    Raises MalformedData where a number names no account.
    """
    metas = [*static_metas(message), *loaded]
    wanted = sum(len(one.writable_indexes) + len(one.readonly_indexes) for one in message.address_table_lookups)
    if wanted != len(loaded):
        raise MalformedData(f"the proposed message takes {wanted} accounts from tables, and {len(loaded)} are known")
    try:
        return [
            Instruction(metas[one.program_id_index].pubkey, one.data, [metas[i] for i in one.account_indexes])
            for one in message.instructions
        ]
    except IndexError:
        raise MalformedData("the proposed message names an account that it does not have") from None
