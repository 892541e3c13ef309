"""The audit log as people read it: found by what, who and when, page by page, and its chain a piece at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from store import audit, audit_log
from store.audit_log import Chain, Term, Wanted, Where, between, search, whole
from store.database import Database
from store.migrations import migrate
from store.schema import audit as table
from store.schema import audit_head

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


def who(words: str) -> Term:
    return Term(words=words, where=Where.ACTOR)


def word(words: str) -> Term:
    return Term(words=words)


@pytest.mark.parametrize(
    ("terms", "numbers"),
    [
        ([], [5, 4, 3, 2, 1]),
        ([who("ANN@")], [5, 1]),
        ([Term(words="ANN@", where=Where.ACTOR, turned=True)], [4, 3, 2]),
        ([who("ann"), who("pts/1")], [5, 1]),
        ([who("ann"), who("bob")], []),
        ([Term(words="hold", where=Where.ACT)], [3]),
        ([Term(words="market-a", where=Where.SUBJECT), who("ann")], [5, 1]),
        ([Term(words="@", where=Where.ACTOR, turned=True)], [4, 2]),
        ([word("prüfung")], [3]),
        ([word("PRÜFUNG")], []),
        ([word("100%")], [1]),
        ([word("1%0")], []),
        ([word("nothing\0")], []),
        ([word("wrong_text"), word("park")], [1]),
        ([word("wrongxtext")], []),
        ([Term(words="ark", turned=True), Term(words="market-A", where=Where.SUBJECT)], []),
    ],
)
async def test_acts_are_found_by_who_what_and_text(db: Database, terms: list[Term], numbers: list[int]) -> None:
    await filled(db)
    wanted = Wanted(terms=tuple(terms))
    page = await search(db, wanted)
    assert [entry.number for entry in page.entries] == numbers
    assert (page.below, page.top) == (None, 5)
    everything = (await search(db, Wanted())).entries
    assert [entry.number for entry in everything if wanted.holds(entry)] == numbers


ODD = ["", "a", "aB", "%", "a_", "\\", '"', "é", "É ", "B%a"]
_TERMS = st.builds(
    Term, words=st.text(st.sampled_from('aAbB%_\\"éÉ '), max_size=3), where=st.sampled_from(Where), turned=st.booleans()
)


@pytest.fixture(scope="module")
def odd_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with acts whose words a pattern could take for something else."""
    url = f"sqlite:///{tmp_path_factory.mktemp('odd')}/store.db"

    async def fill() -> None:
        async with Database(url) as db:
            await migrate(db)
            async with db.write() as connection:
                for number, words in enumerate(ODD):
                    others = [ODD[(number * step + step) % len(ODD)] for step in (2, 3, 5)]
                    await audit.append(connection, words, others[0], others[1], {"why": others[2]})

    asyncio.run(fill())
    return url


@given(st.lists(_TERMS, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_is_known_is_found_as_the_database_finds_it(odd_url: str, terms: list[Term]) -> None:
    wanted = Wanted(terms=tuple(terms))

    async def numbers() -> tuple[list[int], list[int]]:
        async with Database(odd_url) as db:
            known, found = (await search(db, Wanted())).entries, (await search(db, wanted)).entries
        return [entry.number for entry in found], [entry.number for entry in known if wanted.holds(entry)]

    found, held = asyncio.run(numbers())
    assert found == held


async def test_newer_rows_alone_are_looked_at(db: Database) -> None:
    await filled(db)
    page = await search(db, Wanted(), above=3)
    assert ([entry.number for entry in page.entries], page.below, page.top) == ([5, 4], None, 5)
    assert await search(db, Wanted(), above=5) == audit_log.Page((), None, 5)
    page = await search(db, Wanted(), above=1, limit=2)
    assert ([entry.number for entry in page.entries], page.below) == ([5, 4], 4)


@pytest.mark.parametrize(("back", "seen"), [(timedelta(minutes=59), [3, 2, 1]), (timedelta(hours=3), [])])
async def test_a_clock_that_was_put_back_by_less_than_an_hour_hides_nothing(
    db: Database, back: timedelta, seen: list[int]
) -> None:
    await filled(db, 2)
    since = datetime(2026, 11, 24, 3, tzinfo=UTC)
    # Rows 1 to 3 are of the time that is looked for; then the clock was put back.
    times = {number: since + timedelta(minutes=1) for number in (1, 2, 3)}
    times |= dict.fromkeys((4, 5, 6), since - back)
    async with db.write() as connection:
        for number in range(1, 11):
            at = times.get(number, since + timedelta(hours=5))
            await connection.execute(update(table).where(table.c.number == number).values(at=at))
    found = await search(db, Wanted(since=since, until=since + timedelta(hours=1)))
    assert [entry.number for entry in found.entries] == seen


async def test_a_row_is_shown_with_its_hashes_and_whether_they_are_its_own(db: Database) -> None:
    await filled(db)
    first, second = await whole(db, 1), await whole(db, 2)
    assert first is not None
    assert second is not None
    assert (first.previous, first.hash_, second.as_written) == ("00" * 32, second.previous, True)
    assert await whole(db, 6) is None
    async with db.write() as connection:
        await connection.execute(update(table).where(table.c.number == 2).values(details="[3"))
    changed = await whole(db, 2)
    assert changed is not None
    assert (changed.as_written, changed.entry.told()) == (False, "[3")


async def test_pages_follow_each_other_whatever_is_added_meanwhile(db: Database) -> None:
    await filled(db, 3)
    seen: list[int] = []
    below: int | None = None
    while True:
        page = await search(db, Wanted(terms=(who("ann"),)), below=below, limit=2)
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
    first = await search(db, Wanted(terms=(Term(words="hold", where=Where.ACT),)))
    assert [entry.number for entry in first.entries] == [8]
    second = await search(db, Wanted(terms=(Term(words="hold", where=Where.ACT),)), below=first.below)
    third = await search(db, Wanted(terms=(Term(words="hold", where=Where.ACT),)), below=second.below)
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
    assert [entry.number for entry in (await search(db, Wanted(terms=(who("ann"),), since=middle))).entries] == [10, 6]
    found = await between(db, middle, end, 10)
    assert [(entry.number, entry.act) for entry in found] == [(6, "park"), (8, "hold"), (9, "move"), (10, "retry")]
    assert [entry.number for entry in await between(db, middle, end, 10, "market-A")] == [6, 10]
    assert [entry.number for entry in await between(db, middle, end, 10, "market-A", ["hold"])] == [6, 8, 10]
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


async def test_the_chain_is_followed_a_piece_at_a_time(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "PIECE", 4)
    chain = Chain()
    empty = await chain.look(db)
    assert (empty.rows, empty.first_bad, empty.words) == (0, None, "0 rows, each as it was written")
    assert empty.head == "00" * 32
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
