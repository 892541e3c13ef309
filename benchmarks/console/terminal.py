"""The terminal's side: a pseudo-terminal that counts bytes and notes when they came. Nothing draws them, so that the
counting takes next to no time of the processor that the measured program shares."""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENDS_S = 10.0


class Counter:
    """One program in a terminal of its own."""

    def __init__(self, arguments: Sequence[str], columns: int, lines: int) -> None:
        self.started = time.monotonic()
        self.pid, self._handle = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            # As under nohup: a program that only dies of its terminal's signal would spin from then on.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            environment = os.environ | {
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "TEXTUAL_ANIMATIONS": "none",
            }
            os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606 - in a fork of our own
        self._open = True

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._handle, keys.encode())

    def take(self, seconds: float) -> bytes:
        """What comes first within so many seconds; nothing where nothing comes. Raises EOFError at its end."""
        ready, _, _ = select.select([self._handle], [], [], max(seconds, 0))
        if not ready:
            return b""
        try:
            data = os.read(self._handle, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            raise EOFError(f"process {self.pid} has ended")
        return data

    def count(self, seconds: float) -> int:
        """How many bytes come in so many seconds."""
        until, total = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            total += len(self.take(left))
        return total

    def until(self, is_there: Callable[[bytes], bool], patience_s: float) -> float:
        """Read until what came since now satisfies; returns how many seconds that took. Raises TimeoutError."""
        began = time.monotonic()
        seen = b""
        while not is_there(seen):
            left = began + patience_s - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {patience_s:g} s: {seen[-200:]!r}")
            # What is looked for is short: of a long wait, the end will do.
            seen = (seen + self.take(left))[-(1 << 18) :]
        return time.monotonic() - began

    def hang_up(self) -> None:
        """The terminal is gone."""
        if self._open:
            os.close(self._handle)
            self._open = False

    def ended_within(self, seconds: float) -> float | None:
        """How long until it ended; None where it lives on."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
                self.pid = 0
                return time.monotonic() - began
            time.sleep(0.02)
        return None

    def close(self) -> None:
        """End it, whatever it does."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        self.hang_up()


@contextmanager
def counted(arguments: Sequence[str], columns: int = 80, lines: int = 24) -> Generator[Counter]:
    """Run `python ARGUMENTS` in a terminal while the block lasts."""
    counter = Counter(arguments, columns, lines)
    try:
        yield counter
    finally:
        counter.close()
