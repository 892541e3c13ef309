"""Runs of runbooks: gone on with, by two at once without losing anything, audited at start and end."""

import asyncio
import json

import pytest
from sqlalchemy import select

from store import runbooks
from store.audit import verify
from store.database import Database
from store.errors import RunMoved
from store.runbooks import Means, Outcome
from store.schema import audit as acts

ANN, BOB = "ann@bastion (pts/1 from 192.0.2.7)", "bob@bastion (pts/2)"
NAME, DIGEST = "oracle-down", "d" * 64


async def told(db: Database) -> list[tuple[str, str, str, dict[str, object]]]:
    async with db.read() as connection:
        rows = (await connection.execute(select(acts).order_by(acts.c.number))).all()
    assert (await verify(db)).ok
    return [(row.actor, row.act, row.subject, json.loads(row.details)) for row in rows]


async def test_a_run_is_gone_on_with_until_it_ends(db: Database) -> None:
    first, new = await runbooks.start(db, NAME, DIGEST, ANN)
    assert new
    again, new = await runbooks.start(db, NAME, "e" * 64, BOB)
    assert not new
    assert again == first
    assert (first.started_by, first.digest, first.ended_at, first.outcome) == (ANN, DIGEST, None, None)
    assert await runbooks.unended(db) == (first,)

    await runbooks.end(db, first.id, Outcome.FINISHED, "all well", ["look"], BOB)
    assert await runbooks.unended(db) == ()
    ended = (await runbooks.newest(db))[NAME].run
    assert (ended.outcome, ended.ended_by, ended.note) == (Outcome.FINISHED, BOB, "all well")
    assert ended.ended_at is not None
    other, new = await runbooks.start(db, NAME, DIGEST, BOB)
    assert new
    assert other.id != first.id
    assert await told(db) == [
        (ANN, "start runbook", "runbook oracle-down", {"run": first.id}),
        (
            BOB,
            "end runbook",
            "runbook oracle-down",
            {"run": first.id, "outcome": "finished", "note": "all well", "left": ["look"]},
        ),
        (BOB, "start runbook", "runbook oracle-down", {"run": other.id}),
    ]


async def test_many_who_start_at_once_share_one_run(db: Database) -> None:
    found = await asyncio.gather(*(runbooks.start(db, NAME, DIGEST, f"p{n}@host") for n in range(8)))
    assert len({run.id for run, _ in found}) == 1
    assert sum(new for _, new in found) == 1
    assert len(await told(db)) == 1


async def test_marks_of_two_people_are_all_kept(db: Database) -> None:
    run, _ = await runbooks.start(db, NAME, DIGEST, ANN)

    async def work(who: str) -> None:
        for number in range(10):
            await runbooks.note(db, run.id, "look", f"{number}\0", who)
            await runbooks.mark(
                db, run.id, f"{who}-{number}", means=Means.HAND, state="done", words="", actor=who, seen=None
            )

    await asyncio.gather(work("ann@a"), work("bob@b"))
    marks = (await runbooks.newest(db))[NAME].marks
    assert len(marks) == 40
    assert [mark.words for mark in marks if mark.actor == "ann@a" and mark.means is Means.NOTE] == [
        f"{n}\ufffd" for n in range(10)
    ]
    assert [mark.id for mark in marks] == sorted(mark.id for mark in marks)


async def test_a_step_that_somebody_else_marked_meanwhile_is_looked_at_again(db: Database) -> None:
    run, _ = await runbooks.start(db, NAME, DIGEST, ANN)

    async def mark(who: str, state: str, seen: int | None) -> None:
        await runbooks.mark(db, run.id, "look", means=Means.CHECK, state=state, words="it is", actor=who, seen=seen)

    await mark(ANN, "failing", None)
    await runbooks.note(db, run.id, "look", "no matter", BOB)
    with pytest.raises(RunMoved, match=r"^ann@bastion .* marked this step failing at .* UTC: look at it again$"):
        await mark(BOB, "done", None)
    first = (await runbooks.newest(db))[NAME].newest("look")
    assert first is not None
    await mark(BOB, "done", first.id)
    marks = (await runbooks.newest(db))[NAME].marks
    assert [(one.means, one.state) for one in marks] == [
        (Means.CHECK, "failing"),
        (Means.NOTE, None),
        (Means.CHECK, "done"),
    ]


async def test_nothing_is_added_to_a_run_that_has_ended(db: Database) -> None:
    run, _ = await runbooks.start(db, NAME, DIGEST, ANN)
    await runbooks.end(db, run.id, Outcome.ABANDONED, "a false alarm", [], BOB)
    with pytest.raises(RunMoved, match=r"^bob@bastion \(pts/2\) ended this run at .* UTC: start another$"):
        await runbooks.mark(db, run.id, "look", means=Means.HAND, state="done", words="", actor=ANN, seen=None)
    with pytest.raises(RunMoved):
        await runbooks.note(db, run.id, "look", "late", ANN)
    with pytest.raises(RunMoved):
        await runbooks.end(db, run.id, Outcome.FINISHED, "", [], ANN)
    assert set(await runbooks.newest(db)) == {NAME}
