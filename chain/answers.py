"""What RPC endpoints answer, as frozen values of ours. All of it comes from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction_status import TransactionErrorType

from chain.units import BlockHeight, ComputeUnits, Lamports, Slot, UnixTime


class Commitment(StrEnum):
    """How sure the cluster is."""

    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"

    def reaches(self, wanted: "Commitment") -> bool:
        """Whether this is at least as sure as `wanted`."""
        order = list(Commitment)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True, slots=True)
class ChainAccount:
    """An account as it was in `slot`."""

    key: Pubkey
    owner: Pubkey
    lamports: Lamports
    data: bytes
    executable: bool
    slot: Slot


@dataclass(frozen=True, slots=True)
class ProgramRead:
    """A program's accounts as they were in `slot`."""

    slot: Slot
    accounts: list[ChainAccount]


@dataclass(frozen=True, slots=True)
class MemcmpFilter:
    """Accounts whose data hold `expected` at `offset`."""

    offset: int
    expected: bytes


@dataclass(frozen=True, slots=True)
class LatestBlockhash:
    """What a transaction is signed with; it cannot land above the height."""

    blockhash: Hash
    last_valid_block_height: BlockHeight


@dataclass(frozen=True, slots=True)
class Simulation:
    """`error` is None when the transaction would succeed now."""

    error: TransactionErrorType | None
    logs: tuple[str, ...]
    units: ComputeUnits


@dataclass(frozen=True, slots=True)
class SignatureStatus:
    """Where a transaction stands. `error` is the transaction's own failure."""

    slot: Slot
    commitment: Commitment
    error: TransactionErrorType | None


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """One line of an address's history; `at` is None where the node does not keep it."""

    signature: Signature
    slot: Slot
    failed: bool
    at: UnixTime | None = None


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A landed transaction. `units` and `block_time` are None when the node does not keep them."""

    signature: Signature
    slot: Slot
    block_time: UnixTime | None
    error: TransactionErrorType | None
    logs: Sequence[str]
    fee: Lamports
    units: ComputeUnits | None
