"""A council's whole way on Agave's own validator: a market's time is up, five keys decide, its score is on the chain.

Everything is what people run: the oracle's processes, and `opinion signers` by a file, an ssh-agent and a machine
without a network.
"""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from chain.accounts import Market
from chain.constants import PROGRAM_ID, MarketState
from chain.errors import OtherProgramError
from chain.multisig.model import Proposal, Status
from store import analyses
from store.cluster import pin
from store.database import Database
from store.migrations import migrate
from tests.agents import running_agent
from tests.faults.processes import Processes
from tests.journeys.conftest import opinion
from tests.journeys.council_validator import Court, on_validator, written
from tests.servers import Server

OTHER_PROGRAM = Pubkey.from_string("Cou6Jj3oUgtEQMMiHTWyBGhRT7ZvLYHjVRJHChZbEnvf")
"""Where the same program stands for the council of v3: a program has one oracle."""
PATIENCE_S, LOOK_S = 90.0, 0.25
Courts = dict[str, Court]
PROCESSES = ("watcher-1", "chain-1", "analysis-1")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def courts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Courts]:
    """One validator for both."""
    folder = tmp_path_factory.mktemp("validator")
    stories = [
        await written(PROGRAM_ID, "v4", folder / "v4"),
        await written(OTHER_PROGRAM, "v3", folder / "v3"),
    ]
    async with on_validator(stories, folder) as found:
        yield {court.story.squads: court for court in found}


@asynccontextmanager
async def oracle(court: Court, redis: Server) -> AsyncGenerator[Database]:
    """Its processes, as systemd would run them."""
    keys, settings = court.story.folder / "ledger" / "keys", court.settings
    logs = court.story.folder / "logs"
    logs.mkdir()
    environment = settings | {
        "REDIS_URL": redis.url,
        "METRICS_PORT": "0",
        "ORACLE_KEYPAIR_PATH": str(keys / "oracle.json"),
        "RANDOMNESS_KEYPAIR_PATHS": str(keys / "randomness.json"),
    }
    async with Database(settings["DATABASE_URL"]) as db:
        await migrate(db)
        await pin(db, await court.stage.rpc.genesis_hash(), settings["PROGRAM_ID"])
        async with Processes(logs, environment, PROCESSES):
            yield db


