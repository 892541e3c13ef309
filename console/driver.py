"""The terminal, as a console needs it: a slow or vanished one never holds the program up, and is left as it was found.

Textual's own driver queues thirty writes and then blocks the event loop, spins when the terminal is gone, dies of a
byte that is no UTF-8, and is left in raw mode by a signal. What differs from it is here and nowhere else.
"""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import os
import re
import selectors
import sys
import termios
import threading
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable
from typing import Any

from textual._parser import ParseError  # pyright: ignore[reportPrivateUsage] - what that parser raises
from textual._xterm_parser import XTermParser  # pyright: ignore[reportPrivateUsage] - Textual has no public parser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

MOST_UNREAD = 16_384
"""Bytes that may wait for the terminal before frames are left out."""
_LAST_WORDS_S = 0.5
# What X10 mice send, by whatever terminal was attached last: three raw bytes that are neither keys nor UTF-8.
_X10_MOUSE = re.compile(rb"\x1b\[M[\x20-\xff]{3}", re.DOTALL)
_X10_BEGUN = re.compile(rb"\x1b\[M[\x20-\xff]{0,2}$", re.DOTALL)
_LEAVE = (
    "\x1b[<u\x1b[?2004l\x1b[?2048l"
    + "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1006, 1015, 1016, 1004))
    + "\x1b[?7h\x1b[?1049l\x1b[?25h"
)


class CaughtUp(Message):
    """The terminal has read all it was sent, after frames were left out: paint everything."""


class TerminalGone(Message):
    """Nobody is at the terminal any more."""


class Writer(threading.Thread):
    """Writes to the terminal in a thread of its own; `write` never waits."""

    def __init__(self, fileno: int, drained: Callable[[], None]) -> None:
        super().__init__(daemon=True, name="console-output")
        self._fileno = fileno
        self._drained = drained
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._asked = False
        self._changed = threading.Condition()
        self._ending = False
        self.gone = False
        """Whether the terminal takes nothing any more."""

    def write(self, text: str) -> None:
        """Queue the text."""
        with self._changed:
            if self.gone or self._ending:
                return
            data = text.encode("utf-8", "replace")
            self._waiting.append(data)
            self._bytes += len(data)
            self._changed.notify()

    def is_behind(self) -> bool:
        """Whether so much is unread that a frame would only add to it; `drained` is called once it is read."""
        with self._changed:
            behind = self._bytes > MOST_UNREAD
            self._asked = self._asked or behind
            return behind

    def run(self) -> None:
        """Write until `stop`, or until the terminal is gone."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                data = b"".join(self._waiting)
                self._waiting.clear()
                if not data:
                    return
            if not self._send(data):
                return
            with self._changed:
                self._bytes -= len(data)
                tell = self._asked and not self._bytes
                self._asked = self._asked and not tell
            if tell:
                self._drained()

    def _send(self, data: bytes) -> bool:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._fileno, left) :]
            except OSError:
                self.gone = True
                return False
        return True

    def stop(self) -> None:
        """End the thread once all is written, or a moment later: a terminal that reads nothing is not waited for."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self.join(_LAST_WORDS_S)


class ConsoleDriver(LinuxDriver):
    """Textual's driver for Linux, with a writer that never blocks and a reader that ends with its terminal."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Textual paints on stderr; where that goes to a file, a terminal on stdout will do.
        if not sys.__stderr__ or not sys.__stderr__.isatty():
            self._file = sys.__stdout__
        self._output = self._file.fileno() if self._file else 1
        self._writer: Writer | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has much left to read, so that a frame had better wait."""
        return self._writer is not None and self._writer.is_behind()

    def write(self, data: str) -> None:
        """Queue the text for the terminal; never waits."""
        if self._writer is None:
            self._writer = Writer(self._output, self._catch_up)
            self._writer.start()
        self._writer.write(data)

    def close(self) -> None:
        """Write what is left, for a moment at most."""
        super().close()
        if self._writer is not None:
            self._writer.stop()

    def resume_application_mode(self) -> None:
        """Go on after Ctrl+Z and `fg`: the writer ended when the terminal was given back."""
        self._writer = None
        super().resume_application_mode()

    def _catch_up(self) -> None:
        self._app.post_message(CaughtUp())

    def run_input_thread(self) -> None:
        """Read keys until told to stop or until the terminal is gone, which ends the console."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        begun = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    try:
                        data = os.read(self.fileno, 4096)
                    except OSError:
                        data = b""
                    if not data:
                        self._hang_up()
                        return
                    data = _X10_MOUSE.sub(b"", begun + data)
                    # A slow link may cut a report in two, and its bytes are letters by themselves.
                    begun = data[found.start() :] if (found := _X10_BEGUN.search(data)) else b""
                    text = decode(data[: len(data) - len(begun)])
                    try:
                        # To the parser, no text is the end.
                        for event in parser.feed(text) if text else ():
                            self.process_message(event)
                    except (ParseError, ValueError):
                        parser = XTermParser(self._debug)
                for event in parser.tick():
                    self.process_message(event)

    def _hang_up(self) -> None:
        self._app.post_message(TerminalGone())


class TerminalState:
    """How the terminal was before, to be put back whatever happens: a signal, a crash, a loop that hangs."""

    def __init__(self) -> None:
        self._fileno = sys.__stdin__.fileno() if sys.__stdin__ else 0
        try:
            self._attributes = termios.tcgetattr(self._fileno)
        except termios.error:
            self._attributes = None

    def restore(self) -> None:
        """Put it back; safe to repeat, and where the terminal is gone does nothing."""
        if self._attributes is None:
            return
        for stream in (sys.__stderr__, sys.__stdout__):
            if stream is not None and stream.isatty():
                # A terminal that reads nothing any more must not keep the process.
                leaving = threading.Thread(target=_leave, args=(stream.fileno(),), daemon=True)
                leaving.start()
                leaving.join(_LAST_WORDS_S)
                break
        try:
            termios.tcsetattr(self._fileno, termios.TCSANOW, self._attributes)
        except termios.error:
            return


def _leave(fileno: int) -> None:
    try:
        os.write(fileno, _LEAVE.encode())
    except OSError:
        return
