"""What no localnet or database is shared for: a revoked key, a chain that takes back what landed, a database away."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chain import instructions
from chain.accounts import Market, MarketReceipt
from chain.constants import PROGRAM_ID, MarketState, RefundReason
from ops.demo.authorities import establish
from ops.demo.stage import open_stage
from oracle.settlement.plan import WaitReason
from store.database import Database
from store.errors import OtherCluster
from store.migrations import migrate
from store.settlements import Phase, Status
from tests.oracle.settlement.conftest import BOND, Node, started_node
from tests.oracle.settlement.house import House
from tests.relay import relaying
from tests.servers import Server, new_database


@pytest.fixture
def own_node(tmp_path: Path) -> Iterator[Node]:
    node = started_node(tmp_path)
    yield node
    node.stop()


@pytest.fixture
async def own_house(own_node: Node, tmp_path: Path) -> AsyncIterator[House]:
    """On a localnet of its own."""
    async with (
        open_stage(PROGRAM_ID, own_node.url, own_node.keys, tmp_path / "journal.db") as stage,
        Database(f"sqlite:///{tmp_path}/oracle.db") as db,
    ):
        await migrate(db)
        await establish(stage, "establish", BOND)
        async with House.opened(stage, db, tmp_path / "texts") as house:
            yield house


async def test_a_chain_that_takes_back_what_landed_is_signed_for_anew(own_house: House, own_node: Node) -> None:
    house = own_house
    market = await house.market(2)
    before = await asyncio.to_thread(_copied, own_node)
    await house.settle(market, lambda row: row.phase is Phase.CAPTURE)
    await asyncio.to_thread(_restored, own_node, before)
    found = await house.on_chain(market)
    assert isinstance(found, Market)
    assert found.state is MarketState.ACTIVE
    row = await house.settle(market)
    assert (row.status, row.attempt) == (Status.DONE, 0)
    intents = [sent.intent for sent in await house.sent(market) if sent.outcome == "landed"]
    assert len(intents) == len(set(intents))
    anew = {intent.split()[1] for intent in intents if intent.endswith(" 2")}
    assert {"close", "record"} <= anew
    receipt = await house.on_chain(market)
    assert isinstance(receipt, MarketReceipt)
    assert receipt.refund_reason is RefundReason.NONE


async def test_a_revoked_key_refunds_before_the_request(own_house: House) -> None:
    house, stage = own_house, own_house.stage
    market = await house.market(2)
    await house.settle(market, lambda row: row.phase is Phase.ANALYSE)
    revoke = instructions.revoke_randomness_key(
        admin=stage.keys.admin.public_key, key=stage.keys.randomness.public, program=stage.program
    )
    await stage.send("revoke", [revoke], stage.keys.admin)
    await house.settle(market)
    receipt = await house.on_chain(market)
    assert isinstance(receipt, MarketReceipt)
    assert receipt.refund_reason is RefundReason.KEY_REVOKED
    assert await house.usdc(*market.stakers) == [5_000_000, 5_000_000]


async def test_a_database_that_goes_away_and_comes_back_costs_nothing(
    house: House, postgresql_server: Server, tmp_path: Path
) -> None:
    url = urlsplit(new_database(postgresql_server))
    assert url.port is not None
    async with (
        relaying(url.port) as relay,
        Database(url._replace(netloc=f"opinion@127.0.0.1:{relay.port}").geturl()) as db,
    ):
        await migrate(db)
        async with House.opened(house.stage, db, tmp_path / "more texts") as here:
            market = await here.market(0)
            signer = here.stopping_signer()
            task = asyncio.create_task(here.engine("cut off", oracle=signer).settle(market.name))
            await signer.asked.wait()
            relay.shut = True
            relay.cut()
            signer.go_on.set()
            await asyncio.sleep(1.0)
            assert not task.done()
            relay.shut = False
            await task
            row = await here.row(market)
            assert (row.status, row.wait_reason, row.attempt) == (Status.WAITING, WaitReason.DATABASE, 0)
            assert (row.takeovers, row.holder) == (0, None)
            await here.settle(market)


async def test_a_market_of_another_chains_database_is_left_alone(house: House) -> None:
    async def another() -> None:
        raise OtherCluster("this database is of another chain: name its own")

    market = await house.market(0)
    for _ in range(4):
        row = await house.once(market, house.engine(pinned=another))
        assert (row.status, row.attempt, row.wait_reason) == (Status.WAITING, 0, "rpc")
    assert list(await house.sent(market)) == []
    await house.settle(market)


def _copied(node: Node) -> Path:
    node.stop()
    copy = node.ledger.with_name("copy")
    shutil.copytree(node.ledger, copy)
    node.start()
    return copy


def _restored(node: Node, copy: Path) -> None:
    node.stop()
    shutil.rmtree(node.ledger)
    copy.rename(node.ledger)
    node.start()
