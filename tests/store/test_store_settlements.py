"""Claims: one holder at a time, by the database's clock; and what is done to a settlement by its holder or a person."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from store import audit, holds, settlements
from store.database import Database
from store.errors import FenceLost, NoSlot, OnHold, SettlementRefused
from store.schema import phase_run
from store.settlements import Claim, Phase, Queue, RunOutcome, Status

MARKET = "Market1111111111111111111111111111111111111"
LONG = timedelta(minutes=5)
NONE = timedelta(0)


async def claimed(db: Database, holder: str = "one", lease: timedelta = LONG, market: str = MARKET) -> Claim:
    claim = await settlements.claim(db, market, holder, lease=lease)
    assert claim is not None
    return claim


async def released(
    db: Database,
    claim: Claim,
    phase: Phase = Phase.CLOSE,
    due_in: timedelta = NONE,
    status: Status = Status.READY,
    attempt: int = 0,
) -> bool:
    return await settlements.release(
        db,
        claim,
        phase=phase,
        queue=Queue.SETTLE,
        due_in=due_in,
        wait_reason="slot" if status is Status.WAITING else None,
        reason=None,
        attempt=attempt,
        status=status,
    )


async def outcomes(db: Database) -> list[str | None]:
    async with db.read() as connection:
        return list(await connection.scalars(select(phase_run.c.outcome).order_by(phase_run.c.id)))


async def row(db: Database, market: str = MARKET) -> settlements.Settlement:
    found = await settlements.get(db, market)
    assert found is not None
    return found


async def test_a_market_is_added_once(db: Database) -> None:
    assert await settlements.get(db, MARKET) is None
    assert [await settlements.add(db, MARKET), await settlements.add(db, MARKET, Phase.REFUND)] == [True, False]
    found = await row(db)
    assert (found.phase, found.queue, found.status, found.fence) == (Phase.CLOSE, Queue.SETTLE, Status.READY, 0)
    assert abs(found.created_at - await db.now()) < LONG


async def test_what_is_due_comes_by_urgency_and_then_by_age(db: Database) -> None:
    for market, queue in [("a", Queue.CLEAN), ("b", Queue.ANALYSE), ("c", Queue.SETTLE), ("d", Queue.CAPTURE)]:
        await settlements.add(db, market, queue=queue)
    await settlements.add(db, "later", queue=Queue.CAPTURE)
    await released(db, await claimed(db, market="later"), due_in=LONG)
    await settlements.add(db, "held", queue=Queue.CAPTURE)
    await claimed(db, market="held")
    assert [each.market for each in await settlements.due(db, 9)] == ["d", "c", "b", "a"]
    assert [each.market for each in await settlements.due(db, 2)] == ["d", "c"]


async def test_a_claim_goes_to_one_of_many_who_ask_at_once(db: Database) -> None:
    for round_ in range(5):
        await settlements.add(db, f"market {round_}")
        asked = [settlements.claim(db, f"market {round_}", f"worker {n}", lease=LONG) for n in range(12)]
        assert len([claim for claim in await asyncio.gather(*asked) if claim is not None]) == 1


async def test_an_expired_lease_is_taken_over_once_by_many_who_ask_at_once(db: Database) -> None:
    await settlements.add(db, MARKET)
    first = await claimed(db, lease=NONE)
    asked = [settlements.claim(db, MARKET, f"worker {n}", lease=LONG) for n in range(12)]
    [second] = [claim for claim in await asyncio.gather(*asked) if claim is not None]
    assert (second.fence, second.takeovers) == (first.fence + 1, 1)


async def test_a_lease_is_renewed_only_while_it_lives(db: Database) -> None:
    await settlements.add(db, MARKET)
    claim = await claimed(db)
    assert await settlements.renew(db, claim, LONG)
    assert await settlements.renew(db, claim, NONE)
    assert not await settlements.renew(db, claim, LONG)


async def test_who_lost_the_market_changes_nothing(db: Database) -> None:
    await settlements.add(db, MARKET)
    old = await claimed(db, lease=NONE)
    new = await claimed(db, "two")
    before = await row(db)
    assert not await settlements.renew(db, old, LONG)
    assert not await released(db, old)
    assert not await settlements.finish(db, old)
    with pytest.raises(FenceLost, match=f"^{MARKET} is no longer held by one under fence 1: leave it alone$"):
        await settlements.begin(db, old, Phase.CLOSE, "one")
    assert await row(db) == before
    assert await released(db, new)


async def test_phases_follow_each_other_in_one_job(db: Database) -> None:
    await settlements.add(db, MARKET)
    assert await released(db, await claimed(db), attempt=2)
    claim = await claimed(db)
    assert claim.attempt == 2
    for phase in (Phase.CLOSE, Phase.RECORD):
        run = await settlements.begin(db, claim, phase, "one")
        await settlements.end(db, claim, run, RunOutcome.DONE)
    found = await row(db)
    assert (found.phase, found.attempt, found.started_at is None) == (Phase.RECORD, 0, False)
    async with db.read() as connection:
        runs = (await connection.execute(select(phase_run).order_by(phase_run.c.id))).all()
    assert [(run.phase, run.attempt, run.outcome) for run in runs] == [("close", 3, "done"), ("record", 1, "done")]
    assert await settlements.finish(db, claim)
    assert (await row(db)).status is Status.DONE
    assert await settlements.claim(db, MARKET, "two") is None
    assert [each.market for each in await settlements.all_of(db, Status.DONE)] == [MARKET]


async def test_a_dead_workers_run_is_closed_as_lost_by_who_takes_over(db: Database) -> None:
    await settlements.add(db, MARKET)
    old = await claimed(db)
    run = await settlements.begin(db, old, Phase.CLOSE, "one")
    assert await settlements.renew(db, old, NONE)
    await claimed(db, "two")
    await settlements.end(db, old, run, RunOutcome.DONE)
    assert await outcomes(db) == ["lost"]


async def test_a_phase_that_kills_its_workers_is_parked_with_the_reason(db: Database) -> None:
    await settlements.add(db, MARKET)
    for n in range(settlements.TAKEOVERS + 1):
        claim = await claimed(db, f"worker {n}", NONE)
        assert claim.takeovers == n
    assert await settlements.claim(db, MARKET, "last") is None
    found = await row(db)
    assert (found.status, found.reason) == (
        Status.PARKED,
        "close was taken over 10 times from workers that died in it",
    )
    await settlements.retry(db, MARKET, "alice")
    assert (await claimed(db)).takeovers == 0


async def test_takeovers_are_counted_for_each_phase(db: Database) -> None:
    await settlements.add(db, MARKET)
    await claimed(db, lease=NONE)
    claim = await claimed(db)
    assert claim.takeovers == 1
    await settlements.begin(db, claim, Phase.RECORD, "one")
    assert (await row(db)).takeovers == 0


async def test_a_hold_keeps_phases_from_beginning(db: Database) -> None:
    await settlements.add(db, MARKET)
    claim = await claimed(db)
    await holds.place(db, "the model is wrong", "alice")
    with pytest.raises(OnHold, match=r"`opinion resume` lifts it$"):
        await settlements.begin(db, claim, Phase.CLOSE, "one")
    await holds.lift(db, "alice")
    await settlements.begin(db, claim, Phase.CLOSE, "one")


async def test_a_person_parks_and_retries_whoever_works_on_it(db: Database) -> None:
    await settlements.add(db, MARKET)
    claim = await claimed(db)
    await settlements.begin(db, claim, Phase.CLOSE, "one")
    await settlements.park(db, MARKET, "looks\0wrong", "alice")
    assert not await settlements.renew(db, claim, LONG)
    assert await settlements.claim(db, MARKET, "two") is None
    assert ((await row(db)).status, (await row(db)).reason) == (Status.PARKED, "looks\ufffdwrong")
    await settlements.retry(db, MARKET, "bob")
    again = await claimed(db, "two")
    await settlements.retry(db, MARKET, "bob")
    assert not await released(db, again)
    assert await outcomes(db) == ["lost"]
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.rows) == (True, 3)


async def test_what_is_done_or_unknown_is_not_parked_or_retried(db: Database) -> None:
    with pytest.raises(SettlementRefused, match="not a market that the oracle knows"):
        await settlements.park(db, MARKET, "why", "alice")
    await settlements.add(db, MARKET)
    await settlements.finish(db, await claimed(db))
    with pytest.raises(SettlementRefused, match="is done already"):
        await settlements.retry(db, MARKET, "alice")
    assert (await audit.verify(db)).rows == 0


async def test_a_worker_parks_what_failed_too_often(db: Database) -> None:
    await settlements.add(db, MARKET)
    assert await released(db, await claimed(db), status=Status.PARKED)
    assert await settlements.claim(db, MARKET, "two") is None


async def test_no_more_analyses_than_slots_whoever_asks_at_once(db: Database) -> None:
    for n in range(24):
        await settlements.add(db, f"market {n}", Phase.ANALYSE, Queue.ANALYSE)
    await settlements.add(db, "other")
    asked = [settlements.claim(db, f"market {n}", f"worker {n}", 10, LONG) for n in range(24)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    claims = [answer for answer in answers if isinstance(answer, Claim)]
    assert (len(claims), len([answer for answer in answers if isinstance(answer, NoSlot)])) == (10, 14)
    await claimed(db, market="other")
    assert await released(db, claims[0], Phase.RECORD)
    [*more] = await asyncio.gather(*asked_again(db, claims), return_exceptions=True)
    assert len([answer for answer in more if isinstance(answer, Claim)]) == 1


def asked_again(db: Database, taken: list[Claim]) -> "list[asyncio.Task[Claim | None]]":
    free = {f"market {n}" for n in range(24)} - {claim.market for claim in taken}
    return [
        asyncio.ensure_future(settlements.claim(db, market, f"again {market}", 10, LONG)) for market in sorted(free)
    ]


async def test_an_analysis_that_moves_on_gives_its_slot_back(db: Database) -> None:
    for market in ("a", "b"):
        await settlements.add(db, market, Phase.ANALYSE, Queue.ANALYSE)
    first = await settlements.claim(db, "a", "one", 1, LONG)
    assert first is not None
    with pytest.raises(NoSlot, match="1 analyses are under way, and 1 may be"):
        await settlements.claim(db, "b", "two", 1, LONG)
    await settlements.begin(db, first, Phase.RECORD, "one")
    assert await settlements.claim(db, "b", "two", 1, LONG) is not None


async def test_analyse_needs_a_claim_that_took_a_slot(db: Database) -> None:
    await settlements.add(db, MARKET)
    with pytest.raises(ValueError, match="release it for analyse"):
        await settlements.begin(db, await claimed(db), Phase.ANALYSE, "one")
