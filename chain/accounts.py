"""The program's accounts, typed and frozen; docs/protocol.md, "Accounts".

`from_account` checks the owner too and is what answers from outside go through; `from_bytes` is for data whose owner
is known. Both check discriminator, version and the exact layout. A Market and its MarketReceipt share one address:
`decode` tells which kind is there.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from solders.pubkey import Pubkey

from chain.constants import (
    ACCOUNT_VERSION,
    PROGRAM_ID,
    MarketState,
    RandomnessProvider,
    RefundReason,
    RequestStatus,
)
from chain.errors import AccountError, ForeignAccount, MalformedData, UnexpectedAccount, UnknownAccountVersion
from chain.units import BasisPoints, Slot, UnixTime, UsdcUnits
from chain.wire import U8, U32, U64, Bytes16, Bytes32, Bytes64, Bytes80, codec_of, discriminator

RECEIPT_LENGTH = 467
STATE_OFFSET = 9
"""Where a Market and a MarketReceipt keep their state, for memcmp filters."""
LIABILITY_OFFSET = 92
"""Where a Market keeps what its escrow owes, eight bytes, for sums over many."""


class Account:
    """What every account of the program has in common."""

    DISCRIMINATOR: ClassVar[bytes]

    @classmethod
    def from_account(cls, owner: Pubkey, data: bytes, program: Pubkey = PROGRAM_ID) -> Self:
        """The account, when `program` owns it. Raises ForeignAccount and whatever `from_bytes` raises."""
        if owner != program:
            raise ForeignAccount(f"the {cls.__name__} belongs to {owner}, not to the program {program}")
        return cls.from_bytes(data)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The account in `data`. Raises UnexpectedAccount, UnknownAccountVersion or MalformedData."""
        if data[:9] != cls.DISCRIMINATOR + _VERSION:
            raise _refusal(cls, data)
        account, end = codec_of(cls).decode(data, 8)
        cls._check_length(data, end)
        return account

    def to_bytes(self) -> bytes:
        """The account as the program keeps it."""
        return self.DISCRIMINATOR + codec_of(type(self)).encode(self)

    @classmethod
    def _check_length(cls, data: bytes, end: int) -> None:
        if end != len(data):
            raise MalformedData(f"a {cls.__name__} of {end} bytes is followed by {len(data) - end} more")


_VERSION = bytes((ACCOUNT_VERSION,))


def _refusal(kind: type[Account], data: bytes) -> AccountError:
    """Why the first nine bytes are not those of this kind."""
    if data[:8] != kind.DISCRIMINATOR:
        return UnexpectedAccount(f"these {len(data)} bytes do not begin as a {kind.__name__}")
    return UnknownAccountVersion(
        f"the {kind.__name__} has version {data[8:9].hex() or 'none'}, this release knows {ACCOUNT_VERSION}: "
        "use a release that knows it"
    )


@dataclass(frozen=True)
class ProgramConfig(Account):
    """The program's one configuration. A pending authority of 32 zero bytes means that none is proposed."""

    DISCRIMINATOR = discriminator("account", "ProgramConfig")

    version: U8
    bump: U8
    bond_bump: U8
    paused: bool
    admin: Pubkey
    oracle: Pubkey
    treasury: Pubkey
    guardian: Pubkey
    randomness_key: Bytes32
    pending_admin: Pubkey
    pending_oracle: Pubkey
    pending_treasury: Pubkey
    pending_guardian: Pubkey
    pending_randomness_key: Bytes32
    usdc_mint: Pubkey
    randomness_provider: RandomnessProvider
    bond_share_bps: BasisPoints
    bond_locked: UsdcUnits


@dataclass(frozen=True)
class Market(Account):
    """A market until it is finished. Times are 0 and the winner is zero until they are known.

    `liability` is what the escrow still owes; `draw` is r, in [0, total_stake).
    """

    DISCRIMINATOR = discriminator("account", "Market")

    version: U8
    state: MarketState
    bump: U8
    escrow_bump: U8
    uuid: Bytes16
    creator: Pubkey
    created_at: UnixTime
    closes_at: UnixTime
    staker_count: U32
    open_opinions: U32
    total_stake: UsdcUnits
    liability: UsdcUnits
    score: U8
    confidence: U8
    summary_hash: Bytes32
    scored_at: UnixTime
    statement_hash: Bytes32
    randomness_provider: RandomnessProvider
    randomness_key: Bytes32
    bond_share_bps: BasisPoints
    bond: UsdcUnits
    requested_at: UnixTime
    fee: UsdcUnits
    prize: UsdcUnits
    winner: Pubkey
    winner_start: UsdcUnits
    winner_stake: UsdcUnits
    draw: U64
    settled_at: UnixTime
    refund_reason: RefundReason
    prize_paid: bool
    fee_collected: bool
    statement: str

    def to_bytes(self) -> bytes:
        """The account as the program keeps it: padded with zeros to a receipt's length."""
        return (self.DISCRIMINATOR + codec_of(Market).encode(self)).ljust(RECEIPT_LENGTH, b"\0")

    @classmethod
    def _check_length(cls, data: bytes, end: int) -> None:
        """A Market is as long as the larger of its own layout and a receipt, so that it can become one."""
        if len(data) != max(end, RECEIPT_LENGTH) or data.count(0, end) != len(data) - end:
            raise MalformedData(f"a Market of {end} bytes is followed by {len(data) - end} that are not its padding")


