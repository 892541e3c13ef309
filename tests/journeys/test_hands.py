"""The operator's hands as commands: sentences, JSON, exit codes, and what they leave in the database."""

import asyncio
import json
from pathlib import Path

import pytest

from store.database import Database
from store.migrations import migrate
from tests.journeys.conftest import Localnet, one_sentence, opinion

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A migrated database."""

    async def make() -> None:
        async with Database(address) as db:
            await migrate(db)

    address = f"sqlite:///{tmp_path}/oracle.db"
    asyncio.run(make())
    return address


@pytest.fixture(scope="module")
def market(localnet: Localnet) -> str:
    """A market of which only the receipt is left."""
    done = opinion("demo", "--rpc", localnet.url, "--keys", localnet.keys, "--json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout.splitlines()[-1])["market"])


def test_a_hold_is_placed_and_lifted(url: str) -> None:
    held = opinion("hold", "an upgrade", DATABASE_URL=url)
    assert "It was held already" not in held.stdout
    again = opinion("hold", "another", DATABASE_URL=url)
    assert "(an upgrade). It was held already: yours is kept beside it" in again.stdout
    assert (held.returncode, held.stderr) == (0, "")
    assert held.stdout.startswith("The oracle is held since ")
    assert held.stdout.endswith("(an upgrade).\n")
    lifted = opinion("resume", "--json", DATABASE_URL=url)
    assert json.loads(lifted.stdout) == {"held": False, "lifted": 2}
    assert opinion("resume", DATABASE_URL=url).stdout == "No hold was placed: the oracle was not stopped by one.\n"


def test_a_market_goes_through_an_operators_hands(localnet: Localnet, market: str, url: str) -> None:
    settings = {"DATABASE_URL": url, "SOLANA_RPC_URL": localnet.url}
    settled = opinion("settle", market, **settings)
    assert settled.stdout == f"{market} is new to the oracle and due now: the next free worker takes it.\n"
    assert opinion("park", market, "look first", **settings).returncode == 0
    parked = opinion("settlements", "--parked", **settings).stdout
    assert parked.startswith(f"{market} parked ")
    again = opinion("settle", market, **settings)
    assert (again.returncode, again.stdout) == (1, "")
    assert one_sentence(again.stderr)
    assert json.loads(opinion("retry", market, "--json", **settings).stdout) == {"market": market, "status": "ready"}
    assert opinion("settlements", "--parked", **settings).stdout == "None.\n"

    told = opinion("explain", market, **settings)
    assert (told.returncode, told.stderr) == (0, "")
    assert "\nchain: as of slot " in told.stdout
    assert ": finished as Settled at " in told.stdout
    for act in ("settle", "park", "retry"):
        assert f"  {act:<8} by " in told.stdout
    report = json.loads(opinion("explain", market, "--json", **settings).stdout)
    assert report["chain"]["state"] == "Settled"
    assert [act["act"] for act in report["acts"]] == ["settle", "park", "retry"]


def test_explain_works_without_an_rpc_node(url: str) -> None:
    told = opinion("explain", "11111111111111111111111111111111", DATABASE_URL=url, SOLANA_RPC_URL=NOWHERE)
    assert (told.returncode, told.stderr) == (0, "")
    assert f"chain: not known now: {NOWHERE}" in told.stdout


def test_what_is_no_market_is_refused(localnet: Localnet, url: str) -> None:
    settings = {"DATABASE_URL": url, "SOLANA_RPC_URL": localnet.url}
    typed = opinion("settle", "market", **settings)
    assert typed.returncode == 2
    assert one_sentence(typed.stderr)
    for command in ("settle", "explain"):
        nothing = opinion(command, "So11111111111111111111111111111111111111112", **settings)
        assert nothing.returncode == 1
        assert one_sentence(nothing.stderr)
        assert "there is no market" in nothing.stderr.lower()


def test_a_database_without_tables_is_named(tmp_path: Path) -> None:
    done = opinion("hold", "why", DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
    assert done.returncode == 1
    assert one_sentence(done.stderr)
    assert "opinion store migrate" in done.stderr
