"""What systemd is told: that a service is ready, is alive, is stopping. Without systemd nothing is told.

The protocol of sd_notify(3): a datagram of NAME=value lines to the socket that $NOTIFY_SOCKET names.
"""

import os
import socket
from contextlib import suppress


def ready(status: str) -> None:
    """Say that the service does its work from now on; `status` is what `systemctl status` shows."""
    _tell(f"READY=1\nSTATUS={status}")


def alive() -> None:
    """Say that the service is well; called by what does the work, never by a thread that only says so."""
    _tell("WATCHDOG=1")


def stopping(status: str) -> None:
    """Say that the service was asked to stop and does so."""
    _tell(f"STOPPING=1\nSTATUS={status}")


def _tell(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # A leading @ stands for the zero byte of Linux's abstract sockets.
    address = f"\0{address[1:]}" if address[0] == "@" else address
    # A full or closed socket is systemd's affair: it misses a heartbeat and acts on that.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)
        channel.sendto(message.encode(), address)