@dataclass(frozen=True)
class Opinion(Account):
    """One staker's opinion; it owns the interval [start, start + stake) of the pool."""

    DISCRIMINATOR = discriminator("account", "Opinion")

    version: U8
    bump: U8
    paid: bool
    market: Pubkey
    staker: Pubkey
    start: UsdcUnits
    stake: UsdcUnits
    created_at: UnixTime
    text_hash: Bytes32
    cid: str

    def covers(self, draw: int) -> bool:
        """Whether `draw` (r, in base units of the pool) makes this opinion the winner."""
        return self.start <= draw < self.start + self.stake


@dataclass(frozen=True)
class VrfRequest(Account):
    """A market's request for randomness. Fields of a step not yet taken are zero."""

    DISCRIMINATOR = discriminator("account", "VrfRequest")

    version: U8
    status: RequestStatus
    bump: U8
    rearmed: bool
    market: Pubkey
    payer: Pubkey
    requested_at: UnixTime
    requested_slot: Slot
    target_slot: Slot
    first_target_slot: Slot
    captured_slot: Slot
    slot_hash: Bytes32
    captured_at: UnixTime
    alpha: Bytes32
    proof: Bytes80
    output: Bytes64
    fulfilled_at: UnixTime


@dataclass(frozen=True)
class MarketReceipt(Account):
    """What stays of a finished market, for ever, at the market's address."""

    DISCRIMINATOR = discriminator("account", "MarketReceipt")

    version: U8
    state: MarketState
    bump: U8
    refund_reason: RefundReason
    uuid: Bytes16
    creator: Pubkey
    created_at: UnixTime
    closes_at: UnixTime
    staker_count: U32
    total_stake: UsdcUnits
    score: U8
    confidence: U8
    summary_hash: Bytes32
    statement_hash: Bytes32
    randomness_provider: RandomnessProvider
    randomness_key: Bytes32
    bond: UsdcUnits
    fee: UsdcUnits
    prize: UsdcUnits
    winner: Pubkey
    winner_start: UsdcUnits
    winner_stake: UsdcUnits
    draw: U64
    settled_at: UnixTime
    captured_slot: Slot
    slot_hash: Bytes32
    proof: Bytes80
    output: Bytes64
    finished_at: UnixTime


@dataclass(frozen=True)
class RevokedKey(Account):
    """Marks a randomness key as lost for ever."""

    DISCRIMINATOR = discriminator("account", "RevokedKey")

    version: U8
    bump: U8
    key: Bytes32
    revoked_at: UnixTime


AnyAccount = ProgramConfig | Market | Opinion | VrfRequest | MarketReceipt | RevokedKey
_KINDS: dict[bytes, type[AnyAccount]] = {
    kind.DISCRIMINATOR: kind for kind in (ProgramConfig, Market, Opinion, VrfRequest, MarketReceipt, RevokedKey)
}


def decode(owner: Pubkey, data: bytes, program: Pubkey = PROGRAM_ID) -> AnyAccount:
    """Whatever account of ours this is. Raises ForeignAccount, UnexpectedAccount and whatever `from_bytes` raises."""
    if owner != program:
        raise ForeignAccount(f"the account belongs to {owner}, not to the program {program}")
    if (kind := _KINDS.get(data[:8])) is None:
        raise UnexpectedAccount(f"these {len(data)} bytes begin as no account of the program")
    return kind.from_bytes(data)


def decode_market(owner: Pubkey, data: bytes, program: Pubkey = PROGRAM_ID) -> Market | MarketReceipt:
    """What stands at a market's address: the Market or its receipt. Raises UnexpectedAccount for other kinds."""
    account = decode(owner, data, program)
    if not isinstance(account, Market | MarketReceipt):
        raise UnexpectedAccount(f"this is a {type(account).__name__}, not a Market or a MarketReceipt")
    return account
