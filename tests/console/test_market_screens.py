"""From the overview to a market and what can be done to it, by keys, over a real localnet, database and Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chain.constants import PROGRAM_ID
from chain.units import UsdcUnits
from console.actions import Role
from console.app import Console
from ops.demo.authorities import establish
from settings import Settings
from store import analyses, by_hand, settlements
from store.database import Database
from store.migrations import migrate
from store.settlements import Status
from tests.console.pilots import Seat, seated
from tests.ops.test_overview import follow
from tests.oracle.settlement.house import STATEMENT, House, Opened
from tests.servers import Server
from tests.stage import staged


@dataclass(frozen=True)
class Place:
    """An oracle with a market that can be settled, and what a console of it is told."""

    house: House
    market: Opened
    settings: Settings

    @property
    def short(self) -> str:
        """What is typed where a market's name is wanted."""
        return self.market.name[:6]

    async def acts(self) -> list[str]:
        """What people did to the market, oldest first."""
        return [act.act for act in (await by_hand.past(self.house.db, self.market.name, 50)).acts]


@asynccontextmanager
async def placed(folder: Path, valkey: Server) -> AsyncIterator[Place]:
    url = f"sqlite:///{folder}/oracle.db"
    async with staged(folder) as stage, Database(url) as db:
        await migrate(db)
        await establish(stage, "establish", UsdcUnits(1_000_000_000))
        async with House.opened(stage, db, folder / "texts") as house:
            market = await house.market()
            await follow(house)
            settings = Settings(
                program_id=str(PROGRAM_ID),  # pyright: ignore[reportArgumentType]
                solana_rpc_url=stage.url,  # pyright: ignore[reportArgumentType]
                database_url=url,
                redis_url=valkey.url,
                texts_path=folder / "texts",
            )
            yield Place(house, market, settings)


@asynccontextmanager
async def at(place: Place, screen: str, role: Role = Role.OPERATOR, *, read_only: bool = False) -> AsyncIterator[Seat]:
    async with seated(place.settings, screen, role=role, read_only=read_only) as seat:
        hub = seat.app.context.hub
        hub.markets.every_s = hub.overview.every_s = 0.3
        yield seat


