"""What people type, as values: durations, dollars, wallets."""

from decimal import Decimal, InvalidOperation

from solders.pubkey import Pubkey

from chain.units import USDC_DECIMALS, UsdcUnits
from ops.errors import UsageError

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST_S = 36_500 * 86_400
MOST_DOLLARS = 1_000_000_000


def parse_duration(text: str) -> int:
    """Return the seconds of `90s`, `15m`, `24h` or `3d`; raises UsageError for anything else."""
    number, unit = text[:-1], text[-1:]
    if unit not in SECONDS or not (number.isascii() and number.isdigit() and len(number) < 10) or int(number) == 0:
        raise UsageError(f"{text!r} is no duration: write a whole number with s, m, h or d behind it, such as 3d.")
    if int(number) * SECONDS[unit] > LONGEST_S:
        raise UsageError(f"{text!r} is more than a century: write at most 36500d.")
    return int(number) * SECONDS[unit]


def parse_dollars(text: str) -> UsdcUnits:
    """Return the base units of `25` or `0.50`; raises UsageError for what is no amount of USDC."""
    try:
        dollars = Decimal(text)
        units = dollars.scaleb(USDC_DECIMALS)
        if not 0 < dollars <= MOST_DOLLARS or units != int(units):
            raise InvalidOperation
    except (InvalidOperation, ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no amount of dollars: write 25 or 0.50, six decimals at most, up to a billion."
        ) from None
    return UsdcUnits(int(units))


def parse_address(text: str, what: str) -> Pubkey:
    """Return the address; raises UsageError naming `what` it should have been."""
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise UsageError(f"{text!r} is not the address of {what}: write its 32 to 44 base58 characters.") from None


def is_address(text: str) -> bool:
    """Whether this is a whole address."""
    try:
        Pubkey.from_string(text)
    except ValueError:
        return False
    return True
