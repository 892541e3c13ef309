"""Texts are pinned when the chain shows them, each once, and again where nodes were missing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from chain.accounts import Opinion
from chain.answers import ChainAccount, Commitment
from chain.units import Lamports, Slot, UnixTime, UsdcUnits
from oracle.pinner import Pinner
from oracle.texts import texts_of
from store.accounts import Cluster, FullRead, see
from store.cid import cid_of, text_hash
from store.database import Database
from store.migrations import migrate
from tests.fakes.ipfs import Fault, fake_ipfs

PROGRAM = Pubkey.new_unique()
GENESIS = str(Pubkey.new_unique())


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path / 'oracle.db'}") as database:
        await migrate(database)
        yield database


async def show(db: Database, slot: int, *texts: str) -> None:
    """Let the read model see one opinion for each text."""
    found: list[ChainAccount] = []
    for text in texts:
        opinion = Opinion(
            version=1,
            bump=255,
            paid=False,
            market=Pubkey.new_unique(),
            staker=Pubkey.new_unique(),
            start=UsdcUnits(0),
            stake=UsdcUnits(500_000),
            created_at=UnixTime(1),
            text_hash=text_hash(text),
            cid=cid_of(text),
        )
        data = opinion.to_bytes()
        found.append(ChainAccount(Pubkey.new_unique(), PROGRAM, Lamports(1), data, executable=False, slot=Slot(slot)))
    await see(db, Cluster(GENESIS, PROGRAM), FullRead(found, slot, Commitment.CONFIRMED))


async def test_new_texts_are_pinned_on_two_nodes_once(db: Database, tmp_path: Path) -> None:
    with fake_ipfs() as first, fake_ipfs() as second:
        async with texts_of(tmp_path / "texts", apis=[first.url, second.url]) as texts:
            await texts.keep("good")
            await texts.keep("bad")
            await show(db, 1, "good", "bad")
            pinner = Pinner(db, texts)

            assert await pinner.look() == 2
            assert await pinner.look() == 0
            assert {str(cid) for cid in first.pins & second.pins} == {cid_of("good"), cid_of("bad")}


async def test_a_node_that_was_away_gets_its_pin_later(db: Database, tmp_path: Path) -> None:
    with fake_ipfs() as first, fake_ipfs(fault=Fault.ERROR) as second:
        async with texts_of(tmp_path / "texts", apis=[first.url, second.url]) as texts:
            await texts.keep("good")
            await show(db, 1, "good")
            pinner = Pinner(db, texts, again=0.0)
            assert await pinner.look() == 0

            second.fault = Fault.NONE

            assert await pinner.look() == 1
            assert {str(cid) for cid in second.pins} == {cid_of("good")}


async def test_a_flood_of_texts_is_pinned_a_part_at_a_time(db: Database, tmp_path: Path) -> None:
    names = [f"opinion {number}" for number in range(10)]
    with fake_ipfs() as first, fake_ipfs() as second:
        async with texts_of(tmp_path / "texts", apis=[first.url, second.url]) as texts:
            for name in names:
                await texts.keep(name)
            await show(db, 1, *names)
            pinner = Pinner(db, texts, most=4)
            assert [await pinner.look() for _ in range(4)] == [4, 4, 2, 0]
