"""The terminal that is a browser's tab: the console ends when the tab is closed, or when the server is gone."""

import os
import threading

from textual.drivers.web_driver import WebDriver

from console.driver import TerminalGone

PATIENCE_S = 3.0
"""How long the console may take to end after its tab; then the process is ended."""
_HANGUP = 129


class PageDriver(WebDriver):
    """Textual's driver for textual-serve, which would wait for ever on a server that is gone."""

    def write(self, data: str) -> None:
        """Send what is painted; a server that is gone ends the console."""
        try:
            super().write(data)
        except OSError:
            self._end()

    def write_meta(self, data: dict[str, object]) -> None:
        """Send what is no paint."""
        try:
            super().write_meta(data)
        except OSError:
            self._end()

    def run_input_thread(self) -> None:
        """Hear the tab until it is closed or the server is gone."""
        super().run_input_thread()
        self._end()

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Hear what the server says of the tab; `quit` is that it was closed."""
        super().on_meta(packet_type, payload)
        if packet_type == "quit":
            self._end()

    def _end(self) -> None:
        self._app.post_message(TerminalGone())
        # A loop that hangs, or a pipe that nobody reads any more, must not keep the process.
        insisting = threading.Timer(PATIENCE_S, os._exit, (_HANGUP,))
        insisting.daemon = True
        insisting.start()
