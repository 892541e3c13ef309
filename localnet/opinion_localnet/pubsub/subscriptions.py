"""What a subscriber wants to hear, and which notifications are due. No I/O here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from solders.pubkey import Pubkey

from opinion_localnet.bank.records import Commitment
from opinion_localnet.rpc.params import Config


@dataclass(frozen=True, slots=True)
class AccountWanted:
    """accountSubscribe."""

    address: Pubkey
    config: Config
    commitment: Commitment
    encoding: str


@dataclass(frozen=True, slots=True)
class ProgramWanted:
    """programSubscribe; `keep` is the filters."""

    program: Pubkey
    keep: Callable[[bytes], bool]
    config: Config
    commitment: Commitment
    encoding: str


@dataclass(frozen=True, slots=True)
class SignatureWanted:
    """signatureSubscribe: one notification, and it is over."""

    signature: str
    commitment: Commitment
    # Also tell when the node has received the transaction.
    received: bool


@dataclass(frozen=True, slots=True)
class LogsWanted:
    """logsSubscribe; None hears every transaction."""

    mentions: str | None
    commitment: Commitment


@dataclass(frozen=True, slots=True)
class SlotWanted:
    """slotSubscribe."""


@dataclass(frozen=True, slots=True)
class RootWanted:
    """rootSubscribe."""


@dataclass(frozen=True, slots=True)
class SlotUpdatesWanted:
    """slotsUpdatesSubscribe."""


Wanted: TypeAlias = (
    AccountWanted | ProgramWanted | SignatureWanted | LogsWanted | SlotWanted | RootWanted | SlotUpdatesWanted
)

METHODS: dict[type, str] = {
    AccountWanted: "account",
    ProgramWanted: "program",
    SignatureWanted: "signature",
    LogsWanted: "logs",
    SlotWanted: "slot",
    RootWanted: "root",
    SlotUpdatesWanted: "slotsUpdates",
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription of one connection."""

    id: int
    wanted: Wanted
    # Puts a notification in the connection's queue; never blocks.
    deliver: Callable[[bytes], None] = field(compare=False)
