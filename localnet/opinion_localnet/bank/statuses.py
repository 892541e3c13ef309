"""Recent signatures: duplicates are refused, and statuses answered without the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from opinion_localnet.bank.records import ErrorJson

# As many slots as a cluster's status cache holds roots for; twice what a blockhash lives.
_KEPT_SLOTS = 300


@dataclass(frozen=True, slots=True)
class SignatureStatus:
    """Where a transaction landed, and how it ended."""

    slot: int
    err: ErrorJson | None


class RecentStatuses:
    """The statuses of the newest slots."""

    def __init__(self) -> None:
        self._by_signature: dict[str, SignatureStatus] = {}
        self._by_slot: deque[tuple[int, list[str]]] = deque()

    def begin(self, slot: int) -> None:
        """Start `slot`, and drop what is older than the window."""
        self._by_slot.append((slot, []))
        while len(self._by_slot) > _KEPT_SLOTS:
            _, signatures = self._by_slot.popleft()
            for signature in signatures:
                self._by_signature.pop(signature, None)

    def add(self, signature: str, status: SignatureStatus) -> None:
        """Remember a transaction of the newest slot."""
        self._by_slot[-1][1].append(signature)
        self._by_signature[signature] = status

    def restore(self, entries: Iterable[tuple[str, SignatureStatus]]) -> None:
        """Take over what a ledger knew of its newest slots, oldest first."""
        for signature, status in entries:
            if not self._by_slot or self._by_slot[-1][0] != status.slot:
                self.begin(status.slot)
            self.add(signature, status)

    def get(self, signature: str) -> SignatureStatus | None:
        """The status of `signature`, if it is recent."""
        return self._by_signature.get(signature)