async def test_a_market_is_found_parked_retried_settled_and_verified(
    tmp_path: Path, valkey_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    monkeypatch.setattr(Console, "copy_to_clipboard", lambda _, words: copied.append(words))
    async with placed(tmp_path, valkey_server) as place, at(place, "overview") as seat:
        await seat.until("No watcher is active")
        await seat.press("2")
        line = next(line for line in (await seat.until(place.market.name[:7])).splitlines() if place.short in line)
        assert "active" in line
        await seat.press("slash")
        await seat.type("stake>100")
        assert "No market is like that." in await seat.until("0 of 1")
        await seat.press("ctrl+u")
        await seat.type("state:active")
        await seat.until("Markets  1 ")
        await seat.press("enter", "y")
        await seat.until("opied")
        assert copied == [place.market.name]

        await seat.press("enter")
        await seat.until(f"Market  {place.market.name[:20]}")
        await seat.press("tab")
        text = await seat.until("odds")
        assert f'"{STATEMENT}"' in text
        assert "Opinion 2 of" in text
        await seat.press("enter")
        assert "not scored" in await seat.until("of the pool")
        await seat.press("escape")
        await dry_run(seat, place)

        await seat.press("p")
        await seat.until("Whoever works on it stops")
        await seat.press("enter")
        await seat.until("A reason is needed")
        await seat.type("a look")
        await seat.press("enter")
        await seat.type("wrong")
        await seat.press("enter")
        await seat.until(f"'wrong' is not '{place.short}'")
        await seat.press("ctrl+u")
        await seat.type(place.short)
        await seat.press("enter")
        await seat.until("It is parked.")
        await seat.press("tab", "tab", "tab")
        await seat.until("[settlement]")
        await seat.until("a look")

        await seat.press("r")
        await seat.until("Now it is parked")
        await seat.type(place.short)
        await seat.press("enter")
        await seat.until("It starts anew.")
        assert await place.acts() == ["reanalyse", "park", "retry"]

        await seat.press("s")
        await seat.until("The next free worker looks at it at once")
        await seat.press("enter")
        await seat.until("It is due now.")

        await place.house.settle(place.market)
        await follow(place.house)
        await seat.press("ctrl+r")
        await seat.until("Settled")
        await seat.press("G", "enter")
        await seat.until("What happened")
        await seat.press("escape")
        await every_section(seat, copied)
        await seat.press("v")
        assert "ok: The market is settled." in await seat.until("22 checks hold")
        await seat.press("escape", "escape")
        await seat.until("Markets")


async def dry_run(seat: Seat, place: Place) -> None:
    """Score it again: what came of it is shown, and nothing is kept but the act."""
    await seat.press("a")
    await seat.until("A word list on this machine scores, at no cost.")
    await seat.press("enter")
    text = await seat.until("Nothing was recorded")
    assert "kept: no analysis of this market is kept yet" in text
    assert "opinions scored, 0 left out" in text
    await seat.press("escape")
    assert await analyses.get(place.house.db, place.market.name) is None


async def every_section(seat: Seat, copied: list[str]) -> None:
    """From the settlement to the opinions, the analysis and the draw; of each what it is about is copied."""
    await seat.press("tab")
    assert "score" in await seat.until("WON")
    await seat.press("y", "tab")
    assert "panel 1: lexicon" in await seat.until("The chain has the same record.")
    await seat.press("y", "tab")
    text = await seat.until("drawn r = ")
    assert "captured slot" in text
    assert "prize $" in text
    await seat.press("y")
    await seat.until("Copied")
    staker, record, winner = copied[-3:]
    assert f"winner {winner}" in text
    assert len(bytes.fromhex(record)) == 32
    await seat.press("tab", "tab")
    assert staker[:7] in await seat.until("odds")


async def test_one_jumps_to_what_needs_a_person_and_to_a_market_by_how_it_begins(
    tmp_path: Path, valkey_server: Server
) -> None:
    async with placed(tmp_path, valkey_server) as place, at(place, "markets") as seat:
        others = [await place.house.market() for _ in range(3)]
        await settlements.add(place.house.db, place.market.name)
        await follow(place.house)
        await seat.until("Markets  4")
        await seat.press("n")
        await seat.until("None of these is parked")
        await settlements.park(place.house.db, others[1].name, "a look, and a long one at that", "bob")
        await seat.until("PARKED")
        for key in ("n", "N"):
            await seat.press("g", key)
            told = (await seat.until("PARKED in close: a look, and a long one at that")).splitlines()[-3]
            assert told.strip().startswith(f'{others[1].name}  "{STATEMENT[:10]}'), "whole, whatever the table cuts off"

        await seat.press("colon")
        await seat.type("market 0")
        await seat.press("enter")
        await seat.until("none begins with '0'")
        await seat.press("colon")
        await seat.type(f"market {others[2].name[:8]}")
        await seat.press("enter")
        await seat.until(f"Market  {others[2].name[:20]}")
        await seat.press("escape")
        await seat.until("Markets  4")


async def test_what_changed_meanwhile_is_not_acted_on(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place, at(place, f"market {place.market.name}") as seat:
        await seat.until("Market  ")
        await seat.until("close")
        await seat.press("p")
        await seat.until("Whoever works on it stops")
        await settlements.park(place.house.db, place.market.name, "somebody was faster", "bob")
        await seat.type("a look")
        await seat.press("enter")
        await seat.type(place.short)
        await seat.press("enter")
        text = await seat.until("parked in close by now")
        assert "Now it is parked in close: somebody was faster." in text
        assert "Enter does it" in text, "it asks again"
        await seat.press("escape")
        await seat.until("Nothing was done.")
        assert await place.acts() == ["park"], "bob's"
        assert (await place.house.row(place.market)).status is Status.PARKED


@pytest.mark.parametrize(("role", "read_only"), [(Role.VIEWER, False), (Role.OPERATOR, True)])
async def test_who_only_looks_changes_nothing(
    tmp_path: Path, valkey_server: Server, role: Role, *, read_only: bool
) -> None:
    async with placed(tmp_path, valkey_server) as place:
        async with at(place, f"market {place.market.name}", role, read_only=read_only) as seat:
            await seat.until("close")
            await seat.press("p", "r", "s", "H")
            text = await seat.until("Market  ")
            assert "Enter does it" not in text
            await seat.press("v")
            await seat.until("is active: there is no")
        assert await place.acts() == []


async def test_signers_and_deploys_show_what_the_chain_holds(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place, at(place, "overview") as seat:
        await seat.until("program")
        await seat.press("5")
        text = await seat.until("upgrade authority")
        assert str(place.house.stage.keys.oracle.public_key) in text
        await seat.press("6")
        text = await seat.until("SHA-256")
        assert "the build that came with this software" in text


async def test_the_hold_is_placed_seen_everywhere_and_lifted(tmp_path: Path, valkey_server: Server) -> None:
    async with placed(tmp_path, valkey_server) as place, at(place, "markets") as seat:
        await seat.until(place.short)
        await seat.press("H")
        await seat.until("Nothing acts on the chain any more, on any host")
        await seat.type("an upgrade")
        await seat.press("enter")
        await seat.type("localnet")
        await seat.press("enter")
        await seat.until("HELD")
        await seat.press("1")
        await seat.until("holds the oracle since")
        assert "HELD" in seat.text()
        await seat.press("R")
        await seat.until("Enter does it")
        await seat.press("enter")
        await seat.without("HELD")
