"""systemd hears what it should, over a socket with or without a name in the file system."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle import notify


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    name = f"{tmp_path}/notify" if request.param == "path" else f"@opinion-{os.getpid()}-{os.urandom(4).hex()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0"))
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listener


def test_a_service_says_that_it_is_ready_alive_and_stopping(heard: socket.socket) -> None:
    notify.ready("takes jobs")
    notify.alive()
    notify.stopping("bye")

    assert [heard.recv(4096) for _ in range(3)] == [
        b"READY=1\nSTATUS=takes jobs",
        b"WATCHDOG=1",
        b"STOPPING=1\nSTATUS=bye",
    ]


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "/nowhere/notify"])
def test_without_a_listener_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)

    notify.ready("takes jobs")


def test_a_full_socket_does_not_hold_us_up(heard: socket.socket) -> None:
    for _ in range(2000):
        notify.alive()

    assert heard.recv(4096) == b"WATCHDOG=1"
