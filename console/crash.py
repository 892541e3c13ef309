"""What is kept of a fault of the console's own: a file that only its owner reads, without anybody's data."""

import os
import platform
import re
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from traceback import TracebackException

# Addresses hold passwords and keys: what follows the host, and who is named before it, is left out.
_ADDRESS = re.compile(r"(\b[a-z][a-z0-9+.-]*://)(?:[^\s/@'\"]*@)?([^\s/'\"?]*)[^\s'\"]*", re.IGNORECASE)


def write(error: BaseException, where: str) -> Path | None:
    """Write the report and return its path; None where none can be written. `where` is the screen that was shown."""
    name = f"console-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    text = report(error, where)
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "opinion"
    for folder in (home, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # O_EXCL: in a folder for all, nobody can have put a link in our way.
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(text)
        return folder / name
    return None


def report(error: BaseException, where: str) -> str:
    """Return the report: versions, screen, and the traceback without the values of variables."""
    trace = "".join(TracebackException.from_exception(error, capture_locals=False).format())
    return (
        f"opinion console {version('opinion-markets')}, textual {version('textual')}, "
        f"Python {platform.python_version()}, {platform.system()}\n"
        f"at {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z, on screen {where}\n\n"
    ) + _ADDRESS.sub(r"\1\2", trace)
