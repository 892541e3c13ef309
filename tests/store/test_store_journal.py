"""The fenced journal: only who holds the market writes down what will be sent, and never while a hold is placed."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from solders.keypair import Keypair
from sqlalchemy import select

from chain.errors import JournalError
from chain.journal import Attempt, Journal, Outcome
from chain.units import BlockHeight, Slot
from store import analyses, audit, holds, settlements
from store.analyses import KeptAnalysis
from store.database import Database
from store.errors import FenceLost, OnHold
from store.journal import FencedJournal
from store.schema import audit as audit_table
from store.settlements import Claim, Phase, Queue

MARKET = "Market1111111111111111111111111111111111111"
LONG = timedelta(minutes=5)


def attempt(number: int = 1, intent: str = f"{MARKET} record") -> Attempt:
    signature = Keypair.from_seed(bytes(32)).sign_message(f"{intent} {number}".encode())
    height = BlockHeight(9)
    return Attempt(intent=intent, number=number, signature=signature, wire=bytes(300), last_valid_block_height=height)


async def claimed(db: Database, holder: str = "one", lease: timedelta = LONG, market: str = MARKET) -> Claim:
    await settlements.add(db, market)
    claim = await settlements.claim(db, market, holder, lease=lease)
    assert claim is not None
    return claim


async def test_what_is_recorded_is_read_back_by_who_holds_the_market(db: Database) -> None:
    journal: Journal = FencedJournal(db, await claimed(db), "one")
    assert await journal.attempts(f"{MARKET} record") == []
    first, other = attempt(), attempt(intent=f"{MARKET} pay")
    await journal.record(first)
    await journal.record(other)
    assert await journal.attempts(first.intent) == [first]
    assert await journal.open_attempts() == [first, other]
    elsewhere = FencedJournal(db, await claimed(db, market="other"), "one")
    assert await elsewhere.open_attempts() == []


async def test_an_intent_has_one_open_attempt(db: Database) -> None:
    journal = FencedJournal(db, await claimed(db), "one")
    await journal.record(attempt())
    for again in (attempt(2), attempt(1)):
        with pytest.raises(JournalError, match="signed already by somebody else"):
            await journal.record(again)
    await journal.conclude(attempt().signature, Outcome.EXPIRED, None)
    with pytest.raises(JournalError, match="signed already by somebody else"):
        await journal.record(replace(attempt(2), number=1))
    await journal.record(attempt(2))
    assert [each.outcome for each in await journal.attempts(attempt().intent)] == [Outcome.EXPIRED, None]
    assert (await audit.verify(db)).rows == 2


async def test_an_attempt_is_concluded_one_way_for_good_even_by_who_lost_the_market(db: Database) -> None:
    claim = await claimed(db)
    journal = FencedJournal(db, claim, "one")
    await journal.record(attempt())
    await settlements.renew(db, claim, timedelta(0))
    for _ in range(2):
        await journal.conclude(attempt().signature, Outcome.LANDED, Slot(7))
    with pytest.raises(JournalError, match="has no open attempt"):
        await journal.conclude(attempt().signature, Outcome.EXPIRED, None)
    [kept] = await FencedJournal(db, await claimed(db, "two"), "two").attempts(attempt().intent)
    assert (kept.outcome, kept.slot) == (Outcome.LANDED, 7)


async def test_who_lost_the_market_neither_writes_nor_learns_what_to_send(db: Database) -> None:
    old = FencedJournal(db, await claimed(db, lease=timedelta(0)), "one")
    for taken in (False, True):
        if taken:
            await claimed(db, "two")
        for act in (old.record(attempt()), old.attempts(attempt().intent), old.open_attempts()):
            with pytest.raises(FenceLost):
                await act
    assert (await audit.verify(db)).rows == 0


async def test_a_hold_stops_what_would_be_signed_or_sent_again(db: Database) -> None:
    journal = FencedJournal(db, await claimed(db), "one")
    await journal.record(attempt())
    await holds.place(db, "the model is wrong", "alice")
    for act in (journal.record(attempt(2, "other")), journal.attempts(attempt().intent), journal.open_attempts()):
        with pytest.raises(OnHold):
            await act
    await journal.conclude(attempt().signature, Outcome.LANDED, Slot(7))
    await holds.lift(db, "alice")
    await journal.record(attempt(2, "other"))


async def test_nothing_is_signed_after_a_hold_is_placed_however_close(postgres: Database) -> None:
    """Whoever places a hold and whoever signs meet at the audit log: what it tells is the order it happened in."""
    journals = [FencedJournal(postgres, await claimed(postgres, market=f"m{n}"), "one") for n in range(8)]
    for round_ in range(5):
        acts = [journal.record(attempt(1, f"{n} {round_}")) for n, journal in enumerate(journals)]
        acts.insert(4, holds.place(postgres, "stop", "alice"))
        refused = [each for each in await asyncio.gather(*acts, return_exceptions=True) if each is not None]
        assert all(isinstance(each, OnHold) for each in refused), refused
        async with postgres.read() as connection:
            log = list(await connection.scalars(select(audit_table.c.act).order_by(audit_table.c.number)))
        assert log[-1] == "hold"
        await holds.lift(postgres, "alice")
    assert (await audit.verify(postgres)).ok


async def test_each_signature_is_in_the_audit_log(db: Database) -> None:
    journal = FencedJournal(db, await claimed(db), "worker one")
    await journal.record(attempt())
    async with db.read() as connection:
        row = (await connection.execute(select(audit_table))).one()
    assert (row.actor, row.act, row.subject) == ("worker one", "sign", MARKET)
    assert json.loads(row.details) == {
        "intent": attempt().intent,
        "number": 1,
        "signature": str(attempt().signature),
        "fence": 1,
    }


async def test_an_analysis_is_kept_once_and_only_by_who_holds_the_market(db: Database) -> None:
    await settlements.add(db, MARKET, Phase.ANALYSE, Queue.ANALYSE)
    claim = await claimed(db)
    made = KeptAnalysis(
        market=MARKET,
        document=b"{}",
        summary_hash=bytes(32),
        score=61,
        confidence=2,
        analyser="lexicon",
        input_tokens=1,
        output_tokens=2,
        cost_microdollars=3,
        latency_ms=4,
        made_at=await db.now(),
    )
    assert await analyses.get(db, MARKET) is None
    assert [await analyses.save(db, claim, made), await analyses.save(db, claim, replace(made, score=1))] == [
        True,
        False,
    ]
    kept = await analyses.get(db, MARKET)
    assert kept is not None
    assert replace(kept, made_at=made.made_at) == made
    await settlements.renew(db, claim, timedelta(0))
    with pytest.raises(FenceLost):
        await analyses.save(db, claim, made)
    assert (await audit.verify(db)).rows == 1
