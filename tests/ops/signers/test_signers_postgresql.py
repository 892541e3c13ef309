"""Signers whose login at the database is `opinion_signer`: all of theirs works, and nothing of anybody else's."""

from collections.abc import AsyncIterator

import pytest
from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from sqlalchemy import delete, insert, select, update

from chain.multisig.model import Status
from chain.signers import KeypairSigner
from chain.units import UsdcUnits
from ops.deploy.opening import artefact_of
from ops.deploy.opening import show as show_gate
from ops.signers.acts import Act, prepared, propose_score
from ops.signers.offline import DistantSigner, complete, export
from store import audit, by_hand, holds, pauses, settlements
from store.database import Database
from store.errors import NotPermitted
from store.grants import Member
from store.migrations import migrate
from store.schema import analysis, gate_evidence
from store.schema import audit as audit_rows
from tests.ops.signers.signing import proposed, settings_of, table_of
from tests.oracle.settlement.hall import Hall
from tests.servers import Server, new_database
from tests.store.granted import grant, url_of


@pytest.fixture
async def owner(postgresql_server: Server) -> AsyncIterator[Database]:
    async with Database(new_database(postgresql_server)) as db:
        await migrate(db)
        grant(db.name)
        yield db


@pytest.fixture
async def signers_db(owner: Database) -> AsyncIterator[Database]:
    async with Database(url_of(owner.name, Member.SIGNER)) as db:
        yield db


async def copied(hall: Hall, owner: Database) -> None:
    """What the oracle worked out, as its own database has it."""
    async with hall.house.db.read() as connection:
        rows = [dict(row) for row in (await connection.execute(select(analysis))).mappings()]
    async with owner.write() as connection:
        await connection.execute(insert(analysis), rows)


async def test_a_signer_reads_votes_executes_and_proposes(hall: Hall, owner: Database, signers_db: Database) -> None:
    (_, number), (market, unwanted) = await proposed(hall), await proposed(hall)
    await copied(hall, owner)
    table, (ana, ben, chloe, *_) = table_of(hall), hall.founded.people
    assert (await table.reading(number, signers_db)).refusals == ()
    for person in (ana, ben, chloe):
        await (await prepared(table, Act.APPROVE, [number], person, signers_db)).make(signers_db)
    await (await prepared(table, Act.EXECUTE, [number], ana, signers_db)).make(signers_db)
    assert (await hall.proposal(number)).status is Status.EXECUTED
    for person in (ana, ben, chloe):
        made = await prepared(table, Act.REJECT, [unwanted], person, signers_db, memo="bought")
        await made.make(signers_db)
    assert (await hall.proposal(unwanted)).status is Status.REJECTED
    _, again = await propose_score(table, market.address, ana, signers_db)
    assert again > unwanted
    assert (await audit.verify(signers_db)).ok


async def test_a_signer_votes_by_a_key_without_a_network(hall: Hall, owner: Database, signers_db: Database) -> None:
    _, number = await proposed(hall)
    await copied(hall, owner)
    table, ana, courier = table_of(hall), hall.founded.people[0], KeypairSigner(Keypair())
    await hall.house.stage.fund(courier.public_key, UsdcUnits(0))
    made = await prepared(table, Act.APPROVE, [number], DistantSigner(ana.public_key), signers_db)
    kept = await export(made, courier, signers_db)
    signature = await ana.sign(to_bytes_versioned(kept.request.message(hall.council.adapter)))
    await complete(table, kept, signature, courier, signers_db)
    assert (await hall.proposal(number)).approved == (ana.public_key,)


async def test_a_signer_says_what_they_reviewed(hall: Hall, signers_db: Database) -> None:
    settings = settings_of(hall, database_url=signers_db.name)
    _, given = await show_gate(settings, "review", artefact_of(None), "read the diff")
    assert given.gate == "review"


async def test_a_signer_does_nothing_else(owner: Database, signers_db: Database) -> None:
    for act in (
        lambda: by_hand.settle(signers_db, "m", "ana@bastion"),
        lambda: holds.place(signers_db, "why", "ana@bastion"),
        lambda: pauses.place(signers_db, "settle", "why", "ana@bastion"),
        lambda: settlements.park(signers_db, "m", "why", "ana@bastion"),
    ):
        with pytest.raises(NotPermitted):
            await act()
    for change in (
        update(audit_rows).values(actor="somebody"),
        delete(audit_rows),
        delete(analysis),
        update(gate_evidence).values(words="else"),
        delete(gate_evidence),
    ):
        with pytest.raises(NotPermitted):
            async with signers_db.write() as connection:
                await connection.execute(change)
