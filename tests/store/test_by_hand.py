"""What a person asks of one settlement, in both databases."""

from datetime import timedelta

import pytest
from solders.signature import Signature
from sqlalchemy import update

from chain.journal import Attempt, Outcome
from chain.units import BlockHeight, Slot
from store import by_hand, settlements
from store.audit import verify
from store.cluster import pin
from store.database import Database
from store.errors import SettlementRefused
from store.journal import FencedJournal
from store.schema import settlement
from store.settlements import Phase, RunOutcome, Status

PERSON = "alice@bastion"


async def test_a_market_that_nobody_knew_is_due_at_once(db: Database) -> None:
    assert await by_hand.settle(db, "m", PERSON) is True
    assert [row.market for row in await settlements.due(db, 10)] == ["m"]
    (act,) = (await by_hand.past(db, "m", 10)).acts
    assert (act.act, act.actor, act.details) == ("settle", PERSON, {"new": True})


async def test_what_waits_becomes_due_and_what_is_due_keeps_its_place(db: Database) -> None:
    await settlements.add(db, "waits")
    await settlements.add(db, "due")
    due_since = (await db.now()) - timedelta(minutes=5)
    later = due_since + timedelta(days=1)
    for market, values in {"waits": {"due_at": later, "status": Status.WAITING}, "due": {"due_at": due_since}}.items():
        async with db.write() as connection:
            await connection.execute(update(settlement).where(settlement.c.market == market).values(values))
    assert await by_hand.settle(db, "waits", PERSON) is False
    assert await by_hand.settle(db, "due", PERSON) is False
    assert [row.market for row in await settlements.due(db, 10)] == ["due", "waits"]
    kept = await settlements.get(db, "due")
    assert kept
    assert kept.due_at == due_since


async def test_whoever_works_on_it_is_not_disturbed(db: Database) -> None:
    await settlements.add(db, "m")
    claim = await settlements.claim(db, "m", "me")
    assert claim
    await by_hand.settle(db, "m", PERSON)
    assert await settlements.renew(db, claim)


async def test_what_is_parked_or_done_is_refused_with_what_to_do(db: Database) -> None:
    await settlements.add(db, "parked")
    await settlements.park(db, "parked", "the vault is empty", PERSON)
    with pytest.raises(SettlementRefused, match=r"parked is parked \(the vault is empty\): `opinion retry parked`"):
        await by_hand.settle(db, "parked", PERSON)
    await settlements.add(db, "done")
    claim = await settlements.claim(db, "done", "me")
    assert claim
    await settlements.finish(db, claim)
    with pytest.raises(SettlementRefused, match="done already"):
        await by_hand.settle(db, "done", PERSON)
    assert (await by_hand.past(db, "done", 10)).acts == ()
    assert (await verify(db)).ok


async def test_the_past_is_told_oldest_first_and_says_when_there_is_more(db: Database) -> None:
    await settlements.add(db, "m")
    claim = await settlements.claim(db, "m", "me", lease=timedelta(hours=1))
    assert claim
    for outcome in (RunOutcome.FAILED, RunOutcome.WAITED, RunOutcome.DONE):
        run = await settlements.begin(db, claim, Phase.CLOSE, "worker")
        await settlements.end(db, claim, run, outcome, f"because {outcome}")
    journal = FencedJournal(db, claim, "me")
    signature = Signature(bytes([7] * 64))
    height = BlockHeight(9)
    await journal.record(
        Attempt(intent="m close", number=1, signature=signature, wire=b"w", last_valid_block_height=height)
    )
    await journal.conclude(signature, Outcome.LANDED, Slot(12))
    await by_hand.settle(db, "other", PERSON)

    told = await by_hand.past(db, "m", 10)
    assert [run.outcome for run in told.runs] == ["failed", "waited", "done"]
    assert [run.reason for run in told.runs] == ["because failed", "because waited", "because done"]
    assert [(one.signature, one.outcome, one.slot) for one in told.sent] == [(str(signature), "landed", 12)]
    assert told.acts == ()
    assert not told.more

    newest = await by_hand.past(db, "m", 2)
    assert [run.outcome for run in newest.runs] == ["waited", "done"]
    assert newest.more


async def test_which_cluster_the_database_is_of(db: Database) -> None:
    assert await by_hand.genesis_hash(db) is None
    await pin(db, "genesis", "program")
    assert await by_hand.genesis_hash(db) == "genesis"
