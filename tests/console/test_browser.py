"""In a browser: loopback alone, the page alone, read-only whatever else is said, and gone with its tab."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pyte
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from console.browser.door import refusal
from tests.console.frames import OPINION, PATIENCE_S
from tests.console.test_endings import NOWHERE


@dataclass
class Served:
    """`opinion console --web`, and the address it printed."""

    process: subprocess.Popen[str]
    url: str

    @property
    def origin(self) -> str:
        """What a browser says of the page."""
        return self.url.rpartition("/")[0].rpartition("/")[0]

    def tabs(self) -> list[psutil.Process]:
        """The consoles that it started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def tab(self, origin: str | None = None, name: str = "127.0.0.1") -> connect:
        """A tab as a browser opens it, of this origin and under this name of the host."""
        here = urlsplit(self.url)
        address = f"ws://{name}:{here.port}{here.path}ws?width=80&height=24"
        said = Origin(origin or self.origin)
        return connect(address, origin=said, host="127.0.0.1", port=here.port, max_size=None, max_queue=None)


@dataclass
class Tab:
    """What a browser shows of a console."""

    socket: ClientConnection
    screen: pyte.Screen = field(default_factory=lambda: pyte.Screen(80, 24))

    async def until(self, words: str) -> str:
        """Return the screen once it shows the words."""
        stream = pyte.ByteStream(self.screen)
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.text():
                data = await self.socket.recv()
                if isinstance(data, bytes):
                    stream.feed(data)
        return self.text()

    async def press(self, keys: str) -> None:
        """Type."""
        await self.socket.send(json.dumps(["stdin", keys]))

    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    """A console for browsers, with every backend down."""
    process = subprocess.Popen(
        [OPINION, "console", "--web", "--port", "0"],
        env={**NOWHERE, "HOME": str(home), "PATH": os.defpath},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        yield Served(process, process.stdout.readline().strip())
        process.kill()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all that do not end it."""
    with serving(tmp_path_factory.mktemp("served")) as one:
        yield one


async def gone(processes: list[psutil.Process]) -> None:
    """Return when none of them runs."""
    await waiting(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes))


async def waiting(until: Callable[[], bool]) -> None:
    """Return when it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_it_looks_and_never_touches(served: Served) -> None:
    async with served.tab() as socket:
        tab = Tab(socket)
        shown = await tab.until("No RPC node answers")
        assert "read-only" in shown.splitlines()[0]
        # On a localnet whoever starts it operates, and H would ask.
        await tab.press("H?")
        assert "Hold the whole oracle" not in await tab.until("Esc leaves")
        assert "hold" not in tab.text()
        await tab.press("q:deploys\r")
        await tab.until("Deploys")


async def test_it_listens_on_loopback_alone(served: Served) -> None:
    listening = psutil.Process(served.process.pid).net_connections("inet")
    assert {one.laddr.ip for one in listening if one.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


async def test_a_tab_is_a_process_that_ends_with_it_and_names_no_secret(served: Served) -> None:
    async with served.tab() as first, served.tab() as second:
        await asyncio.gather(*(Tab(socket).until("Overview") for socket in (first, second)))
        one, other = served.tabs()
        told = " ".join([*one.cmdline(), *other.cmdline(), *psutil.Process(served.process.pid).cmdline()])
        assert "--read-only" in told
        assert "the-secret" not in told
        await first.close()
        await waiting(lambda: len(served.tabs()) == 1)
    await gone([one, other])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_the_end_of_the_server_is_the_end_of_every_tab(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as served:
        async with served.tab() as socket:
            await Tab(socket).until("Overview")
            tabs = served.tabs()
            served.process.send_signal(number)
            code = await asyncio.to_thread(served.process.wait, PATIENCE_S)
            assert code == (-number if number is signal.SIGKILL else 128 + number)
            await gone(tabs)


async def test_only_its_own_page_is_answered(served: Served) -> None:
    async with httpx.AsyncClient() as browser:
        page = await browser.get(served.url)
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "//" not in page.text.replace(f"ws://{served.origin.removeprefix('http://')}", "")
        for file in ("js/textual.js", "css/xterm.css", "fonts/RobotoMono-VariableFont_wght.ttf"):
            assert (await browser.get(f"{served.url}static/{file}")).status_code == 200
        assert (await browser.get(f"{served.origin}/")).status_code == 404
        assert (await browser.get(served.url, headers={"Host": "evil.example"})).status_code == 403
        assert (await browser.get(served.url, headers={"Origin": "https://evil.example"})).status_code == 403
    for origin, name in (("https://evil.example", "127.0.0.1"), (served.origin, "evil.example")):
        with pytest.raises(InvalidStatus) as refused:
            async with served.tab(origin, name):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("host", "origin", "socket", "answered"),
    [
        ("127.0.0.1:8480", None, False, True),
        ("localhost:9000", "http://localhost:9000", True, True),
        ("[::1]:9000", "http://[::1]:9000", True, True),
        ("127.0.0.1:8480", None, True, False),
        ("127.0.0.1:8480", "null", True, False),
        ("127.0.0.1:8480", "http://127.0.0.1:9000", True, False),
        ("127.0.0.1:8480", "https://127.0.0.1:8480", True, False),
        ("127.0.0.1.evil.example:8480", None, False, False),
        ("localhost@evil.example", "http://localhost@evil.example", True, False),
        ("evil.example:8480", "http://evil.example:8480", True, False),
        ("[", None, False, False),
        ("", None, False, False),
    ],
)
def test_hosts_and_origins(host: str, origin: str | None, socket: bool, answered: bool) -> None:
    assert (refusal(host, origin, socket=socket) is None) == answered


async def test_what_draws_a_page_is_read_only_without_being_told_and_ends_with_its_server(tmp_path: Path) -> None:
    environment = {**NOWHERE, "HOME": str(tmp_path), "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    process = await asyncio.create_subprocess_exec(
        OPINION, "console", env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = b""
    async with asyncio.timeout(PATIENCE_S):
        while b"read-only" not in told:
            told += await process.stdout.read(4096)
        process.stdin.close()
        # A server that was killed reads nothing more either.
        assert await process.wait() == 129


def test_a_port_that_is_taken_is_told(served: Served, tmp_path: Path) -> None:
    port = served.origin.rpartition(":")[2]
    done = subprocess.run(
        [OPINION, "console", "--web", "--port", port],
        env={**NOWHERE, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"opinion: Port {port} of 127.0.0.1 cannot be used")
    assert done.stderr.endswith("say another with --port.\n")
