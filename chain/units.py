"""Units: what a number means is part of its type, so that lamports never pass for dollars.

The NewTypes cost nothing at run time. `Stake` is a real class, because a stake outside its limits must not exist.
"""

from dataclasses import dataclass
from typing import NewType

from chain.errors import StakeOutsideLimits

Lamports = NewType("Lamports", int)
"""1 SOL is 1,000,000,000."""
MicroLamports = NewType("MicroLamports", int)
"""Price of one compute unit, in millionths of a lamport."""
UsdcUnits = NewType("UsdcUnits", int)
"""USDC base units: $1 is 1,000,000."""
ComputeUnits = NewType("ComputeUnits", int)
Slot = NewType("Slot", int)
BlockHeight = NewType("BlockHeight", int)
BasisPoints = NewType("BasisPoints", int)
"""1 is 0.01%."""
UnixTime = NewType("UnixTime", int)
"""Seconds of the cluster's Clock; 0 where something has not happened yet."""
Seconds = NewType("Seconds", int)

USDC_DECIMALS = 6
LAMPORTS_PER_SOL = 1_000_000_000


def usdc(units: UsdcUnits) -> str:
    """Dollars to the last unit that counts: `$12.50`, `$0.000001`, `-$3.00`."""
    sign = "-" if units < 0 else ""
    dollars, rest = divmod(abs(units), 10**USDC_DECIMALS)
    decimals = f"{rest:0{USDC_DECIMALS}d}".rstrip("0").ljust(2, "0")
    return f"{sign}${dollars:,}.{decimals}"


def sol(lamports: Lamports) -> str:
    """SOL to the last lamport that counts: `1.5 SOL`, `0.000005 SOL`."""
    sign = "-" if lamports < 0 else ""
    whole, rest = divmod(abs(lamports), LAMPORTS_PER_SOL)
    decimals = f"{rest:09d}".rstrip("0")
    return f"{sign}{whole:,}{'.' if decimals else ''}{decimals} SOL"


@dataclass(frozen=True, slots=True, order=True)
class Stake:
    """What one staker may put on a market: $0.50 to $10, both included.

    Raises StakeOutsideLimits for anything else, so that whoever holds a Stake holds a valid one.
    """

    units: UsdcUnits

    MINIMUM = UsdcUnits(500_000)
    MAXIMUM = UsdcUnits(10_000_000)

    def __post_init__(self) -> None:
        if not self.MINIMUM <= self.units <= self.MAXIMUM:
            raise StakeOutsideLimits(
                f"a stake of {usdc(self.units)} is not between $0.50 and $10.00: choose another amount"
            )

    def __str__(self) -> str:
        return usdc(self.units)
