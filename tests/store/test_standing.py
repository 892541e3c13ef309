"""What stands where, as the database has it at one moment."""

from datetime import timedelta
from typing import Any

from solders.pubkey import Pubkey
from solders.signature import Signature
from sqlalchemy import insert, update

from chain.accounts import Market, VrfRequest
from chain.constants import MarketState, RequestStatus
from chain.journal import Attempt, Outcome
from chain.units import BlockHeight, Slot, UnixTime, UsdcUnits
from store import holds, settlements
from store.accounts import Kind
from store.database import Database
from store.journal import FencedJournal
from store.schema import attempt, chain_account, chain_read, settlement
from store.settlements import Phase, Queue, RunOutcome, Status
from store.standing import Line, standing
from tests.samples import sample


async def test_an_empty_database_stands_at_nothing(db: Database) -> None:
    now = await standing(db)
    assert (now.due, now.settlements, now.parked, now.leases, now.markets) == ({}, {}, {}, {}, {})
    assert (now.randomness, now.transactions, now.reads) == ({}, {}, {})
    assert now.held is False
    assert now.model_available is None


async def test_what_is_due_is_what_could_be_claimed(db: Database) -> None:
    for market in ("due", "later", "held", "parked", "done", "lapsed"):
        await settlements.add(db, market)
    before = await db.now() - timedelta(seconds=90)
    await _set(db, "due", due_at=before)
    await _set(db, "later", due_at=before + timedelta(hours=1), status=Status.WAITING, wait_reason="rearm")
    await _set(db, "done", status=Status.DONE)
    await settlements.claim(db, "held", "me")
    await settlements.park(db, "parked", "why not", "somebody")
    await settlements.claim(db, "lapsed", "me", lease=timedelta(0))
    found = await standing(db)
    assert found.due.keys() == {Queue.SETTLE}
    assert found.due[Queue.SETTLE].count == 2
    assert 90 <= found.due[Queue.SETTLE].oldest_s < 1_000
    assert found.settlements == {
        ("ready", ""): 3,
        ("waiting", "rearm"): 1,
        ("parked", ""): 1,
        ("done", ""): 1,
    }
    assert found.parked == {Phase.CLOSE: 1}
    assert found.leases == {Phase.CLOSE: 1}


async def test_a_hold_shows_until_it_is_lifted(db: Database) -> None:
    await holds.place(db, "an upgrade", "somebody")
    assert (await standing(db)).held is True
    await holds.lift(db, "somebody")
    assert (await standing(db)).held is False


async def test_the_model_is_away_after_an_outage_and_back_after_an_answer(db: Database) -> None:
    await settlements.add(db, "m", Phase.ANALYSE, Queue.ANALYSE)
    claim = await settlements.claim(db, "m", "me")
    assert claim
    told: list[bool | None] = []
    for outcome in (RunOutcome.DONE, RunOutcome.OUTAGE, RunOutcome.LOST, RunOutcome.FAILED):
        run = await settlements.begin(db, claim, Phase.ANALYSE, "me")
        told.append((await standing(db)).model_available)
        await settlements.end(db, claim, run, outcome)
    assert [*told, (await standing(db)).model_available] == [None, True, False, False, True]


async def test_markets_and_requests_are_counted_by_state(db: Database) -> None:
    now = int((await db.now()).timestamp())
    waiting = [str(Pubkey.new_unique()) for _ in range(3)]
    for market, status, age in zip(waiting, (0, 1, 1), (60, 600, 30), strict=True):
        await _keep(db, Kind.MARKET, market, MarketState.AWAITING_RANDOMNESS)
        await _keep(db, Kind.REQUEST, market, None, _request(market, RequestStatus(status), now - age))
    drawn = str(Pubkey.new_unique())
    await _keep(db, Kind.MARKET, drawn, MarketState.SETTLED)
    await _keep(db, Kind.REQUEST, drawn, None, _request(drawn, RequestStatus.FULFILLED, now - 9_000))
    for state in (MarketState.SETTLED, MarketState.REFUNDING):
        await _keep(db, Kind.RECEIPT, str(Pubkey.new_unique()), state)
    found = await standing(db)
    assert found.markets == {MarketState.AWAITING_RANDOMNESS: 3, MarketState.SETTLED: 1, None: 2}
    assert found.randomness.keys() == {RequestStatus.REQUESTED, RequestStatus.CAPTURED}
    assert found.randomness[RequestStatus.REQUESTED].count == 1
    captured = found.randomness[RequestStatus.CAPTURED]
    assert captured == Line(2, captured.oldest_s)
    assert 599 <= captured.oldest_s < 1_500