async def until(what: str, ask: Callable[[], Any]) -> Any:
    """The first answer that is not None."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (found := await ask()) is None:  # noqa: ASYNC110 - a chain is asked
                await asyncio.sleep(LOOK_S)
            return found
    except TimeoutError:
        raise AssertionError(f"{what}: not within {PATIENCE_S:.0f} s") from None


async def command(court: Court, *arguments: str, typed: str = "", agent: str = "") -> subprocess.CompletedProcess[str]:
    """`opinion signers …` by somebody who types that."""
    settings = court.settings | ({"SSH_AUTH_SOCK": agent} if agent else {})
    return await asyncio.to_thread(
        opinion, "signers", *arguments, cwd=court.story.folder, typed=f"{typed}\n", **settings
    )


async def done(court: Court, *arguments: str, typed: str = "", agent: str = "") -> Any:
    """The same, which has to go well; returns what it says as JSON."""
    ran = await command(court, *arguments, "--json", typed=typed, agent=agent)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


async def proposal(court: Court) -> Proposal | None:
    """The newest."""
    adapter, rpc = court.founded.council.adapter, court.stage.rpc
    multisig = await adapter.read(rpc, court.founded.council.pinned.address)
    return await adapter.proposal(rpc, multisig, multisig.last_index) if multisig.last_index else None


async def state(court: Court) -> Market:
    found = await court.stage.rpc.account(court.story.market)
    assert found is not None
    return Market.from_account(found.owner, found.data, court.story.program)


async def executing_fails(court: Court, number: int) -> None:
    """Who would execute it all the same is refused by the program itself."""
    adapter, rpc, esra = court.founded.council.adapter, court.stage.rpc, court.founded.people[4]
    multisig = await adapter.read(rpc, court.founded.council.pinned.address)
    call = await adapter.execute(rpc, multisig, number, esra.public_key)
    with pytest.raises(OtherProgramError):
        await court.stage.sender.send(f"execute {number} early {Keypair().pubkey()}", [call], esra)
    refused = await command(court, "execute", str(number), "--signer", key(court, "esra"))
    assert refused.returncode == 1
    assert "only approved ones are executed" in refused.stderr


def key(court: Court, name: str) -> str:
    return str(court.story.folder / "signers" / f"{name}.json")


async def scored(court: Court, db: Database, number: int) -> None:
    """The market has the score that the oracle prepared, by that proposal."""

    async def ask() -> Market | None:
        found = await state(court)
        return found if found.state is not MarketState.CLOSED else None

    market, kept = await until("the score", ask), await analyses.get(db, str(court.story.market))
    assert kept is not None
    assert (market.score, market.summary_hash) == (kept.score, kept.summary_hash)
    found = await proposal(court)
    assert found is not None
    assert (found.index, found.status) == (number, Status.EXECUTED)


@pytest.mark.asyncio(loop_scope="module")
async def test_three_of_five_have_a_score_recorded_by_the_worker(courts: Courts, valkey_server: Server) -> None:
    court = courts["v4"]
    people = court.founded.people
    async with oracle(court, valkey_server) as db, running_agent() as agent:
        found = await until("a proposal", lambda: proposal(court))
        number = found.index
        assert found.status is Status.ACTIVE
        first = (await done(court, "show", str(number)))["words"].split()[0]
        # Ana has a file, Ben an agent.
        await done(court, "approve", str(number), "--signer", key(court, "ana"), typed=first)
        agent.add_keypair("ben", moved_out(Path(key(court, "ben"))))
        await done(court, "approve", str(number), typed=first, agent=str(agent.socket))
        await executing_fails(court, number)
        assert (await state(court)).state is MarketState.CLOSED
        # Chloe's machine has no network; who carries it there and back is no member.
        courier = stranger(court)
        exported = await done(court, "offline", "export", str(number), "--courier", courier, "--member", "Chloe")
        signed = await done(court, "offline", "sign", exported["file"], "--signer", key(court, "chloe"), typed=first)
        await done(court, "offline", "import", signed["signature"], "--courier", courier)
        await scored(court, db, number)
    now = await proposal(court)
    assert now is not None
    assert set(now.approved) == {people[0].public_key, people[1].public_key, people[2].public_key}


@pytest.mark.asyncio(loop_scope="module")
async def test_three_of_five_record_a_score_themselves(courts: Courts, valkey_server: Server) -> None:
    court = courts["v3"]
    async with oracle(court, valkey_server) as db:

        async def prepared() -> bool | None:
            return True if await analyses.get(db, str(court.story.market)) else None

        await until("an analysis", prepared)
        proposed = await done(court, "propose", str(court.story.market), "--signer", key(court, "dayo"))
        number = proposed["proposal"]
        first = (await done(court, "show", str(number)))["words"].split()[0]
        for name in ("ana", "ben"):
            await done(court, "approve", str(number), "--signer", key(court, name), typed=first)
        await executing_fails(court, number)
        await done(court, "approve", str(number), "--signer", key(court, "chloe"), typed=first)
        await done(court, "execute", str(number), "--signer", key(court, "esra"), typed=first)
        await scored(court, db, number)


def moved_out(file: Path) -> Keypair:
    """A key whose file is gone afterwards."""
    pair = Keypair.from_json(file.read_text())
    file.unlink()
    return pair


def stranger(court: Court) -> str:
    """A key that is no member's, with lamports from the beginning."""
    return str(court.story.folder / "ledger" / "keys" / "guardian.json")
