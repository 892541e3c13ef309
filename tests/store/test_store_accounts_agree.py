"""The read model in SQL does what the pure rules say, over random sightings."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from chain.accounts import ProgramConfig
from chain.answers import ChainAccount, Commitment
from chain.constants import PROGRAM_ID
from store import accounts
from store.accounts import Cluster, FullRead, Heard
from store.backup import rebuild
from store.database import Database
from store.migrations import migrate
from store.schema import chain_account
from store.sightings import Row
from tests.samples import key, on_chain, sample
from tests.store import test_store_sightings as pure

HERE = Cluster("Genesis111111111111111111111111111111111111", PROGRAM_ID)
# What one account holds, by its number: few values, so that some come back.
STATES = st.dictionaries(st.integers(1, 4), st.integers(1, 3), max_size=4)
SLOTS = st.integers(0, 12)
SIGHTINGS = st.lists(
    st.one_of(
        st.tuples(st.just("heard"), STATES, SLOTS, st.just(Commitment.CONFIRMED)),
        st.tuples(st.just("read"), STATES, SLOTS, st.sampled_from([Commitment.CONFIRMED, Commitment.FINALIZED])),
    ),
    max_size=12,
)
Sighting = tuple[str, dict[int, int], int, Commitment]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for all examples, each of which begins by emptying it."""
    made = tmp_path_factory.mktemp("store")

    async def prepare() -> None:
        async with Database(f"sqlite:///{made}/store.db") as db:
            await migrate(db)

    asyncio.run(prepare())
    return made


@settings(max_examples=60, deadline=None)
@given(SIGHTINGS)
def test_both_keep_the_same(folder: Path, sightings: list[Sighting]) -> None:
    model = pure.Model()
    for what, state, slot, commitment in sightings:
        told = {str(account.key): account.data for account in _told(state, slot)}
        if what == "read":
            model.read(told, slot, commitment)
        else:
            for address, data in told.items():
                model.hear(address, data, slot)
    assert asyncio.run(_kept(folder, sightings)) == model.rows


async def _kept(folder: Path, sightings: Sequence[Sighting]) -> dict[str, Row]:
    async with Database(f"sqlite:///{folder}/store.db") as db:
        await rebuild(db, "a person")
        for what, state, slot, commitment in sightings:
            told = _told(state, slot)
            seen = FullRead(told, slot, commitment) if what == "read" else Heard(told, commitment)
            await accounts.see(db, HERE, seen)
        async with db.read() as connection:
            rows = (await connection.execute(select(chain_account))).all()
    return {row.address: Row(row.data, row.slot, Commitment(row.commitment), row.absent_since_slot) for row in rows}


def _told(state: dict[int, int], slot: int) -> list[ChainAccount]:
    return [on_chain(key(number), sample(ProgramConfig, bond_locked=value), slot) for number, value in state.items()]