async def test_transactions_and_reads_are_told(db: Database) -> None:
    await settlements.add(db, "m")
    claim = await settlements.claim(db, "m", "me", lease=timedelta(hours=1))
    assert claim
    journal = FencedJournal(db, claim, "me")
    for number, outcome in enumerate((Outcome.LANDED, Outcome.LANDED, Outcome.EXPIRED, None), 1):
        signature = Signature(bytes([number] * 64))
        height = BlockHeight(9)
        one = Attempt(
            intent=f"m close {number}", number=1, signature=signature, wire=b"w", last_valid_block_height=height
        )
        await journal.record(one)
        if outcome:
            await journal.conclude(signature, outcome, Slot(1))
    at = await db.now()
    async with db.write() as connection:
        row = {"commitment": "finalized", "slot": 5, "read_at": at, "accounts": 1, "skipped": 0}
        await connection.execute(insert(chain_read).values(row))
    found = await standing(db)
    assert found.transactions == {"landed": 2, "expired": 1, None: 1}
    assert found.sent_by_hour == (*[0] * 23, 2)
    async with db.write() as connection:
        for number, hours in ((1, 23), (2, 24)):
            signed = at - timedelta(hours=hours, minutes=30)
            row = attempt.c.signature == str(Signature(bytes([number] * 64)))
            await connection.execute(update(attempt).where(row).values(signed_at=signed))
    assert (await standing(db)).sent_by_hour == (1, *[0] * 23), "a day and no more"
    assert found.reads == {"finalized": at}


async def _set(db: Database, market: str, **values: Any) -> None:
    async with db.write() as connection:
        await connection.execute(update(settlement).where(settlement.c.market == market).values(values))


async def test_what_markets_owe_is_summed_and_what_was_done_is_told_by_hour(db: Database) -> None:
    for owed in (1, 2**40, 0):
        market = sample(Market, liability=UsdcUnits(owed))
        await _keep(db, Kind.MARKET, str(Pubkey.new_unique()), MarketState.ACTIVE, market.to_bytes())
    await _keep(db, Kind.RECEIPT, str(Pubkey.new_unique()), MarketState.SETTLED, b"\xff" * 200)
    now = await db.now()
    for number, hours in enumerate((0, 0, 5, 23, 25)):
        await settlements.add(db, f"done {number}")
        ended = now - timedelta(hours=hours, minutes=10)
        started = ended - timedelta(seconds=9)
        await _set(db, f"done {number}", status=Status.DONE, started_at=started, finished_at=ended)
    found = await standing(db)
    assert found.owed == 1 + 2**40
    assert (found.settled_by_hour[-1], found.settled_by_hour[-6], found.settled_by_hour[0]) == (2, 1, 1)
    assert sum(found.settled_by_hour) == 4
    assert (found.failed, found.sent_by_hour) == (0, (0,) * 24)


async def _keep(db: Database, kind: Kind, market: str, state: MarketState | None, data: bytes = b"") -> None:
    address = str(Pubkey.new_unique()) if kind is Kind.REQUEST else market
    row = {"address": address, "kind": kind, "market": market, "state": state, "data": data, "slot": 1}
    row |= {"commitment": "finalized", "genesis_hash": "g", "program": "p", "seen_at": await db.now()}
    async with db.write() as connection:
        await connection.execute(insert(chain_account).values(row))


def _request(market: str, status: RequestStatus, requested_at: int) -> bytes:
    return VrfRequest(
        version=1,
        status=status,
        bump=255,
        rearmed=False,
        market=Pubkey.from_string(market),
        payer=Pubkey.default(),
        requested_at=UnixTime(requested_at),
        requested_slot=Slot(1),
        target_slot=Slot(9),
        first_target_slot=Slot(9),
        captured_slot=Slot(0),
        slot_hash=bytes(32),
        captured_at=UnixTime(0),
        alpha=bytes(32),
        proof=bytes(80),
        output=bytes(64),
        fulfilled_at=UnixTime(0),
    ).to_bytes()
