"""What `opinion up` says of the markets: one line a change, and a summary now and then."""

from collections import Counter
from collections.abc import Iterable

from store.settlements import Settlement, Status


def position(settlement: Settlement) -> str:
    """Return where one market stands, in words."""
    if settlement.status is Status.DONE:
        return "done"
    if settlement.status is Status.PARKED:
        return f"PARKED in {settlement.phase}: {settlement.reason or 'no reason was given'}"
    if settlement.status is Status.WAITING:
        return f"{settlement.phase}, waits for {settlement.wait_reason or 'its turn'}"
    return str(settlement.phase)


def summary(settlements: Iterable[Settlement], running: int, wanted: int) -> str:
    """Return one line about all markets and all processes."""
    counts = Counter(settlement.status for settlement in settlements)
    markets = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status]) or "none to settle yet"
    return f"processes {running} of {wanted}; markets: {markets}"


class Progress:
    """Remembers where each market stood, so that only what changed is told."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def changes(self, settlements: Iterable[Settlement]) -> list[tuple[str, str]]:
        """Return (market, position) of every market that stands elsewhere than when asked before."""
        changed: list[tuple[str, str]] = []
        for settlement in settlements:
            words = position(settlement)
            if self._seen.get(settlement.market) != words:
                self._seen[settlement.market] = words
                changed.append((settlement.market, words))
        return changed
