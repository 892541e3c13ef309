"""The table of actions against what is there: each has its method, and what may not be done is nowhere to be found."""

from pathlib import Path

import pytest
from textual.command import DiscoveryHit

from console.actions import ACTIONS, Action, Need, Role, actions_of
from console.app import Console, Step, help_text
from console.palette import Actions
from console.screens import ROOMS, room_class
from console.screens.base import Room
from console.screens.market import Market
from settings import Settings
from tests.console.pilots import Seat, seated
from tests.samples import key

SCREENS = (*ROOMS, "market")
MARKET = str(key(7))
OPERATES = [action for action in ACTIONS if action.need is Need.OPERATE]
SEATS = [(Role.VIEWER, False), (Role.SIGNER, False), (Role.OPERATOR, True), (Role.OPERATOR, False)]


def screen_class(name: str) -> type[Room]:
    """Of a room or of a market."""
    return Market if name == "market" else room_class(name)


def start_of(screen: str) -> str:
    """What `seated` is told to show it."""
    return f"market {MARKET}" if screen == "market" else screen


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    """Nothing of it answers."""
    return Settings(
        database_url=f"sqlite:///{tmp_path}/none.db",
        solana_rpc_url=("http://127.0.0.1:1",),
        redis_url="redis://127.0.0.1:1/0",
    )


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_its_method(action: Action) -> None:
    if action.name.startswith("goto_"):
        assert action.name.removeprefix("goto_") in ROOMS
        return
    owner = Console if action.screen == "app" else screen_class(action.screen)
    # Where the cursor is in a table, Enter is the table's.
    method = "on_live_table_chosen" if action.keys == "enter" else f"action_{action.name}"
    assert hasattr(owner, f"action_{action.name}") or hasattr(owner, method), f"{owner.__name__} lacks {method}"


def test_every_screen_of_the_table_is_there() -> None:
    assert {action.screen for action in ACTIONS} == {"app", *SCREENS}
    assert [action.name for action in ACTIONS if action.name.startswith("goto_")] == [f"goto_{room}" for room in ROOMS]
    assert [action.keys for action in ACTIONS if action.name.startswith("goto_")] == list("12345678"[: len(ROOMS)])


@pytest.mark.parametrize("screen", SCREENS)
def test_no_key_of_a_screen_means_two_things(screen: str) -> None:
    keys = [key for action in (*actions_of(screen), *actions_of("app")) for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))


async def discovered(seat: Seat) -> list[str]:
    """What the palette offers, in the words of its help."""
    found = [hit async for hit in Actions(seat.app.screen).discover()]
    return [str(hit.help) for hit in found if isinstance(hit, DiscoveryHit)]


@pytest.mark.parametrize(("role", "read_only"), SEATS)
async def test_what_may_not_be_done_is_nowhere(nowhere: Settings, role: Role, read_only: bool) -> None:
    may = role is Role.OPERATOR and not read_only
    async with seated(nowhere, "overview", role=role, read_only=read_only, size=(200, 30)) as seat:
        for screen in SCREENS:
            place, _, words = start_of(screen).partition(" ")
            seat.app.go(Step(place, words))
            await seat.pilot.pause()
            room = seat.app.screen
            assert isinstance(room, screen_class(screen))
            here = [action for action in OPERATES if action.screen in (screen, "app")]
            # Where help shows the sentence, `?` says it.
            told, offered, below = help_text(room), await discovered(seat), seat.text().splitlines()[-1]
            for action in here:
                assert (action.explains in told) is may, action.id
                assert (action.explains in offered) is may, action.id
                assert (action in room.actions_here()) is may, action.id
                assert (f" {action.key} {action.words} " in f"{below} ") is (may and action.shown), action.id
                owner = seat.app if action.screen == "app" else room
                assert (owner.check_action(action.name, ()) is not False) is may, action.id


@pytest.mark.parametrize(("role", "read_only"), SEATS[:3])
async def test_keys_and_lines_of_what_may_not_be_done_ask_nothing(
    nowhere: Settings, role: Role, read_only: bool
) -> None:
    async with seated(nowhere, "overview", role=role, read_only=read_only) as seat:
        for screen in SCREENS:
            place, _, words = start_of(screen).partition(" ")
            seat.app.go(Step(place, words))
            await seat.pilot.pause()
            for action in [action for action in OPERATES if action.screen in (screen, "app")]:
                await seat.press(action.keys.partition(",")[0])
                seat.app.obey(action.name.replace("_", "-"))
                await seat.pilot.pause()
                assert isinstance(seat.app.screen, Room), action.id
