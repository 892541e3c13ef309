"""Why a job failed, as it may be shown: the end of its traceback, with no secret in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from oracle.logs import secrets_of
from settings import Settings

MOST_LINES = 120
LONGEST_LINE = 400
_HIDDEN = "…"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ in any address; what stands after a path's ? there; API keys; a keypair file's 64 numbers.
    (re.compile(r"(?<=://)[^/\s:@'\"]*:[^/\s@'\"]*@"), f"{_HIDDEN}@"),
    (re.compile(r"(https?://[^\s?'\"<>]+)\?[^\s'\"<>]+"), rf"\1?{_HIDDEN}"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), _HIDDEN),
    (
        re.compile(
            r"(?i)\b(bearer|api[-_]?key|x-api-key|password|token|secret)(['\"]?\s*[:= ]\s*['\"]?)[^\s'\",;)&]{6,}"
        ),
        rf"\1\2{_HIDDEN}",
    ),
    (re.compile(r"\[\s*(?:\d{1,3}\s*,\s*){31,}\d{1,3}\s*\]"), f"[{_HIDDEN}]"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a job failed. `traceback` is without secrets and of bounded length; `cut` lines were left out before it."""

    job: str
    at: datetime
    worker: str
    traceback: str
    cut: int


class Scrubber:
    """Takes secrets out of words: those of the settings, and what looks like one of another host's."""

    def __init__(self, settings: Settings) -> None:
        self._known: Mapping[str, str] = secrets_of(settings)

    def __call__(self, words: str) -> str:
        """Return the words without them."""
        for secret, shown in self._known.items():
            words = words.replace(secret, shown)
        for pattern, shown in _PATTERNS:
            words = pattern.sub(shown, words)
        return words


def bounded(traceback: str) -> tuple[str, int]:
    """Return the traceback's last lines, each cut to a length, and how many were left out."""
    lines = [line[:LONGEST_LINE] + _HIDDEN * (len(line) > LONGEST_LINE) for line in traceback.rstrip().splitlines()]
    return "\n".join(lines[-MOST_LINES:]), max(len(lines) - MOST_LINES, 0)


def last_line(traceback: str) -> str:
    """Return what a traceback comes to: its last line, which names the exception."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    return lines[-1][:LONGEST_LINE] if lines else "no reason is kept"
