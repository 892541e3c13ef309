"""Which program wrote which log line.

The runtime's own lines (`invoke`, `success`, `failed`) cannot be forged: what a program logs begins with
`Program log: ` or `Program data: `, whatever follows. So a stack of frames tells who speaks. Once the runtime has cut
the log (`Log truncated`) a missing line may have been a frame's, and nothing behind it is believed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from solders.pubkey import Pubkey

_INVOKE = re.compile(r"Program ([1-9A-HJ-NP-Za-km-z]{32,44}) invoke \[(\d{1,3})\]")
_END = re.compile(r"Program ([1-9A-HJ-NP-Za-km-z]{32,44}) (?:success|(failed): .*)", re.DOTALL)
_TRUNCATED = "Log truncated"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a program wrote, prefix included. `instruction` is the top-level instruction's index."""

    program: str
    instruction: int
    text: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A transaction's log, attributed.

    `failed` is the program that failed first, which is the innermost. `complete` is False when the log was cut or its
    frames do not match; `lines` then end before that.
    """

    lines: tuple[Line, ...]
    failed: str | None
    complete: bool

    def by(self, program: Pubkey) -> list[Line]:
        """The lines that this program wrote itself."""
        return [line for line in self.lines if line.program == str(program)]


def trace(logs: Iterable[str]) -> Trace:
    """Attributes a transaction's log lines. Never raises: what does not fit ends it."""
    lines: list[Line] = []
    stack: list[str] = []
    failed: str | None = None
    instruction = -1
    for text in logs:
        if text == _TRUNCATED:
            return Trace(tuple(lines), failed, complete=False)
        if match := _INVOKE.fullmatch(text):
            stack.append(match[1])
            instruction += len(stack) == 1
            if int(match[2]) != len(stack):
                return Trace(tuple(lines), failed, complete=False)
        elif match := _END.fullmatch(text):
            if not stack or stack.pop() != match[1]:
                return Trace(tuple(lines), failed, complete=False)
            failed = failed or (match[1] if match[2] else None)
        elif stack:
            lines.append(Line(stack[-1], instruction, text))
    return Trace(tuple(lines), failed, complete=not stack)
