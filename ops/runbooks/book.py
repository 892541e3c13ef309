"""Reads the runbooks' texts.

A text is Markdown: a title; a list with `For:` (whose it is) and, where alerts lead here, `Alerts:`; what one sees and
what is at risk; then a heading for each step, with `- Check: NAME` first where a machine can tell whether it is well,
words, and its commands in a fence. Of a link the words are shown; the file it leads to is for a forge.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from ops.errors import OperatorError, UsageError

_FIELD = re.compile(r"- (For|Alerts|Check): (.+)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_MOST = 64
"""Letters of a step's name, which marks are kept under."""


class RunbookTextError(OperatorError):
    """A runbook's text is not written as this module says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do or to look at."""

    name: str
    """Of small letters and hyphens, from its title; what marks are kept under."""
    title: str
    words: tuple[str, ...]
    """Paragraphs."""
    commands: tuple[str, ...]
    """Lines for a shell; those that begin with `#` are said, not typed."""
    check: str | None
    """The live check that tells whether it is well, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One runbook. `digest` is the SHA-256 of its text, in hex."""

    name: str
    title: str
    whose: str
    alerts: tuple[str, ...]
    words: tuple[str, ...]
    steps: tuple[Step, ...]
    digest: str

    def step(self, name: str) -> Step:
        """Return the step of this name or number. Raises UsageError."""
        for number, step in enumerate(self.steps, 1):
            if name in (step.name, f"{number}"):
                return step
        raise UsageError(f"{self.name} has no step {name!r}: it has 1 to {len(self.steps)}")


def runbooks() -> Mapping[str, Runbook]:
    """Return every runbook by its name, in the order of the names."""
    folder = files("ops.runbooks.texts")
    texts = {file.name.removesuffix(".md"): file for file in folder.iterdir() if file.name.endswith(".md")}
    return {name: parse(name, texts[name].read_text("utf-8")) for name in sorted(texts)}


def runbook(name: str) -> Runbook:
    """Return the runbook of this name, which may be cut short where only one begins so. Raises UsageError."""
    known = runbooks()
    found = [name] if name in known else [each for each in known if name and each.startswith(name)]
    if len(found) != 1:
        raise UsageError(f"there is no runbook {name!r}: there are {', '.join(found or known)}")
    return known[found[0]]


def parse(name: str, text: str) -> Runbook:
    """Return the runbook that the text says. Raises RunbookTextError."""
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    title, _, rest = head.partition("\n")
    if not title.startswith("# ") or not parts:
        raise RunbookTextError(f"the runbook {name} needs a title and at least one step")
    said, words, commands = _read(name, rest)
    if "For" not in said or commands:
        raise RunbookTextError(f"the runbook {name} must say whose it is, and has commands only in its steps")
    steps = tuple(_step(name, part) for part in parts)
    if len({step.name for step in steps}) < len(steps):
        raise RunbookTextError(f"two steps of the runbook {name} have the same name")
    return Runbook(
        name=name,
        title=title.removeprefix("# ").strip(),
        whose=said["For"],
        alerts=tuple(alert.strip() for alert in said.get("Alerts", "").split(",") if alert.strip()),
        words=words,
        steps=steps,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _step(runbook: str, part: str) -> Step:
    title, _, rest = part.partition("\n")
    said, words, commands = _read(runbook, rest)
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if not 0 < len(name) <= _MOST or not (words or commands):
        raise RunbookTextError(f"the step {title!r} of the runbook {runbook} says nothing, or its title is too long")
    return Step(name=name, title=title.strip(), words=words, commands=commands, check=said.get("Check"))


def _read(runbook: str, text: str) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """What a part says of itself, its paragraphs, and the lines in its fences."""
    said: dict[str, str] = {}
    words: list[str] = []
    commands: list[str] = []
    before, *fences = re.split(r"^```.*\n", text, flags=re.MULTILINE)
    if len(fences) % 2:
        raise RunbookTextError(f"a fence of the runbook {runbook} does not end")
    for number, piece in enumerate((before, *fences)):
        if number % 2:
            commands += [line for line in piece.splitlines() if line.strip()]
            continue
        for paragraph in _paragraphs(piece):
            if (field := _FIELD.fullmatch(paragraph)) is not None:
                said[field[1]] = field[2].strip()
            else:
                words.append(paragraph)
    return said, tuple(words), tuple(commands)


def _paragraphs(text: str) -> Iterator[str]:
    """Each on one line; the items of a list are paragraphs too."""
    for block in re.split(r"\n\s*\n", text):
        for item in re.split(r"\n(?=- )", block.strip()):
            if item:
                yield _LINK.sub(r"\1", " ".join(item.split()))
