"""Accounts as they were at older commitments: what each recent slot overwrote."""

from __future__ import annotations

from collections import deque

from solders.account import Account
from solders.pubkey import Pubkey


class AccountVersions:
    """For every recent slot, the accounts it changed as they were before it.

    The SVM holds only the newest state; a reader at `finalized` needs one about 33 slots old. The account
    as of slot s is what the first slot after s overwrote or, if none did, the newest.
    """

    def __init__(self) -> None:
        self._slots: deque[tuple[int, dict[Pubkey, Account | None]]] = deque()

    def begin(self, slot: int) -> None:
        """Start `slot`; later calls of `remember` belong to it."""
        self._slots.append((slot, {}))

    def is_remembered(self, address: Pubkey) -> bool:
        """Whether the newest slot has written `address` already."""
        return address in self._slots[-1][1]

    def remember(self, address: Pubkey, before: Account | None) -> None:
        """Keep what the newest slot is about to overwrite; the first call for an address counts."""
        self._slots[-1][1].setdefault(address, before)

    def touched(self) -> list[Pubkey]:
        """The addresses that the newest slot wrote."""
        return list(self._slots[-1][1])

    def lookup(self, address: Pubkey, slot: int) -> tuple[bool, Account | None]:
        """(True, the account as of `slot`), or (False, None) if nothing has changed it since."""
        for number, before in self._slots:
            if number > slot and address in before:
                return True, before[address]
        return False, None

    def changed_since(self, slot: int) -> dict[Pubkey, Account | None]:
        """Every account changed after `slot`, as it was at `slot`."""
        merged: dict[Pubkey, Account | None] = {}
        for number, before in self._slots:
            if number > slot:
                for address, account in before.items():
                    merged.setdefault(address, account)
        return merged

    def forget(self, slot: int) -> None:
        """Drop what is needed only to see states older than `slot`."""
        while self._slots and self._slots[0][0] <= slot:
            self._slots.popleft()
