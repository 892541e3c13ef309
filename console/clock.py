"""What time it is for the console: now, or in a replay what it was."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


CLOCK: ContextVar[Callable[[], datetime]] = ContextVar("CLOCK", default=_now)
"""Set before the console starts: all its tasks have it."""


def now() -> datetime:
    """Return the time that is shown, UTC."""
    return CLOCK.get()()
