"""Ports for servers under test, that no parallel test and no connection takes while a server is away.

The kernel gives connections ports from 32,768 on (ip(7), ip_local_port_range), so a server that is started again on
such a port may find it taken. These are below, and each process of the tests has a range of its own.
"""

import os
import random
import socket

_FIRST, _EACH, _PROCESSES = 10_000, 2_800, 8
_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


class _Range:
    """The ports of this process, one after the other and round again."""

    def __init__(self) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
        number = int(worker) if worker.isdecimal() else os.getpid()
        self._first = _FIRST + number % _PROCESSES * _EACH
        # Two runs of the tests on one machine have the same ranges.
        self._next = random.randrange(_EACH)

    def take(self, count: int) -> int:
        if self._next + count > _EACH:
            self._next = 0
        port = self._first + self._next
        self._next += count
        return port


_RANGE: dict[int, _Range] = {}


def free_ports(count: int = 1) -> int:
    """The first of so many ports in a row that nobody on loopback has, for TCP and UDP."""
    # A process that was forked has the same range in memory as its parent.
    ours = _RANGE.setdefault(os.getpid(), _Range())
    for _ in range(_EACH):
        first = ours.take(count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free ports in a row on 127.0.0.1")


def free_port() -> int:
    """A port that nobody on loopback has."""
    return free_ports(1)


def free_port_pair() -> int:
    """A port that is free together with the next, which a Solana's WebSocket takes."""
    return free_ports(2)


def _is_free(port: int) -> bool:
    for kind in _KINDS:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
