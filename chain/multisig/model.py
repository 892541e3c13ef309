"""What every multisig is, whichever program keeps it: members, threshold, proposals and their status."""

from dataclasses import dataclass
from enum import Enum, IntFlag

from solders.pubkey import Pubkey

from chain.units import Seconds, UnixTime


class Roles(IntFlag):
    """What a member may do. Squads v4 numbers them so; in v3 every member may do everything."""

    INITIATE = 1
    VOTE = 2
    EXECUTE = 4


EVERY_ROLE = Roles.INITIATE | Roles.VOTE | Roles.EXECUTE


@dataclass(frozen=True)
class Member:
    """A key, and what it may do."""

    key: Pubkey
    roles: Roles


class Status(Enum):
    """Where a proposal stands. Of v3's, ExecuteReady is APPROVED."""

    DRAFT = "draft"
    ACTIVE = "active"
    APPROVED = "approved"
    EXECUTING = "executing"
    """Written by releases of v4 that are gone; nothing can be done about it."""
    EXECUTED = "executed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether it may still be executed one day."""
        return self in (Status.DRAFT, Status.ACTIVE, Status.APPROVED)


@dataclass(frozen=True)
class Multisig:
    """A multisig as the chain shows it.

    `config_authority` is a key that may change members, threshold and time lock without anybody's vote, None where
    only the members can. Proposals up to `stale_index` were made under other members or another threshold.
    """

    address: Pubkey
    program: Pubkey
    create_key: Pubkey
    members: tuple[Member, ...]
    threshold: int
    time_lock: Seconds
    config_authority: Pubkey | None
    last_index: int
    stale_index: int
    stale_changes_execute: bool

    @property
    def voters(self) -> tuple[Pubkey, ...]:
        """Whose approvals count."""
        return tuple(member.key for member in self.members if Roles.VOTE in member.roles)

    def roles_of(self, key: Pubkey) -> Roles:
        """What the key may do; nothing for a stranger."""
        return next((member.roles for member in self.members if member.key == key), Roles(0))


@dataclass(frozen=True)
class Proposal:
    """What the members say of one transaction.

    `since` is when it came into this status, None where the program does not keep it.
    """

    multisig: Pubkey
    index: int
    address: Pubkey
    status: Status
    since: UnixTime | None
    approved: tuple[Pubkey, ...]
    rejected: tuple[Pubkey, ...]
    cancelled: tuple[Pubkey, ...]
