"""The program's events, and reading them out of a transaction's log.

An event is a `Program data:` line that our program wrote itself (see chain.logs); other programs' look-alikes and
whatever stands behind a cut are not taken.
"""

import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from solders.pubkey import Pubkey

from chain.constants import PROGRAM_ID, RandomnessProvider, RefundReason, Role
from chain.errors import MalformedData, UnexpectedAccount
from chain.logs import trace
from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits
from chain.wire import U8, U32, Bytes32, Bytes64, codec_of, discriminator

_PREFIX = "Program data: "


class Event:
    """What every event has in common."""

    DISCRIMINATOR: ClassVar[bytes]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The event in `data`, discriminator included. Raises UnexpectedAccount or MalformedData."""
        if data[:8] != cls.DISCRIMINATOR:
            raise UnexpectedAccount(f"these {len(data)} bytes do not begin as a {cls.__name__}")
        event, end = codec_of(cls).decode(data, 8)
        if end != len(data):
            raise MalformedData(f"a {cls.__name__} of {end} bytes is followed by {len(data) - end} more")
        return event

    def to_bytes(self) -> bytes:
        """The event as the program logs it."""
        return self.DISCRIMINATOR + codec_of(type(self)).encode(self)


@dataclass(frozen=True)
class ConfigInitializedEvent(Event):
    """The program was set up."""

    DISCRIMINATOR = discriminator("event", "ConfigInitializedEvent")

    admin: Pubkey
    oracle: Pubkey
    treasury: Pubkey
    guardian: Pubkey
    randomness_key: Bytes32


@dataclass(frozen=True)
class AuthorityProposedEvent(Event):
    """The admin proposed a key for a role; the zero key withdrew the proposal."""

    DISCRIMINATOR = discriminator("event", "AuthorityProposedEvent")

    role: Role
    key: Pubkey


@dataclass(frozen=True)
class AuthorityAcceptedEvent(Event):
    """The proposed key took the role."""

    DISCRIMINATOR = discriminator("event", "AuthorityAcceptedEvent")

    role: Role
    key: Pubkey


@dataclass(frozen=True)
class PausedSetEvent(Event):
    """New markets and stakes were stopped or resumed."""

    DISCRIMINATOR = discriminator("event", "PausedSetEvent")

    authority: Pubkey
    paused: bool


@dataclass(frozen=True)
class RandomnessSetEvent(Event):
    """What markets created from now on pin."""

    DISCRIMINATOR = discriminator("event", "RandomnessSetEvent")

    randomness_provider: RandomnessProvider
    bond_share_bps: BasisPoints


@dataclass(frozen=True)
class RandomnessKeyRevokedEvent(Event):
    """A randomness key was marked as lost."""

    DISCRIMINATOR = discriminator("event", "RandomnessKeyRevokedEvent")

    key: Bytes32


@dataclass(frozen=True)
class BondDepositedEvent(Event):
    """The bond grew."""

    DISCRIMINATOR = discriminator("event", "BondDepositedEvent")

    depositor: Pubkey
    amount: UsdcUnits


@dataclass(frozen=True)
class BondWithdrawnEvent(Event):
    """Free bond was taken back."""

    DISCRIMINATOR = discriminator("event", "BondWithdrawnEvent")

    destination: Pubkey
    amount: UsdcUnits


@dataclass(frozen=True)
class MarketCreatedEvent(Event):
    """A market opened."""

    DISCRIMINATOR = discriminator("event", "MarketCreatedEvent")

    market: Pubkey
    creator: Pubkey
    closes_at: UnixTime
    statement_hash: Bytes32


@dataclass(frozen=True)
class OpinionStakedEvent(Event):
    """Somebody staked; `staker_count` and `total_stake` are those after it."""

    DISCRIMINATOR = discriminator("event", "OpinionStakedEvent")

    market: Pubkey
    staker: Pubkey
    start: UsdcUnits
    stake: UsdcUnits
    staker_count: U32
    total_stake: UsdcUnits


@dataclass(frozen=True)
class MarketClosedEvent(Event):
    """A market's time was up."""

    DISCRIMINATOR = discriminator("event", "MarketClosedEvent")

    market: Pubkey
    staker_count: U32
    total_stake: UsdcUnits


@dataclass(frozen=True)
class SentimentRecordedEvent(Event):
    """The oracle recorded a score."""

    DISCRIMINATOR = discriminator("event", "SentimentRecordedEvent")

    market: Pubkey
    score: U8
    confidence: U8
    summary_hash: Bytes32


