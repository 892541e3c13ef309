"""The console as a page on this machine's loopback, to look and not to touch: textual-serve, with a door before it."""

import os


def in_browser() -> bool:
    """Whether this process draws a page: textual-serve says so to what it starts. Such a console is read-only."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))
