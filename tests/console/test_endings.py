"""However it ends, the terminal is as it was, the exit code tells, and nothing secret is printed."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.frames import OPINION, Terminal

NOWHERE = {
    "SOLANA_RPC_URL": "http://127.0.0.1:1",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DATABASE_URL": "postgresql://console:the-secret@127.0.0.1:1/opinion",
}
ALTERNATE, NORMAL = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A console with every backend down."""
    opened = Terminal("console", environment=NOWHERE | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)})
    yield opened
    opened.close()


def take_away(terminal: Terminal) -> None:
    """Close the terminal's other side; returns when the console is gone."""
    os.close(terminal.handle)
    deadline = time.monotonic() + 20
    while not terminal.ended():
        assert time.monotonic() < deadline, "it lives on without a terminal"
        time.sleep(0.05)


def test_with_nothing_reachable_it_says_so(terminal: Terminal) -> None:
    shown = terminal.until("No RPC node answers")
    assert "LOCALNET" in shown
    assert "The database cannot be asked" in shown
    assert "the-secret" not in terminal.sent.decode(errors="replace")


def test_q_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.until("Overview")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.sent.rindex(NORMAL) > terminal.sent.index(ALTERNATE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_with_the_terminal_restored(terminal: Terminal, number: signal.Signals) -> None:
    before = terminal.attributes()
    terminal.until("Overview")
    assert terminal.attributes() != before
    os.kill(terminal.pid, number)
    assert terminal.end() == 128 + number
    assert terminal.attributes() == before
    assert terminal.sent.rindex(NORMAL) > terminal.sent.rindex(ALTERNATE)
    assert b"Traceback" not in terminal.sent


def test_it_ends_with_its_terminal(terminal: Terminal) -> None:
    terminal.until("Overview")
    take_away(terminal)


def test_it_fits_sixty_columns_and_comes_back(terminal: Terminal) -> None:
    terminal.until("Overview")
    terminal.resize(60, 16)
    terminal.read(1.0)
    terminal.press(":")
    terminal.until("a screen, an action")
    terminal.press("deploys\r")
    assert "Deploys" in terminal.until("Deploys").splitlines()[0]
    terminal.resize(80, 24)
    terminal.press("\x1b")
    terminal.until("Overview")
    assert not terminal.ended()


def test_keys_that_come_at_once_mean_what_they_would_mean_one_by_one(terminal: Terminal) -> None:
    terminal.until("Overview")
    for _ in range(5):
        terminal.press(":deploys\r:markets\r/solana\r")
        terminal.until("/solana")
        terminal.press("\x1b\x1b\x1b")
        assert "help" not in terminal.until("Overview").splitlines()[-2]
        terminal.press("?")
        terminal.until("Esc leaves")
        terminal.press("q:alerts\r:overview\r")
        terminal.until("No RPC node answers")


def test_a_resize_paints_everything(terminal: Terminal) -> None:
    """Terminals differ in which lines they drop: this one drops the first."""
    terminal.until("No RPC node answers")
    terminal.resize(80, 23)
    terminal.read(2.0)
    first, *_, last = terminal.text().splitlines()
    assert "Overview" in first
    assert "help" in last


def test_what_was_seen_can_be_seen_again(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    for option, settings in (("--record", NOWHERE | home), ("--replay", home)):
        terminal = Terminal("console", option, str(tmp_path / "night.gz"), environment=settings)
        shown = terminal.until("No RPC node answers")
        assert ("replay" in shown, "-1 min" in shown) == ((option == "--replay"),) * 2
        terminal.press("q")
        assert terminal.end() == 0
        terminal.close()


def test_a_slow_terminal_is_not_waited_for(terminal: Terminal) -> None:
    """Nobody reads for three seconds, then everything is there at once."""
    terminal.until("Overview")
    for _ in range(40):
        terminal.press("T")
        time.sleep(0.05)
    terminal.press("2")
    time.sleep(1.0)
    terminal.until("Markets")
    terminal.press("q")
    assert terminal.end() == 0


@pytest.mark.parametrize(
    "noise",
    [
        [b"\x1b[M\xe0\xf0\xf1"],
        [b"\x1b[M", b" HH"],
        [b"\x1b[M H", b"H"],
        [b"\xe9", b"\xff\xfe\x00"],
        [b"\x1b[<0;999;999M", b"\x1b[<99;;M", b"\x1b[<;;m"],
        [b"\x1b[?2026;9$y", b"\x1b[1;2;3;4;5u", b"\x1bP1$r\x1b\\", b"\x1b]52;c;!!!\x07"],
    ],
    ids=["x10", "x10 in two", "x10 in two, later", "no utf-8", "mice that are none", "answers nobody asked for"],
)
def test_noise_on_the_line_is_no_key_and_ends_nothing(terminal: Terminal, noise: list[bytes]) -> None:
    terminal.until("No RPC node answers")
    for piece in noise:
        os.write(terminal.handle, piece)
        terminal.read(0.3)
    assert "Hold the whole oracle" not in terminal.text()
    terminal.press("\x1b:deploys\r")
    assert "Deploys" in terminal.until("Deploys").splitlines()[0]
    assert b"Traceback" not in terminal.sent


def test_stopped_it_gives_the_terminal_back_and_goes_on_with_all_of_it_painted(terminal: Terminal) -> None:
    before = terminal.attributes()
    terminal.until("No RPC node answers")
    os.kill(terminal.pid, signal.SIGTSTP)
    os.waitpid(terminal.pid, os.WUNTRACED)
    terminal.read(0.5)
    assert terminal.attributes() == before
    assert terminal.sent.rindex(NORMAL) > terminal.sent.rindex(ALTERNATE)
    terminal.screen.reset()
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.until("No RPC node answers")
    terminal.until("Overview")
    terminal.until("help")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.attributes() == before


def test_a_dialog_outlives_a_resize(terminal: Terminal) -> None:
    terminal.until("Overview")
    terminal.press("H")
    terminal.until("Hold the whole oracle")
    # All of it: what is on its way for the old size would be read as if it were for the new one.
    terminal.until("Esc leaves everything as it is")
    terminal.resize(60, 16)
    terminal.until("Esc leaves everything as it is")
    terminal.resize(80, 24)
    terminal.press("because")
    terminal.until("because")
    terminal.press("\x1b")
    terminal.until("Nothing was done")


def test_it_ends_with_its_terminal_where_hangups_are_ignored(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    words = ("-c", f'trap "" HUP; exec {OPINION} console')
    terminal = Terminal(*words, environment=NOWHERE | home, program=Path("/bin/sh"))
    terminal.until("Overview")
    take_away(terminal)
    assert terminal.status == 129


def test_without_a_terminal_it_says_what_to_use(tmp_path: Path) -> None:
    settings = NOWHERE | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [OPINION, "console"], env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "opinion: This is no terminal: 'opinion status' prints the overview without one.\n"


@pytest.mark.parametrize("theme", ["dark", "light", "plain"])
def test_no_color_is_no_colour_and_the_cursor_is_seen(tmp_path: Path, theme: str) -> None:
    settings = NOWHERE | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "NO_COLOR": "1"}
    terminal = Terminal("console", "--theme", theme, environment=settings)
    terminal.until("No RPC node answers")
    terminal.press("T?")
    terminal.until("Esc leaves")
    terminal.press("q")
    terminal.until("No RPC node answers")
    told = {code for codes in re.findall(rb"\x1b\[([0-9;]*)m", terminal.sent) for code in codes.split(b";")}
    # Bold, dim, italic, underline and reverse.
    assert told <= {b"", b"0", b"1", b"2", b"3", b"4", b"7"}
    assert any(terminal.screen.buffer[2][column].reverse for column in range(80))
    terminal.close()
