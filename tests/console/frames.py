"""A console in a real pseudo-terminal, with a terminal emulator at the other end."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pyte

OPINION = Path(sys.executable).with_name("opinion")
PATIENCE_S = 40.0


class Terminal:
    """One `opinion …`, or another program, in a terminal. What it sent is `sent`, what the screen shows is `text()`."""

    def __init__(
        self,
        *words: str,
        environment: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
        program: Path = OPINION,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        self.status: int | None = None
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update({"TERM": "xterm-256color", "PATH": os.defpath, **environment})
            os.execv(program, [str(program), *words])  # noqa: S606 - after a fork of our own
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        """As a window is."""
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)
        self.screen.resize(lines, columns)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.handle, keys.encode())

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def read(self, seconds: float) -> int:
        """Read for so long; returns how many bytes came."""
        until, before = time.monotonic() + seconds, len(self.sent)
        while (left := until - time.monotonic()) > 0:
            if not self._take(left):
                break
        return len(self.sent) - before

    def answer(self, keys: str) -> float:
        """Type, and return the seconds to the first byte that comes then."""
        sent, began = len(self.sent), time.monotonic()
        self.press(keys)
        while len(self.sent) == sent:
            assert time.monotonic() - began < PATIENCE_S, f"no answer to {keys!r} on:\n{self.text()}"
            assert self._take(0.2), f"ended:\n{self.text()}"
        return time.monotonic() - began

    def until(self, words: str, line: int | None = None) -> str:
        """Read until the screen shows the words, in this line of it where one is given; returns the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in (self.text() if line is None else self.text().split("\n")[line]):
            assert time.monotonic() < deadline, f"no {words!r} on:\n{self.text()}"
            assert self._take(0.2) or not self.ended(), f"ended with {self.status}:\n{self.text()}"
        return self.text()

    def ended(self) -> bool:
        """Whether the process has ended; `status` is its exit code then."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def end(self) -> int:
        """Wait for its end; returns the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.ended():
            assert time.monotonic() < deadline, self.text()
            self._take(0.1)
        while self._take(0.1):
            pass
        assert self.status is not None
        return self.status

    def attributes(self) -> list[object]:
        """The terminal's, as `stty` shows them."""
        return termios.tcgetattr(self.handle)

    def close(self) -> None:
        """End it, whatever it does; safe to repeat."""
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        handle, self.handle = self.handle, -1
        try:
            os.close(handle)
        except OSError:
            return

    def _take(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.handle], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.handle, 65_536)
        except OSError:
            return False
        self.sent += data
        self._stream.feed(data)
        return bool(data)
