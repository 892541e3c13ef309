"""One builder for each instruction of Squads v4 that is used here; accounts and arguments as in its IDL.

Addresses that follow from others are derived. Nothing is sent here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from chain.constants import SYSTEM_PROGRAM_ID
from chain.errors import InvalidValue
from chain.instructions._build import build, payer, readonly, signer, writable
from chain.multisig.model import Member
from chain.multisig.v4 import addresses
from chain.multisig.v4.accounts import ConfigAction, VaultTransaction, VaultTransactionMessage
from chain.multisig.v4.addresses import PROGRAM_ID
from chain.multisig.v4.message import compact, static_metas
from chain.units import Seconds
from chain.wire import U8, U16, U32, U64, codec_of


@dataclass(frozen=True)
class _MultisigCreate:
    config_authority: Pubkey | None
    threshold: U16
    members: tuple[Member, ...]
    time_lock: U32
    rent_collector: Pubkey | None
    memo: str | None


@dataclass(frozen=True)
class _VaultTransactionCreate:
    vault_index: U8
    ephemeral_signers: U8
    transaction_message: bytes
    memo: str | None


@dataclass(frozen=True)
class _ConfigTransactionCreate:
    actions: tuple[ConfigAction, ...]
    memo: str | None


@dataclass(frozen=True)
class _ProposalCreate:
    transaction_index: U64
    draft: bool


@dataclass(frozen=True)
class _Vote:
    memo: str | None


def _arguments(value: object) -> bytes:
    return codec_of(type(value)).encode(value)


def create_multisig(
    *,
    create_key: Pubkey,
    creator: Pubkey,
    treasury: Pubkey,
    members: Sequence[Member],
    threshold: int,
    time_lock: Seconds,
    config_authority: Pubkey | None = None,
    rent_collector: Pubkey | None = None,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """A new multisig; `treasury` is what the program's configuration names. The program wants members by their keys."""
    accounts = [
        readonly(addresses.program_config(program)),
        writable(treasury),
        writable(addresses.multisig(create_key, program)),
        signer(create_key),
        payer(creator),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    ordered = tuple(sorted(members, key=lambda member: bytes(member.key)))
    arguments = _MultisigCreate(config_authority, threshold, ordered, time_lock, rent_collector, None)
    return build(program, "multisig_create_v2", accounts, _arguments(arguments))


def create_vault_transaction(
    *,
    multisig: Pubkey,
    index: int,
    creator: Pubkey,
    rent_payer: Pubkey,
    vault_index: int,
    message: VaultTransactionMessage,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Keeps what a vault is to do as transaction `index`, which must be the last one plus one."""
    accounts = _creation(multisig, index, creator, rent_payer, program)
    arguments = _VaultTransactionCreate(vault_index, 0, compact(message), None)
    return build(program, "vault_transaction_create", accounts, _arguments(arguments))


def create_config_transaction(
    *,
    multisig: Pubkey,
    index: int,
    creator: Pubkey,
    rent_payer: Pubkey,
    actions: Sequence[ConfigAction],
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Keeps changes of the multisig itself as transaction `index`, which must be the last one plus one."""
    accounts = _creation(multisig, index, creator, rent_payer, program)
    return build(
        program, "config_transaction_create", accounts, _arguments(_ConfigTransactionCreate(tuple(actions), None))
    )


def _creation(multisig: Pubkey, index: int, creator: Pubkey, rent_payer: Pubkey, program: Pubkey) -> list[AccountMeta]:
    return [
        writable(multisig),
        writable(addresses.transaction(multisig, index, program)),
        signer(creator),
        payer(rent_payer),
        readonly(SYSTEM_PROGRAM_ID),
    ]


def create_proposal(
    *,
    multisig: Pubkey,
    index: int,
    creator: Pubkey,
    rent_payer: Pubkey,
    draft: bool = False,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Lets members vote on transaction `index`; a draft only after it is activated."""
    accounts = [
        readonly(multisig),
        writable(addresses.proposal(multisig, index, program)),
        signer(creator),
        payer(rent_payer),
        readonly(SYSTEM_PROGRAM_ID),
    ]
    return build(program, "proposal_create", accounts, _arguments(_ProposalCreate(index, draft)))


def activate_proposal(*, multisig: Pubkey, index: int, member: Pubkey, program: Pubkey = PROGRAM_ID) -> Instruction:
    """Ends a draft: members vote from now on."""
    return build(program, "proposal_activate", _voting(multisig, index, member, program))


def approve(
    *, multisig: Pubkey, index: int, member: Pubkey, memo: str | None = None, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """The member's yes."""
    return build(program, "proposal_approve", _voting(multisig, index, member, program), _arguments(_Vote(memo)))


def reject(
    *, multisig: Pubkey, index: int, member: Pubkey, memo: str | None = None, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """The member's no."""
    return build(program, "proposal_reject", _voting(multisig, index, member, program), _arguments(_Vote(memo)))


def cancel(
    *, multisig: Pubkey, index: int, member: Pubkey, memo: str | None = None, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """The member's wish to call off what is approved. It drops the votes of those who are no members any more."""
    accounts = [*_voting(multisig, index, member, program), readonly(SYSTEM_PROGRAM_ID)]
    return build(program, "proposal_cancel_v2", accounts, _arguments(_Vote(memo)))


def _voting(multisig: Pubkey, index: int, member: Pubkey, program: Pubkey) -> list[AccountMeta]:
    return [readonly(multisig), payer(member), writable(addresses.proposal(multisig, index, program))]


def execute_vault_transaction(
    *,
    multisig: Pubkey,
    transaction: VaultTransaction,
    member: Pubkey,
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Does what was approved. Raises InvalidValue for what takes accounts from lookup tables, which is refused here."""
    message, index = transaction.message, transaction.index
    if message.address_table_lookups:
        raise InvalidValue(
            f"transaction {index} takes accounts from lookup tables, which can change after the approval: reject it"
        )
    stored = addresses.transaction(multisig, index, program)
    # The program signs for these.
    ours = {
        addresses.vault(multisig, transaction.vault_index, program),
        *(addresses.ephemeral_signer(stored, n, program) for n in range(len(transaction.ephemeral_signer_bumps))),
    }
    accounts = [
        readonly(multisig),
        writable(addresses.proposal(multisig, index, program)),
        readonly(stored),
        signer(member),
    ]
    accounts += (
        AccountMeta(meta.pubkey, meta.is_signer and meta.pubkey not in ours, meta.is_writable)
        for meta in static_metas(message)
    )
    return build(program, "vault_transaction_execute", accounts)


def execute_config_transaction(
    *,
    multisig: Pubkey,
    index: int,
    member: Pubkey,
    rent_payer: Pubkey,
    spending_limits: Sequence[Pubkey] = (),
    program: Pubkey = PROGRAM_ID,
) -> Instruction:
    """Makes the approved changes. `spending_limits` are the accounts that they create or end."""
    accounts = [
        writable(multisig),
        signer(member),
        writable(addresses.proposal(multisig, index, program)),
        readonly(addresses.transaction(multisig, index, program)),
        payer(rent_payer),
        readonly(SYSTEM_PROGRAM_ID),
        *map(writable, spending_limits),
    ]
    return build(program, "config_transaction_execute", accounts)


def close_vault_transaction(
    *, multisig: Pubkey, index: int, rent_collector: Pubkey, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """Gives the rent of a transaction that has ended, and of its proposal, to the multisig's rent collector."""
    return build(program, "vault_transaction_accounts_close", _closing(multisig, index, rent_collector, program))


def close_config_transaction(
    *, multisig: Pubkey, index: int, rent_collector: Pubkey, program: Pubkey = PROGRAM_ID
) -> Instruction:
    """The same of a change of the multisig."""
    return build(program, "config_transaction_accounts_close", _closing(multisig, index, rent_collector, program))


def _closing(multisig: Pubkey, index: int, rent_collector: Pubkey, program: Pubkey) -> list[AccountMeta]:
    return [
        readonly(multisig),
        writable(addresses.proposal(multisig, index, program)),
        writable(addresses.transaction(multisig, index, program)),
        writable(rent_collector),
        readonly(SYSTEM_PROGRAM_ID),
    ]
