"""One builder for each instruction of Squads v3 that is used here; accounts and arguments as in its IDL.

Addresses that follow from others are derived. Nothing is sent here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.constants import RENT_ID, SYSTEM_PROGRAM_ID
from chain.errors import InvalidValue
from chain.instructions._build import build, payer, readonly, u32, writable
from chain.multisig.v3 import addresses
from chain.multisig.v3.accounts import MsAccountMeta, MsInstruction
from chain.multisig.v3.addresses import PROGRAM_ID
from chain.wire import U16, codec_of


@dataclass(frozen=True)
class _Create:
    threshold: U16
    create_key: Pubkey
    members: tuple[Pubkey, ...]
    meta: str


@dataclass(frozen=True)
class _IncomingInstruction:
    program_id: Pubkey
    keys: tuple[MsAccountMeta, ...]
    data: bytes


@dataclass(frozen=True)
class _AccountList:
    account_list: bytes


@dataclass(frozen=True)
class _Key:
    key: Pubkey


@dataclass(frozen=True)
class _Threshold:
    new_threshold: U16


def _arguments(value: object) -> bytes:
    return codec_of(type(value)).encode(value)


def create_multisig(
    *, create_key: Pubkey, creator: Pubkey, members: Sequence[Pubkey], threshold: int, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """A new multisig."""
    accounts = [writable(addresses.multisig(create_key, program)), payer(creator), readonly(SYSTEM_PROGRAM_ID)]
    return build(program, "create", accounts, _arguments(_Create(threshold, create_key, tuple(members), "")))


def create_transaction(
    *, multisig: Pubkey, index: int, creator: Pubkey, authority_index: int, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """A draft, as transaction `index`, which must be the last one plus one."""
    accounts = [
        writable(multisig),
        writable(addresses.transaction(multisig, index, program)),
        payer(creator),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    return build(program, "create_transaction", accounts, u32(authority_index))


def add_instruction(
    *,
    multisig: Pubkey,
    index: int,
    number: int,
    instruction: Instruction,
    creator: Pubkey,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Adds an instruction to a draft, as its `number`, from 1; only who created the draft may."""
    transaction = addresses.transaction(multisig, index, program)
    accounts = [
        readonly(multisig),
        writable(transaction),
        writable(addresses.instruction(transaction, number, program)),
        payer(creator),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    keys = tuple(MsAccountMeta(meta.pubkey, meta.is_signer, meta.is_writable) for meta in instruction.accounts)
    incoming = _IncomingInstruction(instruction.program_id, keys, instruction.data)
    return build(program, "add_instruction", accounts, _arguments(incoming))


def activate_transaction(*, multisig: Pubkey, index: int, creator: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Ends a draft: members vote from now on."""
    return build(program, "activate_transaction", _voting(multisig, index, creator, program))


def approve(*, multisig: Pubkey, index: int, member: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """The member's yes."""
    return build(program, "approve_transaction", _voting(multisig, index, member, program))


def reject(*, multisig: Pubkey, index: int, member: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """The member's no."""
    return build(program, "reject_transaction", _voting(multisig, index, member, program))


def _voting(multisig: Pubkey, index: int, member: Pubkey, program: Pubkey) -> list[AccountMeta]:
    return [readonly(multisig), writable(addresses.transaction(multisig, index, program)), payer(member)]


def cancel(*, multisig: Pubkey, index: int, member: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """The member's wish to call off what is ready."""
    accounts = [
        writable(multisig),
        writable(addresses.transaction(multisig, index, program)),
        payer(member),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    return build(program, "cancel_transaction", accounts)


def execute_transaction(
    *,
    multisig: Pubkey,
    index: int,
    authority: Pubkey,
    instructions: Sequence[MsInstruction],
    member: Pubkey,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Does all that was approved. Each account is given once; a list of their numbers says which goes where.

    `authority` is the vault that the program signs for. Raises InvalidValue where there are more accounts than numbers.
    """
    transaction = addresses.transaction(multisig, index, program)
    metas: dict[Pubkey, tuple[bool, bool]] = {}
    order: list[Pubkey] = []
    for number, one in enumerate(instructions, 1):
        named = [
            AccountMeta(key.pubkey, key.is_signer and key.pubkey != authority, key.is_writable) for key in one.keys
        ]
        for meta in (readonly(addresses.instruction(transaction, number, program)), readonly(one.program_id), *named):
            signs, writes = metas.get(meta.pubkey, (False, False))
            metas[meta.pubkey] = (signs or meta.is_signer, writes or meta.is_writable)
            order.append(meta.pubkey)
    if len(metas) > 256:
        raise InvalidValue(f"transaction {index} names {len(metas)} accounts and can name 256: propose less at once")
    numbers = {key: number for number, key in enumerate(metas)}
    accounts = [writable(multisig), writable(transaction), payer(member)]
    accounts += (AccountMeta(key, signs, writes) for key, (signs, writes) in metas.items())
    listed = _AccountList(bytes(numbers[key] for key in order))
    return build(program, "execute_transaction", accounts, _arguments(listed))


def add_member(*, multisig: Pubkey, member: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """A new member; to be proposed, as only the multisig can sign it."""
    accounts = [_self(multisig), readonly(RENT_ID), readonly(SYSTEM_PROGRAM_ID)]
    return build(program, "add_member", accounts, _arguments(_Key(member)))


def remove_member(*, multisig: Pubkey, member: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """One member less; to be proposed. A threshold above the members that are left is silently lowered to them."""
    return build(program, "remove_member", [_self(multisig)], _arguments(_Key(member)))


def change_threshold(*, multisig: Pubkey, threshold: int, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Another number of approvals; to be proposed. More than there are members is silently lowered to them."""
    return build(program, "change_threshold", [_self(multisig)], _arguments(_Threshold(threshold)))


def _self(multisig: Pubkey) -> AccountMeta:
    return payer(multisig)
