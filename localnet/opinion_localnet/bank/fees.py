"""Priority fees: what a transaction bids, and what recent ones did."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Sequence

from solders.pubkey import Pubkey

from opinion_localnet import addresses
from opinion_localnet.bank.messages import LoadedTransaction

LAMPORTS_PER_SIGNATURE = 5000
_KEPT_SLOTS = 150
_DEFAULT_UNITS = 200_000
_BUILTIN_UNITS = 3_000
_MAX_UNITS = 1_400_000
_BUILTINS = addresses.PRECOMPILES | {
    addresses.SYSTEM_PROGRAM,
    addresses.COMPUTE_BUDGET_PROGRAM,
    addresses.VOTE_PROGRAM,
    *addresses.LOADERS,
}


def _programs(loaded: LoadedTransaction) -> list[tuple[Pubkey, bytes]]:
    return [(loaded.keys[i.program_id_index], i.data) for i in loaded.instructions]


def prioritization_fee(loaded: LoadedTransaction) -> int:
    """The compute unit price that the transaction asks to pay, in micro-lamports."""
    for program, data in _programs(loaded):
        if program == addresses.COMPUTE_BUDGET_PROGRAM and data[:1] == b"\x03" and len(data) >= 9:
            return struct.unpack_from("<Q", data, 1)[0]
    return 0


def compute_unit_limit(loaded: LoadedTransaction) -> int:
    """The most compute units that the transaction may use: what it asks for, or the default."""
    default = 0
    for program, data in _programs(loaded):
        if program == addresses.COMPUTE_BUDGET_PROGRAM and data[:1] == b"\x02" and len(data) >= 5:
            return min(_MAX_UNITS, struct.unpack_from("<I", data, 1)[0])
        default += _BUILTIN_UNITS if program in _BUILTINS else _DEFAULT_UNITS
    return min(_MAX_UNITS, default)


def total_fee(loaded: LoadedTransaction) -> int:
    """The lamports that the transaction costs: signatures, precompile signatures and priority."""
    verified = sum(data[0] for program, data in _programs(loaded) if program in addresses.PRECOMPILES and data)
    base = LAMPORTS_PER_SIGNATURE * (loaded.signer_count + verified)
    micro_lamports = prioritization_fee(loaded) * compute_unit_limit(loaded)
    return base + -(-micro_lamports // 1_000_000)


class RecentFees:
    """The lowest price that landed in each recent slot, over all and per written account."""

    def __init__(self) -> None:
        self._slots: deque[tuple[int, list[tuple[int, frozenset[Pubkey]]]]] = deque(maxlen=_KEPT_SLOTS)

    def begin(self, slot: int) -> None:
        """Start `slot`."""
        self._slots.append((slot, []))

    def add(self, price: int, written: Iterable[Pubkey]) -> None:
        """Count a transaction of the newest slot."""
        self._slots[-1][1].append((price, frozenset(written)))

    def lowest(self, accounts: Sequence[Pubkey], up_to: int) -> list[tuple[int, int]]:
        """(slot, price) for slots up to `up_to` with transactions: enough to write every one of `accounts`."""
        answer: list[tuple[int, int]] = []
        for slot, landed in self._slots:
            if slot > up_to:
                break
            if not landed:
                continue
            floor = min(price for price, _ in landed)
            for account in accounts:
                prices = [price for price, written in landed if account in written]
                floor = max(floor, min(prices, default=0))
            answer.append((slot, floor))
        return answer
