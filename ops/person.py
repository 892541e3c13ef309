"""Who types: the name that the audit log keeps of an operator's act."""

import os
import pwd
import socket
import sys

LOCKED = "OPINION_SIGNERS_LOGIN"
"""Set for whoever came in by a login that is locked down to signing; it only takes away."""


def is_locked_down() -> bool:
    """Whether this process may do nothing on this host but what signers do: name no file of it, write none."""
    return LOCKED in os.environ


def person() -> str:
    """Return `name@host (session)`: the user, or the one who called sudo. It says who claims to act; it proves nothing.

    The session is the terminal and where it is connected from, so that two people who share a user can be told apart.
    """
    name = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    session = _session()
    return f"{name or _login()}@{socket.gethostname()}{f' ({session})' if session else ''}"


def _session() -> str:
    """The terminal, and the address behind SSH; empty for a process that has neither."""
    terminal = _terminal()
    # sshd sets it; through tmux it is where the server was started from, unless tmux updates its environment.
    address = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    return " ".join(part for part in (terminal, f"from {address}" if address else "") if part)


def _terminal() -> str:
    for stream in (sys.__stdin__, sys.__stderr__):
        try:
            return os.ttyname(stream.fileno()).removeprefix("/dev/") if stream is not None else ""
        except (OSError, ValueError):
            continue
    return ""


def _login() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        # A container runs under a number that has no name.
        return f"uid {os.geteuid()}"
