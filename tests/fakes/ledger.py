"""A Ledger with its Solana application, as an emulator serves one: commands over TCP, each behind its length.

It takes commands apart as the application does, and misbehaves on demand. What its screen shows is kept.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Self

from solders.keypair import Keypair
from solders.pubkey import Pubkey

_HARDENED = 1 << 31
_MOST = 1232


class Ledger:
    """One device. `does` is what it does with a signature: sign, refuse, or a status to answer with."""

    def __init__(self, keys: dict[tuple[int, ...], Keypair]) -> None:
        self.keys = keys
        self.answers: int | None = None
        """A status that it answers every command with, in place of what it should do."""
        self.signature: bytes | None = None
        """What it gives in place of a signature."""
        self.vanishes = False
        self.screen: list[str] = []
        self.commands = 0
        self._path: tuple[int, ...] = ()
        self._message: bytes | None = None

    def answer(self, command: bytes) -> tuple[int, bytes]:
        """Status and data for a command."""
        self.commands += 1
        if self.answers is not None:
            return self.answers, b""
        if len(command) < 5 or len(command) != 5 + command[4]:
            return 0x6A83, b""
        kind, instruction, confirm, flags = command[:4]
        data = command[5:]
        if kind != 0xE0:
            return 0x6A81, b""
        if instruction == 0x05:
            key = self.keys.get(_path(data)[0])
            return (0x9000, bytes(key.pubkey())) if key else (0x6A80, b"")
        if instruction == 0x06 and confirm == 0x01:
            return self._sign(flags, data)
        return 0x6D00, b""

    def _sign(self, flags: int, data: bytes) -> tuple[int, bytes]:
        if not flags & 0x01:
            if data[0] != 1:
                return 0x6A80, b""
            self._path, data = _path(data[1:])
            self._message = b""
        if self._message is None:
            return 0x6A80, b""
        self._message += data
        if len(self._message) > _MOST:
            return 0x6A83, b""
        if flags & 0x02:
            return 0x9000, b""
        whole, self._message = self._message, None
        self.screen.append(f"Message Hash {Pubkey(sha256(whole).digest())}")
        return 0x9000, self.signature or bytes(self.keys[self._path].sign_message(whole))


def _path(data: bytes) -> tuple[tuple[int, ...], bytes]:
    """A derivation, every step of which has to be hardened, and what follows it."""
    end = 1 + 4 * data[0]
    steps = [int.from_bytes(data[at : at + 4], "big") for at in range(1, end, 4)]
    assert all(step & _HARDENED for step in steps)
    return tuple(step ^ _HARDENED for step in steps), data[end:]


class Emulator:
    """Serves a device on loopback, to one client at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake a thread that waits for a client.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as stream:
                for command in _commands(stream):
                    if self.ledger.vanishes:
                        break
                    status, data = self.ledger.answer(command)
                    stream.write(len(data).to_bytes(4, "big") + data + status.to_bytes(2, "big"))
                    stream.flush()


def _commands(stream: "socket.SocketIO | object") -> Iterator[bytes]:
    while len(head := stream.read(4)) == 4:  # type: ignore[attr-defined]
        yield stream.read(int.from_bytes(head, "big"))  # type: ignore[attr-defined]


@contextmanager
def emulated(keys: dict[tuple[int, ...], Keypair]) -> Iterator[tuple[Ledger, int]]:
    """A device with these keys, and the port that it is served on."""
    ledger = Ledger(keys)
    with Emulator(ledger) as emulator:
        yield ledger, emulator.port
