"""Clock: what time and epoch a slot has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solders.clock import Clock

SLOTS_PER_EPOCH = 432_000
# Warps convert between seconds and slots at mainnet's pace, whatever --slot-ms says, so that
# "three days" is as many slots here as there.
NOMINAL_SLOT_SECONDS = 0.4


@dataclass
class ChainTime:
    """The chain's time: the host's, plus what was warped; it never runs backwards.

    `host_time` must be read from the host's clock once and then follow one that nobody sets: after a jump
    ahead that is corrected, time would stand still until the host is there again.
    """

    host_time: Callable[[], float]
    offset: float = 0.0
    latest: int = 0

    def now(self) -> int:
        """Seconds since 1970 on the chain."""
        self.latest = max(self.latest, int(self.host_time() + self.offset))
        return self.latest

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.offset += seconds


def clock_at(slot: int, unix_time: int, epoch_start: int) -> Clock:
    """The Clock sysvar of `slot`."""
    epoch = slot // SLOTS_PER_EPOCH
    return Clock(
        slot=slot,
        epoch_start_timestamp=epoch_start,
        epoch=epoch,
        leader_schedule_epoch=epoch + 1,
        unix_timestamp=unix_time,
    )
