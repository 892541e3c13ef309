"""Any keys at all, in any order, on any room of a console that only looks: it goes on, and nothing is changed."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

import pytest
from hypothesis import HealthCheck, Phase, example, given, note, seed
from hypothesis import settings as profile
from hypothesis import strategies as st

from console.actions import ACTIONS, Need
from console.screens import ROOMS, market
from ops.runbooks.book import runbooks as books
from settings import Settings
from store import audit, pauses, runbooks, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Phase as Step
from store.settlements import Queue
from tests.console.pilots import Seat, seated
from tests.samples import key


def goto(screen: str) -> list[str]:
    """The key that leads to the room, where one does."""
    return [str(ROOMS.index(screen) + 1)] if screen in ROOMS else []


SEED = int(os.environ.get("OPINION_KEYS_SEED") or SystemRandom().randrange(2**32))
"""Another one each time; a failure prints it."""
MARKETS = [str(key(number)) for number in range(1, 5)]
STARTS = (*ROOMS, f"market {MARKETS[0]}", "runbooks rpc-lag")
OURS = sorted({name for action in ACTIONS for name in action.keys.split(",")})
MOVES = ["j", "k", "g", "G", "up", "down", "ctrl+d", "ctrl+u", "ctrl+f", "ctrl+b", "shift+tab", "home", "end", "w"]
WORDS = ["state:paid", "market", "settle", "retry", "by:oracle", "stake>", "rpc-lag", "since:2x", "a", "1", "-", "[b]"]
# What an operator would type to do it: first a reason, then the name.
DEEDS = [
    [*goto(action.screen), action.keys.partition(",")[0], "a", "enter", *MARKETS[0][:6], "enter"]
    for action in ACTIONS
    if action.need is Need.OPERATE
]
keys = st.lists(
    st.sampled_from([[name] for name in [*OURS, *MOVES]])
    | st.sampled_from(DEEDS)
    # What is typed into whatever has been opened: most often `:` and `/` come before it.
    | st.tuples(st.sampled_from([[], ["colon"], ["slash"]]), st.sampled_from(WORDS)).map(
        lambda found: [*found[0], *found[1], "enter"]
    ),
    min_size=2,
    max_size=8,
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A database with something of everything that a key could change, and no other part that answers."""
    found = Settings(
        database_url=f"sqlite:///{tmp_path}/oracle.db",
        solana_rpc_url=("http://127.0.0.1:1",),
        redis_url="redis://127.0.0.1:1/0",
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    # Where there is a desktop, a browser would open.
    monkeypatch.setattr(market, "_open_browser", lambda _: False)
    asyncio.run(_fill(found.database_url))
    return found


async def _fill(url: str) -> None:
    async with Database(url) as db:
        await migrate(db)
        for address in MARKETS:
            await settlements.add(db, address, Step.PROVE, Queue.SETTLE)
        await settlements.park(db, MARKETS[0], "a look", "bob")
        await pauses.place(db, "settle", "a look", "bob")
        await runbooks.start(db, "rpc-lag", books()["rpc-lag"].digest, "bob")
        async with db.write() as connection:
            await audit.append(connection, "bob", "hold", "oracle", {"why": "a look"})


def dump(folder: Path) -> list[str]:
    """All that the database holds."""
    with sqlite3.connect(folder / "oracle.db") as connection:
        return list(connection.iterdump())


async def play(place: Settings, start: str, pressed: Sequence[str]) -> Seat:
    """Press them all, or those until the console is left."""
    async with seated(place, start, read_only=True) as seat:
        for name in pressed:
            if seat.app.return_code is not None:
                break
            await seat.press(name)
    return seat


def test_any_keys_change_nothing_and_end_nothing(place: Settings, tmp_path: Path) -> None:
    before = dump(tmp_path)

    @seed(SEED)
    @profile(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(STARTS), keys)
    @example(f"market {MARKETS[0]}", [["r", *MARKETS[0][:6], "enter"]])
    @example("runbooks rpc-lag", [["n", "a", "enter"]])
    @example("audit", [["h", "enter"], ["w", "enter"]])
    def check(start: str, pressed: list[list[str]]) -> None:
        note(f"OPINION_KEYS_SEED={SEED}")
        seat = asyncio.run(play(place, start, [name for names in pressed for name in names]))
        assert seat.app.crash is None
        assert seat.app.return_code in (None, 0)
        assert dump(tmp_path) == before
        assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"oracle.db"}, "it wrote a file"

    check()
