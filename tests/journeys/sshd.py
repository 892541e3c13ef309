"""An SSH server of a test's own on loopback, and sessions at it that can be cut."""

import getpass
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.console.frames import PATIENCE_S, Terminal
from tests.parts import program
from tests.ports import free_port
from tests.servers import Server

_PRIVILEGED = Path("/run/sshd")
"""Where a server of root's own locks itself up; Debian makes it when the machine starts."""


@dataclass(frozen=True)
class Sshd:
    """The server, and what a client needs to come in as this user."""

    server: Server
    ssh: str
    port: int

    def options(self, *more: str) -> list[str]:
        """What comes behind `ssh` and the like, to know the server and to be known by it; `more` comes before it."""
        folder = self.server.folder
        options = [
            *more,
            "StrictHostKeyChecking=yes",
            f"UserKnownHostsFile={folder / 'known_hosts'}",
            f"IdentityFile={folder / 'client'}",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "LogLevel=ERROR",
            # Esc is the console's, and `~` the people's who type.
            "EscapeChar=none",
            f"Port={self.port}",
        ]
        return ["-F", "none", *(word for one in options for word in ("-o", one))]

    @property
    def target(self) -> str:
        """This user, there."""
        return f"{getpass.getuser()}@127.0.0.1"

    def session(self, *command: str, more: tuple[str, ...] = ()) -> Terminal:
        """A terminal whose other end is this command, or the login's own, by `ssh -tt`."""
        environment = {"HOME": str(self.server.folder), "LANG": "C.UTF-8"}
        words = [*self.options(*more), "-tt", self.target, *command]
        return Terminal(*words, environment=environment, program=Path(self.ssh))

    def cut(self, terminal: Terminal) -> None:
        """Cut the connection: neither side may say goodbye. Returns when both ends are gone."""
        assert self.server.process is not None
        sides = psutil.Process(self.server.process.pid).children()
        sides += [child for side in sides for child in side.children() if child.name().startswith("sshd")]
        assert sides, "nobody is connected"
        for side in sides:
            # One that is cut off from the other may be gone by itself already.
            with suppress(psutil.NoSuchProcess):
                side.kill()
        terminal.close()
        _, left = psutil.wait_procs(sides, timeout=PATIENCE_S)
        assert not left


@contextmanager
def sshd(folder: Path, more: str = "") -> Iterator[Sshd]:
    """The server, with keys and settings in this folder alone, and `more` of them; only this user comes in, by one
    key."""
    remedy = "install Debian's {}"
    server = program("sshd", remedy.format("openssh-server"), Path("/usr/sbin"))
    ssh, keygen = (program(name, remedy.format("openssh-client")) for name in ("ssh", "ssh-keygen"))
    if os.geteuid() == 0:
        _PRIVILEGED.mkdir(mode=0o755, exist_ok=True)
    folder.mkdir()
    for name in ("host", "client"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    port = free_port()
    public = (folder / "host.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (folder / "authorized_keys").write_bytes((folder / "client.pub").read_bytes())
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "PidFile": "none",
        "AuthenticationMethods": "publickey",
        "PermitRootLogin": "prohibit-password",
        "AllowUsers": getpass.getuser(),
        "UsePAM": "no",
        # The folder of a test is in one that everybody may write.
        "StrictModes": "no",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()) + more)
    command = [server, "-D", "-e", "-f", str(folder / "config")]
    started = Server(command, folder, f"ssh://127.0.0.1:{port}", lambda: _listens(folder)).start()
    try:
        yield Sshd(started, ssh, port)
    finally:
        started.end()


def _listens(folder: Path) -> bool:
    return "Server listening on" in (folder / "log").read_text()


def wait_until_ended(process: psutil.Process, seconds: float) -> None:
    """Return when the process has ended; it may take so long."""
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"{process.name()} lives on"
        time.sleep(0.02)
