"""The name that the audit log keeps: who, where, and in which session."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.person import person

HOST = socket.gethostname()


@pytest.fixture(autouse=True)
def _without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path(os.devnull).open() as nothing:
        for name in ("__stdin__", "__stderr__"):
            monkeypatch.setattr(f"sys.{name}", nothing)
        monkeypatch.delenv("SSH_CONNECTION", raising=False)
        yield


def test_it_is_whoever_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "alice")
    assert person() == f"alice@{HOST}"
    monkeypatch.delenv("SUDO_USER")
    assert person() == f"root@{HOST}"
    monkeypatch.setattr("os.geteuid", lambda: 4_242_424)
    assert person() == f"uid 4242424@{HOST}"


def test_the_session_tells_two_who_share_a_user_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "alice")
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.9 50022 198.51.100.1 22")
    assert person() == f"alice@{HOST} (from 203.0.113.9)"
    outer, inner = os.openpty()
    with os.fdopen(outer, "rb", 0), os.fdopen(inner, "r") as terminal:
        monkeypatch.setattr("sys.__stdin__", terminal)
        name = os.ttyname(terminal.fileno()).removeprefix("/dev/")
        assert person() == f"alice@{HOST} ({name} from 203.0.113.9)"
