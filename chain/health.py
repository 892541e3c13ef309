"""What is remembered of an endpoint, and when it may be asked again. Pure: the caller brings time and chance."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from chain.errors import RateLimited, RpcError

LONGEST_WAIT = 30.0
"""Seconds; also the most that an endpoint's Retry-After is believed."""


@dataclass(slots=True)
class Health:
    """One endpoint's. Times are of one monotonic clock, in seconds."""

    first_wait: float = 0.25
    failures: int = 0
    """In a row."""
    ready_at: float = 0.0
    last_error: RpcError | None = None
    random: Random = field(default_factory=Random, repr=False)
    counted: Counter[str] = field(default_factory=Counter[str], repr=False)
    """Every failure so far, by the name of its error."""

    def succeeded(self) -> None:
        """Forgets what was."""
        self.failures, self.ready_at, self.last_error = 0, 0.0, None

    def failed(self, error: RpcError, now: float) -> None:
        """Waits twice as long after each failure in a row, with jitter, or as long as the endpoint asks."""
        self.failures += 1
        self.counted[type(error).__name__] += 1
        self.last_error = error
        wait = min(self.first_wait * 2 ** min(self.failures - 1, 20), LONGEST_WAIT) * self.random.uniform(0.5, 1.0)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = max(wait, min(error.retry_after, LONGEST_WAIT))
        self.ready_at = now + wait

    def wait(self, now: float) -> float:
        """Seconds until this endpoint may be asked."""
        return max(0.0, self.ready_at - now)
