"""Values over time in one line of text; pure."""

import math
from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_UNKNOWN = "\N{MIDDLE DOT}"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Return at most `width` signs, the newest last, each the largest of its share; a dot where nothing is known.

    The lowest sign is the smallest value shown, the highest the largest; values that are all the same are low.
    """
    shown = _shared(values, width)
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    return "".join(_UNKNOWN if value is None else _LEVELS[_level(value, low, high)] for value in shown)


def _level(value: float, low: float, high: float) -> int:
    # Halves, since the difference of two finite values may be none.
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high / 2 > low / 2 else 0.0
    return min(int(share * len(_LEVELS)), len(_LEVELS) - 1)


def _shared(values: Sequence[float | None], width: int) -> list[float | None]:
    each = max(-(-len(values) // max(width, 1)), 1)
    shares = [values[place : place + each] for place in range(0, len(values), each)]
    finite = [[value for value in share if value is not None and math.isfinite(value)] for share in shares]
    return [max(share, default=None) for share in finite]
