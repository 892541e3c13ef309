"""Every room and every kind of dialog, to the cell, at two sizes and in both themes: `make snapshots` renews them.

What they show is `night.gz`, a recording of a localnet with traffic (`night.py` makes it), at its last moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.widgets import Input

from console.recording.replay import Replay
from console.screens import ROOMS
from console.widgets.dialog import Ask, Deed, DeedDialog
from console.widgets.document import DocumentDialog
from settings import Network
from tests.console.night import RUNBOOK, feeds_of, parked_and_paid
from tests.console.painted import Lines, lines_of, told, words_of
from tests.console.pilots import PATIENCE_S, Seat, replayed

SIZES = ((80, 24), (120, 40))
THEMES = ("dark", "light")
LOOK_S = 0.05
"""Between two looks at whether anything changes yet."""


class Frames(SingleFileSnapshotExtension):
    """A text file a scene."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Frames)


async def settled(seat: Seat) -> Lines:
    """What is shown once all is read, and nothing changes any more."""
    before: Lines = []
    async with asyncio.timeout(PATIENCE_S):
        while (now := lines_of(seat.app)) != before or "eading…" in words_of(now):
            before = now
            await asyncio.sleep(LOOK_S)
    return before


async def in_theme(seat: Seat, theme: str) -> Lines:
    """What is shown once this theme is there in place of the one before."""
    before, seat.app.theme = lines_of(seat.app), theme
    async with asyncio.timeout(PATIENCE_S):
        while lines_of(seat.app) == before:  # noqa: ASYNC110 - Textual tells nobody when a theme is painted
            await asyncio.sleep(0.01)
    return await settled(seat)


async def frames(seat: Seat) -> str:
    """The scene at every size and in every theme."""
    found: list[str] = []
    themes = THEMES
    for size in SIZES:
        await seat.pilot.resize_terminal(*size)
        shown = {themes[0]: await settled(seat), themes[1]: await in_theme(seat, themes[1])}
        found.append("== {}x{}\n{}\n".format(*size, told({theme: shown[theme] for theme in THEMES})))
        # The next size begins in the theme that is there.
        themes = themes[::-1]
    return "".join(found)


# The scenes: where one goes, and what one presses there.

Does = Callable[[Seat], Awaitable[None]]


def pressed(*keys: str) -> Does:
    """Press these."""

    async def does(seat: Seat) -> None:
        await settled(seat)
        await seat.press(*keys)

    return does


def typed(*lines: str) -> Does:
    """Press the first as a key, and type the rest."""

    async def does(seat: Seat) -> None:
        await settled(seat)
        await seat.press(lines[0])
        for words in lines[1:]:
            await seat.type(words)

    return does


async def asked(seat: Seat) -> None:
    """Ask for all that a dialog can ask for, and refuse what was typed."""
    means = ("It goes on.", "Nobody else is told.")
    wants = (Ask("why", "Why, for whoever comes next:"), Ask("long", "For how long:", "2h"))
    seat.app.push_screen(DeedDialog(Deed("Do what is dangerous", means, wants, "the-name"), seat.app.context.network))
    await seat.until("Enter does it")
    await seat.type("a look")
    await seat.press("enter")
    seat.app.screen.query(Input).last().focus()
    await seat.type("wrong")
    await seat.press("enter")
    await seat.until("is not")


async def document(seat: Seat) -> None:
    """A document that can be written."""
    text = "# A shift\n\n## What needs a person\n\n- nothing\n"
    seat.app.push_screen(DocumentDialog("A shift", text, "shift.md", seat.app.context.network, writes=True))
    await seat.until("w writes a file")


async def failing(seat: Seat) -> None:
    """A source is lost: what was known stays, greyed, with the reason."""
    await settled(seat)
    hub = seat.app.context.hub
    assert hub.replay is not None
    hub.replay._tracks["markets"].errors.append(_away(hub.replay.ended))  # pyright: ignore[reportPrivateUsage]
    hub.markets.poke()
    await seat.until("is away")


def _away(at: datetime) -> object:
    from console.recording.replay import _Line  # pyright: ignore[reportPrivateUsage]

    return _Line(at.astimezone(UTC), {"error": "the database is away"})


NOTHING = pressed()
SCENES: dict[str, tuple[str, Does]] = {
    **{room: (room, NOTHING) for room in ROOMS},
    "markets-filtered": ("markets", typed("slash", "state:paid")),
    "markets-where-none-is-so": ("markets", typed("slash", "nothing-like-it")),
    "markets-that-cannot-be-read": ("markets", failing),
    "market-parked": ("parked", NOTHING),
    "market-paid": ("paid", NOTHING),
    "market-its-opinions": ("paid", pressed("tab")),
    "market-its-analysis": ("paid", pressed("tab", "tab")),
    "market-its-draw": ("paid", pressed("tab", "tab", "tab")),
    "market-an-event": ("paid", pressed("enter")),
    "market-an-opinion": ("paid", pressed("tab", "enter")),
    "market-to-be-retried": ("parked", pressed("r")),
    "queue-its-workers": ("queue", pressed("tab")),
    "queue-a-failed-job": ("queue", pressed("enter")),
    "queue-a-job-by-hand": ("queue", pressed("n")),
    "alerts-one-of-them": ("alerts", pressed("enter")),
    "alerts-to-be-silenced": ("alerts", pressed("s")),
    "alerts-silences": ("alerts", pressed("tab")),
    "runbooks-one-of-them": (f"runbooks {RUNBOOK}", NOTHING),
    "runbooks-a-step": (f"runbooks {RUNBOOK}", pressed("enter")),
    "runbooks-a-step-to-be-marked": (f"runbooks {RUNBOOK}", pressed("f")),
    "audit-an-act": ("audit", pressed("enter")),
    "hold": ("overview", pressed("H")),
    "dialog-with-all-that-it-may-ask": ("overview", asked),
    "document": ("overview", document),
    "help": ("market", pressed("question_mark")),
    "palette": ("overview", pressed("ctrl+p")),
    "palette-something-typed": ("overview", typed("ctrl+p", "hold")),
    "command-line": ("overview", pressed("colon")),
    "command-line-completing": ("overview", typed("colon", "ma")),
}


async def test_the_recording_is_of_what_feeds_tell_now(night: Replay) -> None:
    """Where it is not, `tests/console/night.py` makes it anew."""
    async with replayed(night, "overview") as seat:
        names = {feed.name for feed in feeds_of(seat.app.context.hub)}
    for name in names | night._tracks.keys():  # pyright: ignore[reportPrivateUsage]
        night.value(name)


@pytest.mark.parametrize("scene", SCENES)
async def test_it_looks_as_it_did(scene: str, night: Replay, snapshot: SnapshotAssertion) -> None:
    start, does = SCENES[scene]
    parked, paid = parked_and_paid(night.value("markets"))
    start = {"parked": f"market {parked}", "paid": f"market {paid}", "market": f"market {paid}"}.get(start, start)
    async with replayed(night, start) as seat:
        await does(seat)
        shown = await frames(seat)
    assert shown == snapshot


@pytest.mark.parametrize("scene", ["overview", "hold"])
async def test_on_mainnet_it_looks_like_nothing_else(scene: str, night: Replay, snapshot: SnapshotAssertion) -> None:
    start, does = SCENES[scene]
    async with replayed(night, start, Network.MAINNET) as seat:
        await does(seat)
        shown = await frames(seat)
    assert shown == snapshot
