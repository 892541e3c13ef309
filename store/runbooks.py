"""Runs of runbooks: who goes through one, and what was seen at each step.

A run that has not ended is gone on with by whoever comes next; marks are only added, so that two who work on the same
run lose none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store import audit
from store.database import Database, clock
from store.errors import RunMoved
from store.schema import runbook_mark, runbook_run, storable


class Means(StrEnum):
    """How a step was looked at: a live check said it, a person did; or it is a note, which changes nothing."""

    CHECK = "check"
    HAND = "hand"
    NOTE = "note"


class Outcome(StrEnum):
    """How a run ended: gone through, or given up."""

    FINISHED = "finished"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `digest` is the SHA-256 of the runbook's text as it was at the start."""

    id: int
    runbook: str
    digest: str
    started_by: str
    started_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    outcome: Outcome | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What was seen at a step; `state` is None for a note, which leaves the step as it is."""

    id: int
    step: str
    means: Means
    state: str | None
    words: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Followed:
    """A run with all that was seen in it, oldest first."""

    run: Run
    marks: tuple[Mark, ...]

    def newest(self, step: str) -> Mark | None:
        """Return what was said of the step last; notes say nothing."""
        return next((mark for mark in reversed(self.marks) if mark.step == step and mark.state is not None), None)


async def start(db: Database, runbook: str, digest: str, actor: str) -> tuple[Run, bool]:
    """Start a run, or go on with the one that has not ended; True where it is new, which is an act of the audit log."""
    adding = sqlite_insert if db.sqlite else postgresql_insert
    values = {"runbook": runbook, "digest": digest, "started_by": storable(actor)[:128], "started_at": clock()}
    added = adding(runbook_run).values(values).on_conflict_do_nothing().returning(runbook_run.c.id)
    open_one = select(runbook_run).where(runbook_run.c.runbook == runbook, runbook_run.c.ended_at.is_(None))
    async with db.write() as connection:
        while True:
            new = (await connection.execute(added)).first() is not None
            row = (await connection.execute(open_one)).mappings().one_or_none()
            # Somebody may end the one that stood in the way between the two statements.
            if row is not None:
                break
        run = _run(row)
        if new:
            await audit.append(connection, actor, "start runbook", f"runbook {runbook}", {"run": run.id})
    return run, new


async def mark(
    db: Database, run: int, step: str, *, means: Means, state: str, words: str, actor: str, seen: int | None
) -> None:
    """Say what is seen at a step. `seen` is the newest mark of it that the person knew, None where there was none.

    Raises RunMoved where the run has ended, or somebody else marked the step meanwhile.
    """
    async with db.write() as connection:
        await _refuse_unless_open(connection, run)
        newest = select(runbook_mark).where(
            runbook_mark.c.run == run, runbook_mark.c.step == step, runbook_mark.c.state.is_not(None)
        )
        row = (await connection.execute(newest.order_by(runbook_mark.c.id.desc()).limit(1))).one_or_none()
        if row is not None and row.id != seen:
            raise RunMoved(f"{row.actor} marked this step {row.state} at {row.at:%H:%M:%S} UTC: look at it again")
        await _add(connection, run, step, means, state, words, actor)


async def note(db: Database, run: int, step: str, words: str, actor: str) -> None:
    """Write a note to a step. Raises RunMoved where the run has ended."""
    async with db.write() as connection:
        await _refuse_unless_open(connection, run)
        await _add(connection, run, step, Means.NOTE, None, words, actor)


async def end(db: Database, run: int, outcome: Outcome, words: str, left: Collection[str], actor: str) -> None:
    """End the run, an act of the audit log. `left` are the steps that nobody marked done.

    Raises RunMoved where somebody ended it already.
    """
    async with db.write() as connection:
        row = await _refuse_unless_open(connection, run)
        ended = {"ended_by": storable(actor)[:128], "ended_at": clock(), "outcome": outcome, "note": words}
        await connection.execute(update(runbook_run).where(runbook_run.c.id == run).values(ended))
        details: dict[str, audit.Json] = {"run": run, "outcome": outcome, "note": storable(words), "left": [*left]}
        await audit.append(connection, actor, "end runbook", f"runbook {row.runbook}", details)


async def newest(db: Database) -> Mapping[str, Followed]:
    """Return the newest run of every runbook that was ever gone through, by the runbook's name, with its marks."""
    last = select(func.max(runbook_run.c.id)).group_by(runbook_run.c.runbook).scalar_subquery()
    runs = select(runbook_run).where(runbook_run.c.id.in_(last))
    marks = select(runbook_mark).where(runbook_mark.c.run.in_(last)).order_by(runbook_mark.c.id)
    async with db.snapshot() as connection:
        found = [_run(row) for row in (await connection.execute(runs)).mappings()]
        made: dict[int, list[Mark]] = {run.id: [] for run in found}
        for row in (await connection.execute(marks)).mappings():
            made[row["run"]].append(_mark(row))
    return {run.runbook: Followed(run, tuple(made[run.id])) for run in found}


