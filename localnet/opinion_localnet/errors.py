"""Errors for the person who starts the node: each is one sentence."""

from __future__ import annotations


class LocalnetError(Exception):
    """Something the user can put right; `str()` of it is the sentence to show."""


class LedgerError(LocalnetError):
    """The ledger cannot be opened, read or written."""
