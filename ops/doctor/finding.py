"""What a look at one part found."""

import os
from collections.abc import AsyncIterator, Awaitable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TypeVar

import httpx
from redis.exceptions import RedisError

from chain.errors import ChainError
from oracle.errors import OracleError
from settings import SettingsError
from store.errors import StoreError

T = TypeVar("T")
Findings = AsyncIterator["Finding"]
MOST_SKEW_S = 60
"""How far a clock may be from this host's."""
EXPLAINED = (ChainError, StoreError, SettingsError, OracleError)
"""Errors whose words are for people."""
UNANSWERED = (RedisError, httpx.HTTPError, OSError, TimeoutError)
"""Errors of a connection, whose words may hold addresses."""


class Verdict(StrEnum):
    """Well; well, but somebody should know; not well."""

    OK = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """One part, how it is, and what to do where it is not well."""

    part: str
    verdict: Verdict
    words: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """The same for programs."""
        return {name: str(value) for name, value in asdict(self).items()}


def ok(part: str, words: str) -> Finding:
    """The part is well."""
    return Finding(part, Verdict.OK, words)


def note(part: str, words: str, remedy: str = "") -> Finding:
    """The part does its work, and somebody should know."""
    return Finding(part, Verdict.NOTE, words, remedy)


def wrong(part: str, words: str, remedy: str) -> Finding:
    """The part is not well; `remedy` says what to do."""
    return Finding(part, Verdict.WRONG, words, remedy)


async def tried(part: str, asking: Awaitable[T], remedy: str) -> T | Finding:
    """Return what was asked for, or the finding that it could not be had."""
    try:
        return await asking
    except EXPLAINED as error:
        return wrong(part, str(error), remedy)
    except UNANSWERED as error:
        return wrong(part, f"it does not answer ({reason(error)})", remedy)


def reason(error: BaseException) -> str:
    """Return why a connection failed, in the system's words where it was the system's doing, else the error's kind.

    Never the error's own words, which may hold addresses and passwords.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            # Names that cannot be resolved have numbers of their own, below zero.
            told = os.strerror(cause.errno) if cause.errno > 0 else cause.strerror
            return str(told)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