async def rehearsed(db: Database) -> Mapping[str, datetime]:
    """Return when each runbook was gone through to its end last, by its name."""
    gone = runbook_run.c.outcome == Outcome.FINISHED
    query = select(runbook_run.c.runbook, func.max(runbook_run.c.ended_at).label("at")).where(gone)
    async with db.read() as connection:
        rows = await connection.execute(query.group_by(runbook_run.c.runbook))
        return {row.runbook: row.at for row in rows}


async def followed(db: Database, number: int) -> Followed | None:
    """Return the run of this number with its marks, None where there is none."""
    marks = select(runbook_mark).where(runbook_mark.c.run == number).order_by(runbook_mark.c.id)
    async with db.snapshot() as connection:
        row = (await connection.execute(select(runbook_run).where(runbook_run.c.id == number))).mappings().one_or_none()
        found = (await connection.execute(marks)).mappings()
        return None if row is None else Followed(_run(row), tuple(_mark(mark) for mark in found))


async def unended(db: Database) -> tuple[Run, ...]:
    """Return every run that has not ended, oldest first."""
    query = select(runbook_run).where(runbook_run.c.ended_at.is_(None)).order_by(runbook_run.c.id)
    async with db.read() as connection:
        return tuple(_run(row) for row in (await connection.execute(query)).mappings())


async def during(db: Database, since: datetime, until: datetime) -> tuple[Run, ...]:
    """Return every run that was under way at any time between the two, oldest first."""
    c = runbook_run.c
    query = select(runbook_run).where(c.started_at < until, or_(c.ended_at.is_(None), c.ended_at > since))
    async with db.read() as connection:
        return tuple(_run(row) for row in (await connection.execute(query.order_by(c.id))).mappings())


async def _refuse_unless_open(connection: AsyncConnection, run: int) -> Run:
    """The run, locked until the transaction ends."""
    query = select(runbook_run).where(runbook_run.c.id == run).with_for_update()
    found = _run((await connection.execute(query)).mappings().one())
    if found.ended_at is not None:
        raise RunMoved(f"{found.ended_by} ended this run at {found.ended_at:%H:%M:%S} UTC: start another")
    return found


async def _add(
    connection: AsyncConnection, run: int, step: str, means: Means, state: str | None, words: str, actor: str
) -> None:
    values = {"run": run, "step": step, "means": means, "state": state, "words": words, "at": clock()}
    await connection.execute(insert(runbook_mark).values(values | {"actor": storable(actor)[:128]}))


def _run(row: RowMapping) -> Run:
    values: dict[str, Any] = dict(row)
    values["outcome"] = None if row["outcome"] is None else Outcome(row["outcome"])
    return Run(**values)


def _mark(row: RowMapping) -> Mark:
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "run"}
    values["means"] = Means(row["means"])
    return Mark(**values)