@dataclass(frozen=True)
class VrfRandomnessRequestedEvent(Event):
    """The target slot was fixed and the bond locked."""

    DISCRIMINATOR = discriminator("event", "VrfRandomnessRequestedEvent")

    market: Pubkey
    target_slot: Slot
    bond: UsdcUnits


@dataclass(frozen=True)
class SlotHashCapturedEvent(Event):
    """The slot hash, and so alpha, was fixed."""

    DISCRIMINATOR = discriminator("event", "SlotHashCapturedEvent")

    market: Pubkey
    slot: Slot
    slot_hash: Bytes32
    alpha: Bytes32


@dataclass(frozen=True)
class SlotHashRearmedEvent(Event):
    """A lapsed target was replaced, once."""

    DISCRIMINATOR = discriminator("event", "SlotHashRearmedEvent")

    market: Pubkey
    target_slot: Slot


@dataclass(frozen=True)
class VrfRandomnessFulfilledEvent(Event):
    """The randomness was verified."""

    DISCRIMINATOR = discriminator("event", "VrfRandomnessFulfilledEvent")

    market: Pubkey
    output: Bytes64


@dataclass(frozen=True)
class LotterySettledEvent(Event):
    """The winner was drawn."""

    DISCRIMINATOR = discriminator("event", "LotterySettledEvent")

    market: Pubkey
    winner: Pubkey
    draw: UsdcUnits
    prize: UsdcUnits
    fee: UsdcUnits


@dataclass(frozen=True)
class PrizeClaimedEvent(Event):
    """The prize was paid."""

    DISCRIMINATOR = discriminator("event", "PrizeClaimedEvent")

    market: Pubkey
    winner: Pubkey
    destination: Pubkey
    amount: UsdcUnits


@dataclass(frozen=True)
class StakeRecoveredEvent(Event):
    """A stake was refunded, with its share of the bond."""

    DISCRIMINATOR = discriminator("event", "StakeRecoveredEvent")

    market: Pubkey
    staker: Pubkey
    destination: Pubkey
    stake: UsdcUnits
    bond_share: UsdcUnits


@dataclass(frozen=True)
class FeeCollectedEvent(Event):
    """The fee was paid."""

    DISCRIMINATOR = discriminator("event", "FeeCollectedEvent")

    market: Pubkey
    destination: Pubkey
    amount: UsdcUnits


@dataclass(frozen=True)
class MarketRefundingEvent(Event):
    """The market became refundable; `bond` is what the stakers share on top."""

    DISCRIMINATOR = discriminator("event", "MarketRefundingEvent")

    market: Pubkey
    reason: RefundReason
    bond: UsdcUnits


@dataclass(frozen=True)
class OpinionClosedEvent(Event):
    """An Opinion was closed."""

    DISCRIMINATOR = discriminator("event", "OpinionClosedEvent")

    market: Pubkey
    staker: Pubkey


@dataclass(frozen=True)
class MarketFinishedEvent(Event):
    """The market became its receipt; `swept` is what was donated to the escrow."""

    DISCRIMINATOR = discriminator("event", "MarketFinishedEvent")

    market: Pubkey
    swept: UsdcUnits


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Data that our program logged and this release does not understand: a newer program's, most likely."""

    text: str
    """The log line behind `Program data: `."""


@dataclass(frozen=True, slots=True)
class Events:
    """What a transaction's log tells. `complete` is False when the log was cut: read the accounts instead."""

    events: tuple[Event | UnknownEvent, ...]
    complete: bool


_KINDS: dict[bytes, type[Event]] = {kind.DISCRIMINATOR: kind for kind in Event.__subclasses__()}


def parse_events(logs: Iterable[str], program: Pubkey = PROGRAM_ID) -> Events:
    """The events that `program` logged, in order; none of a failed transaction, which changed nothing."""
    found = trace(logs)
    lines = [] if found.failed else found.by(program)
    texts = [line.text.removeprefix(_PREFIX) for line in lines if line.text.startswith(_PREFIX)]
    return Events(tuple(_event(text) for text in texts), found.complete)


def _event(text: str) -> Event | UnknownEvent:
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
        return _KINDS[data[:8]].from_bytes(data)
    except (binascii.Error, KeyError, MalformedData, ValueError):
        return UnknownEvent(text)
