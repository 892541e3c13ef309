"""Taking the two ports, before anything else is done that would have to be undone."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass

from opinion_localnet.errors import LocalnetError

MAX_BODY_BYTES = 50 * 1024
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen."""

    address: str
    rpc_port: int
    max_body_bytes: int = MAX_BODY_BYTES

    @property
    def ws_port(self) -> int:
        """The subscription port, the next one, as clients assume."""
        return self.rpc_port + 1


@dataclass(frozen=True, slots=True)
class Ports:
    """Both ports, listening: clients may connect already, and wait for their answers."""

    rpc: socket.socket
    ws: socket.socket

    def close(self) -> None:
        """Let others have them; nothing happens if they are closed already."""
        self.rpc.close()
        self.ws.close()


def take_ports(binding: Binding) -> Ports:
    """Take both ports or neither; raises LocalnetError."""
    rpc = _listen(binding.address, binding.rpc_port)
    try:
        return Ports(rpc, _listen(binding.address, binding.ws_port))
    except LocalnetError:
        rpc.close()
        raise


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    taken: socket.socket | None = None
    try:
        taken = socket.socket(family)
        # Connections of a node that ended a moment ago do not keep the next one from starting.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind((address, port))
        # Bound alone, another process could still have the port.
        taken.listen(BACKLOG)
    except OSError as error:
        if taken is not None:
            taken.close()
        raise _refusal(address, port, error) from error
    return taken


def _refusal(address: str, port: int, error: OSError) -> LocalnetError:
    if error.errno == errno.EADDRINUSE:
        return LocalnetError(f"Port {port} on {address} is in use; give another --rpc-port.")
    reason = os.strerror(error.errno) if error.errno is not None else str(error)
    flag = "--bind-address" if error.errno == errno.EADDRNOTAVAIL else "--rpc-port"
    return LocalnetError(f"Port {port} on {address} cannot be used ({reason}); give another {flag}.")
