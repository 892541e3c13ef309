"""The acts that somebody looks at: the newest by themselves, older ones in pieces."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops import audit_trail
from ops.audit_trail import Trail
from store import audit, audit_log
from store.audit_log import Term, Wanted, Where
from store.database import Database
from store.migrations import migrate

PARKS = Wanted(terms=(Term(words="park", where=Where.ACT),))


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as found:
        await migrate(found)
        yield found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and windows of a few rows."""
    monkeypatch.setattr(audit_trail, "PAGE", 3)
    monkeypatch.setattr(audit_trail, "MOST", 8)
    monkeypatch.setattr(audit_log, "WINDOW", 4)


async def act(db: Database, *acts: str) -> None:
    async with db.write() as connection:
        for name in acts:
            await audit.append(connection, "ann@bastion", name, "M", {})


def trail_of(db: Database) -> Trail:
    async def opened() -> Database:
        return db

    return Trail(opened)


async def test_new_acts_come_first_and_what_is_known_is_not_read_again(db: Database) -> None:
    trail = trail_of(db)
    assert dict(await trail.read()) == {}
    await act(db, "park", "sign")
    first = await trail.read()
    assert list(first) == ["2", "1"]
    assert await trail.read() is first
    await act(db, "hold")
    second = await trail.read()
    assert list(second) == ["3", "2", "1"]
    assert second["1"] is first["1"]


async def test_older_acts_come_when_asked_for_down_to_the_first_row(db: Database) -> None:
    await act(db, *["park"] * 7)
    trail = trail_of(db)
    assert (list(await trail.read()), trail.more) == (["7", "6", "5"], True)
    seen = [[*await _older(trail)] for _ in range(2)]
    assert seen == [["7", "6", "5", "4", "3", "2"], ["7", "6", "5", "4", "3", "2", "1"]]
    assert trail.more is False


async def _older(trail: Trail) -> list[str]:
    trail.older()
    return list(await trail.read())


async def test_what_is_rare_is_found_piece_by_piece(db: Database) -> None:
    await act(db, "park", *["sign"] * 10)
    trail = trail_of(db)
    trail.want(PARKS)
    looks = [(list(await trail.read()), trail.known.below), (await _older(trail), trail.known.below)]
    assert looks == [([], 8), ([], 4)]
    assert (await _older(trail), trail.more) == (["1"], False)
    await act(db, "sign", "park")
    assert list(await trail.read()) == ["13", "1"]


async def test_another_wish_forgets_what_was_known(db: Database) -> None:
    await act(db, "park", "sign")
    trail = trail_of(db)
    await trail.read()
    trail.want(PARKS)
    assert list(await trail.read()) == ["1"]
    trail.want(Wanted())
    assert list(await trail.read()) == ["2", "1"]


async def test_whoever_types_on_while_it_is_read_gets_what_was_typed_last(db: Database) -> None:
    await act(db, "park", "sign")
    go_on = asyncio.Event()

    async def slow() -> Database:
        await go_on.wait()
        return db

    trail = Trail(slow)
    reading = asyncio.create_task(trail.read())
    await asyncio.sleep(0)
    trail.want(PARKS)
    go_on.set()
    assert list(await reading) == ["1"]


async def test_more_new_acts_than_a_page_begin_anew_and_not_all_are_kept(db: Database) -> None:
    await act(db, *["park"] * 3)
    trail = trail_of(db)
    await trail.read()
    await act(db, *["park"] * 5)
    assert list(await trail.read()) == ["8", "7", "6"]
    await act(db, *["park"] * 9)
    await trail.read()
    for _ in range(5):
        await _older(trail)
    assert (len(trail.known.entries), trail.known.is_full, trail.more) == (9, True, False)
