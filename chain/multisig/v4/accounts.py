"""The accounts of Squads v4 that are read, typed and frozen; layouts from its IDL."""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from solders.pubkey import Pubkey

from chain.multisig.account import Account
from chain.multisig.model import Member
from chain.units import UnixTime
from chain.wire import U8, U16, U32, U64, Bytes64, discriminator


@dataclass(frozen=True)
class ProgramConfig(Account):
    """What the whole program is told: who may change this, what a multisig costs in lamports, and who gets that."""

    DISCRIMINATOR = discriminator("account", "ProgramConfig")

    authority: Pubkey
    multisig_creation_fee: U64
    treasury: Pubkey
    reserved: Bytes64


@dataclass(frozen=True)
class Multisig(Account):
    """The multisig. `config_authority` is zero where only the members decide."""

    DISCRIMINATOR = discriminator("account", "Multisig")

    create_key: Pubkey
    config_authority: Pubkey
    threshold: U16
    time_lock: U32
    transaction_index: U64
    stale_transaction_index: U64
    rent_collector: Pubkey | None
    bump: U8
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Draft:
    """Nobody may vote yet."""

    timestamp: UnixTime


@dataclass(frozen=True)
class Active:
    """Members vote."""

    timestamp: UnixTime


@dataclass(frozen=True)
class Rejected:
    """So many rejected that the threshold cannot be met."""

    timestamp: UnixTime


@dataclass(frozen=True)
class Approved:
    """The threshold is met; the time lock runs from here."""

    timestamp: UnixTime


@dataclass(frozen=True)
class Executing:
    """Of releases that are gone."""


@dataclass(frozen=True)
class Executed:
    """Done."""

    timestamp: UnixTime


@dataclass(frozen=True)
class Cancelled:
    """Called off after it was approved."""

    timestamp: UnixTime


ProposalStatus: TypeAlias = Draft | Active | Rejected | Approved | Executing | Executed | Cancelled


@dataclass(frozen=True)
class Proposal(Account):
    """What the members say of one transaction."""

    DISCRIMINATOR = discriminator("account", "Proposal")

    multisig: Pubkey
    transaction_index: U64
    status: ProposalStatus
    bump: U8
    approved: tuple[Pubkey, ...]
    rejected: tuple[Pubkey, ...]
    cancelled: tuple[Pubkey, ...]


@dataclass(frozen=True)
class CompiledInstruction:
    """An instruction whose accounts are numbers in its message's keys."""

    program_id_index: U8
    account_indexes: bytes
    data: bytes


@dataclass(frozen=True)
class TableLookup:
    """Accounts that come from an address lookup table."""

    account_key: Pubkey
    writable_indexes: bytes
    readonly_indexes: bytes


@dataclass(frozen=True)
class VaultTransactionMessage:
    """What a vault will do. Keys: signers (the writable ones first), then the others (likewise)."""

    num_signers: U8
    num_writable_signers: U8
    num_writable_non_signers: U8
    account_keys: tuple[Pubkey, ...]
    instructions: tuple[CompiledInstruction, ...]
    address_table_lookups: tuple[TableLookup, ...]


@dataclass(frozen=True)
class VaultTransaction(Account):
    """A message that a vault signs once it is approved."""

    DISCRIMINATOR = discriminator("account", "VaultTransaction")

    multisig: Pubkey
    creator: Pubkey
    index: U64
    bump: U8
    vault_index: U8
    vault_bump: U8
    ephemeral_signer_bumps: bytes
    message: VaultTransactionMessage


@dataclass(frozen=True)
class AddMember:
    """A new member."""

    new_member: Member


@dataclass(frozen=True)
class RemoveMember:
    """One member less."""

    old_member: Pubkey


@dataclass(frozen=True)
class ChangeThreshold:
    """Another number of approvals."""

    new_threshold: U16


@dataclass(frozen=True)
class SetTimeLock:
    """Another wait between approval and execution, in seconds."""

    new_time_lock: U32


class Period(IntEnum):
    """How often a spending limit begins anew."""

    ONE_TIME = 0
    DAY = 1
    WEEK = 2
    MONTH = 3


@dataclass(frozen=True)
class AddSpendingLimit:
    """Members who may spend from a vault without a vote, `amount` of the mint's base units in each period."""

    create_key: Pubkey
    vault_index: U8
    mint: Pubkey
    amount: U64
    period: Period
    members: tuple[Pubkey, ...]
    destinations: tuple[Pubkey, ...]


@dataclass(frozen=True)
class RemoveSpendingLimit:
    """The end of one."""

    spending_limit: Pubkey


@dataclass(frozen=True)
class SetRentCollector:
    """Who gets the rent of what is closed."""

    new_rent_collector: Pubkey | None


ConfigAction: TypeAlias = (
    AddMember | RemoveMember | ChangeThreshold | SetTimeLock | AddSpendingLimit | RemoveSpendingLimit | SetRentCollector
)


@dataclass(frozen=True)
class ConfigTransaction(Account):
    """A change of the multisig itself."""

    DISCRIMINATOR = discriminator("account", "ConfigTransaction")

    multisig: Pubkey
    creator: Pubkey
    index: U64
    bump: U8
    actions: tuple[ConfigAction, ...]
