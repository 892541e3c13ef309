"""Who types: the name that the audit log keeps of an operator's act."""

import os
import pwd
import socket


def person() -> str:
    """Return `name@host`: the user, or the one who called sudo. It says who claims to act; it proves nothing."""
    name = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    return f"{name or _login()}@{socket.gethostname()}"


def _login() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        # A container runs under a number that has no name.
        return f"uid {os.geteuid()}"
