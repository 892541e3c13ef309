"""What `opinion up` prints, and where that goes while the console has the terminal."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ops.terminal import columns, paragraphs

_NAME_WIDTH = 11


class Narrator:
    """Called with a part's name and what happened to it, tells one line of it."""

    def __init__(self) -> None:
        self._log: Path | None = None

    def __call__(self, name: str, words: str) -> None:
        """Tell it, with the time."""
        lead = f"{datetime.now().astimezone():%H:%M:%S} {name:<{_NAME_WIDTH}} "
        # Terminal or disk may be gone, which is no reason to leave anything running.
        with suppress(OSError):
            if self._log is None:
                print(paragraphs([words], columns(), first=lead, rest=" " * len(lead)), flush=True)
            else:
                with self._log.open("a") as log:
                    log.write(f"{lead}{words}\n")

    @contextmanager
    def into(self, log: Path) -> Generator[None]:
        """While the block lasts, tell a file."""
        self._log = log
        try:
            yield
        finally:
            self._log = None
