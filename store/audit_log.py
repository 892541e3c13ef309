"""The audit log as people read it: searched page by page, and its chain followed a piece at a time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from store import audit
from store.database import Database
from store.schema import audit as table
from store.schema import audit_head, phase_run
from store.settlements import RunOutcome

WINDOW = 20_000
"""Rows that one look goes through at most where no times are given; the next page goes on below them."""
PIECE = 1_000
"""Rows whose hashes are computed at once: some 10 ms of the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; all must hold, and what is empty holds always.

    Words are found in any letter case; letters beyond ASCII only in their own.
    """

    actor: str = ""
    act: str = ""
    subject: str = ""
    text: tuple[str, ...] = ()
    """Each anywhere in the row."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    details: str
    """A JSON object."""

    @property
    def by_person(self) -> bool:
        """Whether a person did it (`name@host`), not the oracle."""
        return "@" in self.actor

    def told(self) -> str:
        """Return the details as `name: value, …`."""
        found: Any = json.loads(self.details)
        return ", ".join(f"{name}: {_plain(value)}" for name, value in found.items())


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `below` is where the next page begins, None where there is none."""

    entries: tuple[Entry, ...]
    below: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """How far the chain is known to hold: `checked` of `rows`, all of it at `whole_at` (None for not yet).

    `first_bad` is the first row that is changed, missing or moved, and `words` say what is wrong with it.
    """

    rows: int
    checked: int
    whole_at: datetime | None
    first_bad: int | None
    words: str


async def search(db: Database, wanted: Wanted, *, below: int | None = None, limit: int = 200) -> Page:
    """Return a page of what is wanted, of rows numbered less than `below`. Raises StoreError.

    Without times, one look goes through at most WINDOW rows: a page may then be short, or empty, and not the last.
    """
    async with db.read() as connection:
        top = below
        if top is None:
            top = (await connection.execute(select(func.coalesce(func.max(table.c.number), 0)))).scalar_one() + 1
        timed = wanted.since is not None or wanted.until is not None
        bottom = 0 if timed else max(top - WINDOW, 0)
        query = select(table).where(table.c.number < top, table.c.number >= bottom, *_conditions(wanted))
        rows = (await connection.execute(query.order_by(table.c.number.desc()).limit(limit + 1))).all()
    found = tuple(_entry(row) for row in rows[:limit])
    if len(rows) > limit:
        return Page(found, found[-1].number)
    return Page(found, bottom if bottom > 1 else None)


async def between(db: Database, since: datetime, until: datetime, limit: int, subject: str = "") -> tuple[Entry, ...]:
    """Return the first `limit` acts from `since` until before `until`, oldest first, without signatures."""
    query = select(table).where(table.c.at >= since, table.c.at < until, table.c.act != "sign")
    if subject:
        query = query.where(table.c.subject == subject)
    async with db.read() as connection:
        rows = (await connection.execute(query.order_by(table.c.at, table.c.number).limit(limit))).all()
    return tuple(_entry(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSeen:
    """One run of a phase of one market; without an end it is under way, or its worker died."""

    market: str
    phase: str
    attempt: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None


async def phases_between(
    db: Database, since: datetime, until: datetime, limit: int, market: str = ""
) -> tuple[PhaseSeen, ...]:
    """Return the first `limit` runs of phases that began between the times, oldest first, without mere waits."""
    columns = [phase_run.c[name] for name in PhaseSeen.__dataclass_fields__]
    worked = phase_run.c.outcome.is_(None) | (phase_run.c.outcome != RunOutcome.WAITED)
    query: Select[*tuple[Any, ...]] = select(*columns).where(
        phase_run.c.started_at >= since, phase_run.c.started_at < until, worked
    )
    if market:
        query = query.where(phase_run.c.market == market)
    async with db.read() as connection:
        found = await connection.execute(query.order_by(phase_run.c.started_at, phase_run.c.id).limit(limit))
        return tuple(PhaseSeen(**row) for row in found.mappings())


class Chain:
    """Follows the chain from its first row, PIECE rows a look; and again and again, since a row that was good may be
    changed later."""

    def __init__(self) -> None:
        self._number, self._hash = 0, audit.START
        self._whole_at: datetime | None = None

    async def look(self, db: Database) -> ChainState:
        """Go on by a piece and return what is known then. Raises StoreError."""
        async with db.snapshot() as connection:
            head = (await connection.execute(select(audit_head))).one_or_none()
            if head is None:
                return self._bad(0, 1, "the row that keeps the newest hash is missing")
            # From the first, rows with a number below 1 are found too.
            after = table.c.number > self._number if self._number else table.c.number.is_not(None)
            query = select(table).where(after).order_by(table.c.number).limit(PIECE)
            rows = (await connection.execute(query)).all()
        return self._judge(rows, head.number, head.hash, await db.now())

    def _judge(self, rows: Sequence[Row[Any]], newest: int, newest_hash: bytes, now: datetime) -> ChainState:
        for row in rows:
            words = audit.fault(row, self._number + 1, self._hash, newest)
            if words is not None or row.number > newest:
                words = words or f"row {row.number} is not known to the row that keeps the newest hash"
                return self._bad(newest, self._number + 1, words)
            self._number, self._hash = row.number, row.hash
        if len(rows) < PIECE:
            if self._number < newest:
                return self._bad(newest, self._number + 1, f"row {self._number + 1} and all after it are missing")
            if self._number > newest or self._hash != newest_hash:
                return self._bad(newest, max(newest, 1), f"row {newest} is not the one written: the log was rewritten")
            checked, self._whole_at = self._number, now
            self._number, self._hash = 0, audit.START
            words = f"{newest:,} rows, each as it was written"
            return ChainState(rows=newest, checked=checked, whole_at=now, first_bad=None, words=words)
        words = f"{self._number:,} of {newest:,} rows are checked, each as it was written"
        if self._whole_at is not None:
            words = f"each row was as it was written at {self._whole_at:%H:%M:%S} UTC; {words} again"
        return ChainState(rows=newest, checked=self._number, whole_at=self._whole_at, first_bad=None, words=words)

    def _bad(self, rows: int, first: int, words: str) -> ChainState:
        self._number, self._hash, self._whole_at = 0, audit.START, None
        return ChainState(rows=rows, checked=first - 1, whole_at=None, first_bad=first, words=words)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = ((table.c.actor, wanted.actor), (table.c.act, wanted.act), (table.c.subject, wanted.subject))
    found: list[ColumnElement[bool]] = [column.icontains(words, autoescape=True) for column, words in columns if words]
    for words in wanted.text:
        # Details are JSON in ASCII: other letters stand there escaped.
        places = ((table.c.actor, words), (table.c.act, words), (table.c.subject, words))
        places = (*places, (table.c.details, json.dumps(words)[1:-1]))
        found.append(or_(*(column.icontains(spelled, autoescape=True) for column, spelled in places)))
    if wanted.since is not None:
        found.append(table.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(table.c.at < wanted.until)
    return found


def _entry(row: Row[Any]) -> Entry:
    return Entry(number=row.number, at=row.at, actor=row.actor, act=row.act, subject=row.subject, details=row.details)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
