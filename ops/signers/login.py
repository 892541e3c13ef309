"""What an SSH login that is locked down to signing may do: the arguments are read here, exactly, and by no shell.

sshd's ForceCommand starts `opinion signers login` whatever the client asked for, and hands over what that was in
SSH_ORIGINAL_COMMAND. It is either nothing, then it is the console on its Signers, or one of the commands below.
"""

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chain.multisig.model import Status
from ops.amounts import parse_address
from ops.errors import UsageError
from ops.person import LOCKED
from ops.signers.acts import TOGETHER
from ops.signers.asking import NAMES
from ops.signers.backends import AGENT
from settings import Settings

CONSOLE = ("console", "--screen", "signers", "--role", "signer")
_LONGEST = 2_000
"""Characters of a command, far above what any of them takes."""
_KEPT = ("HOME", "USER", "LOGNAME", "TERM", "LANG", "LC_ALL", "SSH_AUTH_SOCK", "SSH_CONNECTION", "SSH_TTY")
_KEPT_TOO = ("CREDENTIALS_DIRECTORY", "PGPASSFILE")
_PATH = "/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class _Command:
    """One that is allowed: how many words of which kind, and which options."""

    least: int
    most: int
    options: tuple[str, ...]
    word: Callable[[str], bool]


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and 0 < len(word) < 20 and int(word) > 0


def _is_address(word: str) -> bool:
    try:
        parse_address(word, "it")
    except UsageError:
        return False
    return True


def _is_agents(word: str) -> bool:
    """Only an agent's: a file or a Ledger would be this host's, and its path tell what lies here."""
    kind, colon, key = word.partition(":")
    return kind == AGENT and (_is_address(key) if colon else not key)


_OPTIONS: Mapping[str, Callable[[str], bool]] = {
    "--council": lambda word: word in NAMES,
    "--state": lambda word: word in {one.value for one in Status},
    "--signer": _is_agents,
    "--memo": lambda word: 0 < len(word) <= 200,
}
_FLAG = "--json"
_VOTE = ("--signer", "--council")
_COMMANDS: Mapping[str | None, _Command] = {
    None: _Command(0, 0, (), _is_number),
    "proposals": _Command(0, 0, ("--state", "--council"), _is_number),
    "show": _Command(1, 1, ("--council",), _is_number),
    "approve": _Command(1, TOGETHER, _VOTE, _is_number),
    "reject": _Command(1, TOGETHER, (*_VOTE, "--memo"), _is_number),
    "cancel": _Command(1, 1, _VOTE, _is_number),
    "execute": _Command(1, 1, _VOTE, _is_number),
    "propose": _Command(1, 1, ("--signer",), _is_address),
}


def allowed(command: str) -> tuple[str, ...]:
    """Return what `opinion` is given for what a client asked for. Raises UsageError for everything else."""
    words = _words(command)
    if words[:2] != ["opinion", "signers"]:
        raise _refused("it is not 'opinion signers'")
    rest = words[2:]
    name = rest.pop(0) if rest and not rest[0].startswith("-") else None
    if name not in _COMMANDS:
        raise _refused(f"'opinion signers' has no {shlex.quote(name or '')} here")
    return ("signers", *(() if name is None else (name,)), *_arguments(_COMMANDS[name], rest))


def _words(command: str) -> list[str]:
    if len(command) > _LONGEST or not command.isprintable():
        raise _refused("it is too long, or holds what cannot be printed")
    try:
        return shlex.split(command)
    except ValueError:
        raise _refused("a quote is left open") from None


def _arguments(command: _Command, rest: list[str]) -> list[str]:
    options: dict[str, str] = {}
    plain: list[str] = []
    as_json = False
    while rest:
        word = rest.pop(0)
        if word == _FLAG and not as_json:
            as_json = True
        elif word in command.options and word not in options:
            if not rest or not _OPTIONS[word](rest[0]):
                raise _refused(f"{word} cannot have that here")
            options[word] = rest.pop(0)
        elif command.word(word):
            plain.append(word)
        else:
            raise _refused(f"{shlex.quote(word)} is none of its arguments here")
    if not command.least <= len(plain) <= command.most:
        raise _refused("it has too few arguments, or too many")
    # As one word each, so that what a memo begins with is never an option.
    told = [f"{name}={value}" for name, value in options.items()]
    return [*told, *([_FLAG] if as_json else ()), *plain]


def _refused(why: str) -> UsageError:
    return UsageError(f"This login is for 'opinion signers' alone, and that is refused: {why}.")


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what the command sees: the settings, the terminal, the agent, and nothing else that came along."""
    names = {*_KEPT, *_KEPT_TOO, *(name.upper() for name in Settings.model_fields)}
    return {"PATH": _PATH, **{name: value for name, value in given.items() if name in names}, LOCKED: "1"}


def take_over(given: Mapping[str, str]) -> None:
    """Become what was asked for, in place of this process; no shell is in between. Raises UsageError."""
    command = given.get("SSH_ORIGINAL_COMMAND")
    words = CONSOLE if command is None else allowed(command)
    opinion = Path(sys.executable).with_name("opinion")
    # -I: neither the working folder nor a home adds to what Python imports.
    os.execve(sys.executable, [sys.executable, "-I", str(opinion), *words], environment(given))  # noqa: S606
