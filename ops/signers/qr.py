"""QR codes in a terminal, as large as it has room for."""

import io
from collections.abc import Callable, Sequence

import segno

_BORDER = 2
# Characters of base32, digits and colons that versions 1 to 40 hold at the lowest correction (ISO/IEC 18004, table 7).
_SMALLEST, _LARGEST, _STEP = 1, 40, 4


def longest_text(columns: int, lines: int) -> int:
    """How many characters a QR code can have that fits; 0 where not even the smallest does."""
    fitting = [version for version in range(_SMALLEST, _LARGEST + 1) if _fits(version, columns, lines)]
    return _holds(fitting[-1]) if fitting else 0


def _fits(version: int, columns: int, lines: int) -> bool:
    side = 17 + _STEP * version + 2 * _BORDER
    # Two rows of modules are one line of half blocks.
    return side <= columns and (side + 1) // 2 <= lines


def _holds(version: int) -> int:
    """By trial, since the table is the library's own."""
    low, high = 1, 4_296
    while low < high:
        middle = (low + high + 1) // 2
        if _version("A" * middle) <= version:
            low = middle
        else:
            high = middle - 1
    return low


def _version(text: str) -> int:
    return int(segno.make(text, error="l", micro=False, boost_error=False).version)


def drawn(text: str) -> str:
    """The QR code of a text, in half blocks, light on dark."""
    page = io.StringIO()
    segno.make(text, error="l", micro=False, boost_error=False).terminal(page, border=_BORDER, compact=True)
    return page.getvalue()


def show(parts: Sequence[str], say: Callable[[str], None], wait: Callable[[], None]) -> None:
    """Draw one after the other, waiting for the person in between."""
    for number, part in enumerate(parts, 1):
        if number > 1:
            wait()
        say(f"{drawn(part)}{f'part {number} of {len(parts)}' if len(parts) > 1 else ''}")
