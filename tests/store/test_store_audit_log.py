"""The audit log as people read it: found by what, who and when, page by page, and its chain a piece at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from store import audit, audit_log, settlements
from store.audit_log import Chain, Wanted, between, phases_between, search
from store.database import Database
from store.schema import audit as table
from store.schema import audit_head
from store.settlements import Phase, Queue

ANN, WORKER = "ann@bastion (pts/1)", "vm:14260:0c7645f3"
ACTS = [
    (ANN, "park", "market-A", {"reason": "100% wrong_text"}),
    (WORKER, "sign", "market-A", {"intent": "close"}),
    ("bob@bastion", "hold", "oracle", {"why": "Prüfung"}),
    (WORKER, "move", "market-B", {"why": "captured"}),
    (ANN, "retry", "market-A", {}),
]


async def filled(db: Database, times: int = 1) -> None:
    async with db.write() as connection:
        for _ in range(times):
            for actor, act, subject, details in ACTS:
                await audit.append(connection, actor, act, subject, details)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [5, 4, 3, 2, 1]),
        (Wanted(actor="ANN@"), [5, 1]),
        (Wanted(act="hold"), [3]),
        (Wanted(subject="market-a", actor="ann"), [5, 1]),
        (Wanted(text=("prüfung",)), [3]),
        (Wanted(text=("PRÜFUNG",)), []),
        (Wanted(text=("100%",)), [1]),
        (Wanted(text=("1%0",)), []),
        (Wanted(text=("wrong_text", "park")), [1]),
        (Wanted(text=("wrongxtext",)), []),
    ],
)
async def test_acts_are_found_by_who_what_and_text(db: Database, wanted: Wanted, numbers: list[int]) -> None:
    await filled(db)
    page = await search(db, wanted)
    assert [entry.number for entry in page.entries] == numbers
    assert page.below is None


async def test_pages_follow_each_other_whatever_is_added_meanwhile(db: Database) -> None:
    await filled(db, 3)
    seen: list[int] = []
    below: int | None = None
    while True:
        page = await search(db, Wanted(actor="ann"), below=below, limit=2)
        seen += [entry.number for entry in page.entries]
        below = page.below
        await filled(db)
        if below is None:
            break
    assert seen == [15, 11, 10, 6, 5, 1]


async def test_one_look_goes_through_a_window_and_the_next_goes_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "WINDOW", 4)
    await filled(db, 2)
    first = await search(db, Wanted(act="hold"))
    assert [entry.number for entry in first.entries] == [8]
    second = await search(db, Wanted(act="hold"), below=first.below)
    third = await search(db, Wanted(act="hold"), below=second.below)
    assert [entry.number for entry in (*second.entries, *third.entries)] == [3]
    assert third.below is None


async def test_acts_between_two_times(db: Database) -> None:
    await filled(db)
    await asyncio.sleep(0.005)
    middle = await db.now()
    await asyncio.sleep(0.005)
    await filled(db)
    end = await db.now() + timedelta(seconds=1)
    assert [entry.number for entry in (await search(db, Wanted(until=middle))).entries] == [5, 4, 3, 2, 1]
    assert [entry.number for entry in (await search(db, Wanted(since=middle, actor="ann"))).entries] == [10, 6]
    found = await between(db, middle, end, 10)
    assert [(entry.number, entry.act) for entry in found] == [(6, "park"), (8, "hold"), (9, "move"), (10, "retry")]
    assert [entry.number for entry in await between(db, middle, end, 10, "market-A")] == [6, 10]
    assert [entry.number for entry in await between(db, middle, end, 1)] == [6]
    assert await between(db, end, end, 10) == ()


async def test_an_entry_tells_its_details_and_who_did_it(db: Database) -> None:
    await filled(db)
    entries = (await search(db, Wanted())).entries
    assert [entry.told() for entry in entries if entry.number in (1, 3, 5)] == [
        "",
        "why: Prüfung",
        "reason: 100% wrong_text",
    ]
    assert [entry.by_person for entry in entries] == [True, False, True, False, True]


async def test_runs_of_phases_between_two_times_without_waits(db: Database) -> None:
    since = await db.now()
    for market in ("A", "B"):
        await settlements.add(db, market, Phase.PROVE, Queue.SETTLE)
        claim = await settlements.claim(db, market, WORKER)
        assert claim is not None
        await settlements.begin(db, claim, Phase.PROVE, WORKER)
    until = await db.now() + timedelta(seconds=1)
    found = await phases_between(db, since - timedelta(seconds=1), until, 10)
    assert [(run.market, run.phase, run.outcome, run.worker) for run in found] == [
        ("A", "prove", None, WORKER),
        ("B", "prove", None, WORKER),
    ]
    assert [run.market for run in await phases_between(db, since, until, 10, "B")] == ["B"]
    assert await phases_between(db, until, until, 10) == ()


async def test_the_chain_is_followed_a_piece_at_a_time(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "PIECE", 4)
    chain = Chain()
    empty = await chain.look(db)
    assert (empty.rows, empty.first_bad, empty.words) == (0, None, "0 rows, each as it was written")
    chain = Chain()
    await filled(db, 2)
    looks = [await chain.look(db) for _ in range(3)]
    assert [(look.checked, look.first_bad) for look in looks] == [(4, None), (8, None), (10, None)]
    assert [look.whole_at is not None for look in looks] == [False, False, True]
    assert looks[-1].words == "10 rows, each as it was written"
    again = await chain.look(db)
    assert (again.checked, again.whole_at) == (4, looks[-1].whole_at)
    assert again.words.endswith("4 of 10 rows are checked, each as it was written again")


@pytest.mark.parametrize(("piece", "bad"), [(2, 3), (3, 3), (100, 3)])
async def test_a_changed_row_is_found_in_the_next_round_too(
    db: Database, monkeypatch: pytest.MonkeyPatch, piece: int, bad: int
) -> None:
    monkeypatch.setattr(audit_log, "PIECE", piece)
    chain = Chain()
    await filled(db)
    while (await chain.look(db)).whole_at is None:
        pass
    async with db.write() as connection:
        await connection.execute(update(table).where(table.c.number == bad).values(actor="mallory"))
    found = [await chain.look(db) for _ in range(4)]
    first = next(state for state in found if state.first_bad is not None)
    assert (first.first_bad, first.whole_at) == (bad, None)
    assert first.words == f"row {bad} was changed after it was written"


async def test_what_is_missing_or_added_is_found(db: Database) -> None:
    await filled(db)
    async with db.write() as connection:
        row = (await connection.execute(select(table).where(table.c.number == 2))).one()._asdict()
        await connection.execute(insert(table).values(row | {"number": -3}))
    assert (await Chain().look(db)).first_bad == 1
    async with db.write() as connection:
        await connection.execute(delete(table).where(table.c.number == -3))
    assert (await Chain().look(db)).first_bad is None
    async with db.write() as connection:
        await connection.execute(delete(table).where(table.c.number > 3))
    cut = await Chain().look(db)
    assert (cut.first_bad, cut.words) == (4, "row 4 and all after it are missing")
    async with db.write() as connection:
        await connection.execute(update(audit_head).values(number=2))
    assert (await Chain().look(db)).first_bad == 3
    async with db.write() as connection:
        await connection.execute(update(audit_head).values(number=3))
    assert "rewritten" in (await Chain().look(db)).words
    async with db.write() as connection:
        await connection.execute(delete(audit_head))
    assert (await Chain().look(db)).words == "the row that keeps the newest hash is missing"
