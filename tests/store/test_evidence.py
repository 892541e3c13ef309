"""Evidence for gates: given, expired, withdrawn, audited."""

from datetime import timedelta

from sqlalchemy import select

from store import audit, evidence
from store.database import Database
from store.evidence import Kind
from store.schema import audit as acts

OURS, OTHER = "a" * 64, "b" * 64


async def give(db: Database, owner: str = "ann@bastion", artefact: str = OURS, **told: str) -> evidence.Evidence:
    return await evidence.give(
        db,
        gate="audit",
        kind=Kind(told.get("kind", "shown")),
        network=told.get("network", "mainnet"),
        artefact=artefact,
        owner=owner,
        words="report 7\0",
        life=timedelta(days=2),
        document="c" * 64,
    )


async def test_what_is_given_is_found_by_its_artefact_and_network(db: Database) -> None:
    mine = await give(db)
    await give(db, artefact=OTHER)
    await give(db, network="testnet")
    waived = await give(db, "bob@bastion", kind="waived")
    assert await evidence.given(db, "mainnet", OURS) == [mine, waived]
    assert (mine.kind, waived.kind) == (Kind.SHOWN, Kind.WAIVED)
    assert mine.expires_at - mine.made_at == timedelta(days=2)
    assert (mine.words, mine.document) == ("report 7\ufffd", "c" * 64)


async def test_what_is_withdrawn_counts_no_more_and_stays_in_the_log(db: Database) -> None:
    mine = await give(db)
    assert await evidence.withdraw(db, mine.id, "bob@bastion", "the wrong report")
    assert not await evidence.withdraw(db, mine.id, "bob@bastion", "again")
    assert not await evidence.withdraw(db, 999, "bob@bastion", "none")
    assert await evidence.given(db, "mainnet", OURS) == []
    async with db.read() as connection:
        written = (await connection.execute(select(acts.c.act, acts.c.actor, acts.c.subject))).all()
    assert [tuple(row) for row in written] == [
        ("show gate", "ann@bastion", "audit"),
        ("withdraw evidence", "bob@bastion", "audit"),
    ]
    assert (await audit.verify(db)).ok
