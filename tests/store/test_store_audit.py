"""The audit log: tampering of any kind is named, by the first row that is changed, missing or moved."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Update, delete, insert, select, update

from store import audit
from store.database import Database, clock
from store.schema import audit as table
from store.schema import audit_head

ROWS = 6


async def filled(db: Database) -> None:
    for n in range(1, ROWS + 1):
        async with db.write() as connection:
            assert await audit.append(connection, f"actor {n}", "sign", f"market {n}", {"n": n, "words": "ü\0"}) == n


async def swap(db: Database, one: int, two: int) -> None:
    async with db.write() as connection:
        for old, new in ((one, 99), (two, one), (99, two)):
            await connection.execute(update(table).where(table.c.number == old).values(number=new))


def changed(number: int, /, **values: Any) -> Update:
    return update(table).where(table.c.number == number).values(**values)


async def test_a_log_that_nobody_touched_is_good(db: Database) -> None:
    assert (await audit.verify(db)).words.startswith("0 rows")
    await filled(db)
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.rows, verdict.first_bad) == (True, ROWS, None)
    async with db.read() as connection:
        newest = (await connection.scalars(select(table.c.hash).order_by(table.c.number.desc()).limit(1))).one()
    assert verdict.head == newest.hex()


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "mallory"},
        {"act": "hold"},
        {"subject": "market 9"},
        {"details": '{"n":3}'},
        {"at": clock()},
        {"hash": bytes(32)},
        {"previous": bytes(32)},
    ],
    ids=lambda values: next(iter(values)),
)
@pytest.mark.parametrize("number", [1, 3, ROWS])
async def test_a_changed_row_is_named(db: Database, number: int, values: dict[str, Any]) -> None:
    if number == 1 and "previous" in values:
        values = {"previous": bytes([1] * 32)}
    await filled(db)
    async with db.write() as connection:
        await connection.execute(changed(number, **values))
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad) == (False, number)
    assert f"row {number} was changed" in verdict.words


@pytest.mark.parametrize("number", [1, 3, ROWS - 1])
async def test_a_missing_row_is_named(db: Database, number: int) -> None:
    await filled(db)
    async with db.write() as connection:
        await connection.execute(delete(table).where(table.c.number == number))
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad) == (False, number)
    assert verdict.words == f"row {number} is missing: row {number + 1} stands in its place"


@pytest.mark.parametrize("kept", [0, 1, ROWS - 1])
async def test_a_tail_cut_off_is_named(db: Database, kept: int) -> None:
    await filled(db)
    async with db.write() as connection:
        await connection.execute(delete(table).where(table.c.number > kept))
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad, verdict.rows) == (False, kept + 1, kept)
    assert f"cut off after row {kept}, and it had {ROWS}" in verdict.words


async def test_a_tail_cut_off_with_the_head_set_back_shows_in_the_head_that_was_kept_elsewhere(db: Database) -> None:
    await filled(db)
    before = (await audit.verify(db)).head
    async with db.write() as connection:
        await connection.execute(delete(table).where(table.c.number == ROWS))
        newest = (await connection.execute(select(table).order_by(table.c.number.desc()).limit(1))).one()
        await connection.execute(update(audit_head).values(number=newest.number, hash=newest.hash))
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.rows) == (True, ROWS - 1)
    assert verdict.head != before


async def test_rows_that_were_swapped_are_named(db: Database) -> None:
    await filled(db)
    await swap(db, 2, 5)
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad) == (False, 2)
    assert verdict.words == "row 2 was moved: it was written as row 5"


async def test_a_row_closed_over_a_missing_one_is_named(db: Database) -> None:
    await filled(db)
    async with db.write() as connection:
        await connection.execute(delete(table).where(table.c.number == 3))
        for number in range(4, ROWS + 1):
            await connection.execute(changed(number, number=number - 1))
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad) == (False, 3)
    assert verdict.words == "row 3 was moved: it was written as row 4"


async def rewritten(db: Database, number: int) -> None:
    """One row written anew by somebody who knows how rows are hashed."""
    async with db.write() as connection:
        rows = (await connection.execute(select(table).order_by(table.c.number))).all()
        await connection.execute(delete(table).where(table.c.number >= number))
        before = audit.START if number == 1 else rows[number - 2].hash
        await connection.execute(update(audit_head).values(number=number - 1, hash=before))
        await audit.append(connection, "mallory", "sign", "market", {})
        for row in rows[number:]:
            await connection.execute(insert(table).values(row._asdict()))
        await connection.execute(update(audit_head).values(number=len(rows), hash=rows[-1].hash))


@pytest.mark.parametrize(("number", "named"), [(1, 2), (3, 4), (ROWS, ROWS)])
async def test_a_row_hashed_anew_shows_in_the_next(db: Database, number: int, named: int) -> None:
    await filled(db)
    await rewritten(db, number)
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad) == (False, named)


@pytest.mark.parametrize("number", [0, -5, ROWS + 1, ROWS + 7])
async def test_a_row_added_by_another_way_is_named(db: Database, number: int) -> None:
    await filled(db)
    async with db.write() as connection:
        row = (await connection.execute(select(table).where(table.c.number == 2))).one()._asdict()
        await connection.execute(insert(table).values(row | {"number": number}))
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.first_bad) == (False, 1 if number < 1 else ROWS + 1)


async def test_a_missing_head_is_named(db: Database) -> None:
    await filled(db)
    async with db.write() as connection:
        await connection.execute(delete(audit_head))
    assert (await audit.verify(db)).words == "the row that keeps the newest hash is missing"


async def test_many_who_append_at_once_make_one_chain(db: Database) -> None:
    async def act(n: int) -> None:
        async with db.write() as connection:
            await audit.append(connection, f"actor {n}", "sign", "market", {})
            if n % 5 == 0:
                raise ZeroDivisionError

    done = await asyncio.gather(*(act(n) for n in range(40)), return_exceptions=True)
    assert len([each for each in done if isinstance(each, ZeroDivisionError)]) == 8
    verdict = await audit.verify(db)
    assert (verdict.ok, verdict.rows) == (True, 32)


async def test_verifying_sees_one_state_while_others_append(db: Database) -> None:
    async def append() -> None:
        for _ in range(30):
            async with db.write() as connection:
                await audit.append(connection, "actor", "sign", "market", {})

    async def look() -> list[bool]:
        return [(await audit.verify(db)).ok for _ in range(15)]

    _, looks = await asyncio.gather(append(), look())
    assert looks == [True] * 15
