"""The audit log as people read it: searched page by page, and its chain followed a piece at a time."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store import audit
from store.database import Database
from store.schema import audit as table
from store.schema import audit_head, storable

WINDOW = 20_000
"""Rows that one look goes through at most; the next page goes on below them."""
PIECE = 500
"""Rows whose hashes are computed at once: some 5 ms of the loop."""
PUT_BACK = timedelta(hours=1)
"""Numbers rise with time but where a clock was put back: by so much it may be, and no row is missed."""
BY_PERSON = "@"
"""What stands in the name of a person (`name@host`), and in none of the oracle's."""
ROUTINE = ("sign", "analyse")
"""Acts of the oracle's own that its runs of phases tell as well."""


class Where(StrEnum):
    """In what words are looked for."""

    ANYWHERE = "anywhere"
    ACTOR = "who"
    ACT = "act"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words that must stand there, or must not where `turned`; letters of ASCII in either case."""

    words: str
    where: Where = Where.ANYWHERE
    turned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: all of it must hold. From `since` until before `until`, None for without end."""

    terms: tuple[Term, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, entry: "Entry") -> bool:
        """Whether the entry is wanted, as `search` finds it; PostgreSQL may find more letters in either case."""
        if (self.since is not None and entry.at < self.since) or (self.until is not None and entry.at >= self.until):
            return False
        return all(_stands(term, entry) is not term.turned for term in self.terms)


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
        return BY_PERSON in self.actor

    def told(self) -> str:
        """Return the details as `name: value, …`; as they stand where they are no JSON object any more."""
        try:
            found: Any = json.loads(self.details)
            return ", ".join(f"{name}: {_plain(value)}" for name, value in found.items())
        except (ValueError, AttributeError):
            return self.details


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One row with its hashes, in hex. `as_written` says whether its hash is still that of what stands in it."""

    entry: Entry
    hash_: str
    previous: str
    as_written: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `below` is where the next page begins, None where there is none; `top` the newest row there was."""

    entries: tuple[Entry, ...]
    below: int | None
    top: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """How far the chain is known to hold: `checked` of `rows`, all of it at `whole_at` (None for not yet).

    `first_bad` is the first row that is changed, missing or moved, and `words` say what is wrong with it. `head` is
    the hash of the newest row as the database keeps it, in hex.
    """

    rows: int
    checked: int
    whole_at: datetime | None
    first_bad: int | None
    head: str
    words: str


async def search(db: Database, wanted: Wanted, *, below: int | None = None, above: int = 0, limit: int = 200) -> Page:
    """Return a page of what is wanted, of rows numbered less than `below` and more than `above`. Raises StoreError.

    One look goes through at most WINDOW rows: a page may be short, or empty, and not the last.
    """
    async with db.read() as connection:
        newest = (await connection.execute(select(func.coalesce(func.max(table.c.number), 0)))).scalar_one()
        first, last = await _range(connection, wanted, above + 1, newest if below is None else below - 1)
        bottom = max(last - WINDOW + 1, first)
        query = select(table).where(table.c.number <= last, table.c.number >= bottom, *_conditions(wanted))
        rows = (await connection.execute(query.order_by(table.c.number.desc()).limit(limit + 1))).all()
    found = tuple(_entry(row) for row in rows[:limit])
    if len(rows) > limit:
        return Page(found, found[-1].number, newest)
    return Page(found, bottom if bottom > first else None, newest)


async def between(
    db: Database, since: datetime, until: datetime, limit: int, subject: str = "", anyway: Collection[str] = ()
) -> tuple[Entry, ...]:
    """Return the first `limit` acts from `since` until before `until`, oldest first, without those of ROUTINE.

    Where there is a `subject`: those on it, and the acts `anyway` whatever they are on.
    """
    query = select(table).where(table.c.at >= since, table.c.at < until, table.c.act.not_in(ROUTINE))
    if subject:
        query = query.where(or_(table.c.subject == subject, table.c.act.in_(anyway)))
    async with db.read() as connection:
        rows = (await connection.execute(query.order_by(table.c.at, table.c.number).limit(limit))).all()
    return tuple(_entry(row) for row in rows)


async def whole(db: Database, number: int) -> Whole | None:
    """Return the row of this number with its hashes, None where there is none. Raises StoreError."""
    async with db.read() as connection:
        row = (await connection.execute(select(table).where(table.c.number == number))).one_or_none()
    if row is None:
        return None
    as_written = audit.fault(row, number, row.previous, number) is None
    return Whole(entry=_entry(row), hash_=row.hash.hex(), previous=row.previous.hex(), as_written=as_written)


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
                return self._bad(0, 1, audit.START, "the row that keeps the newest hash is missing")
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
                return self._bad(newest, self._number + 1, newest_hash, words)
            self._number, self._hash = row.number, row.hash
        if len(rows) < PIECE:
            if self._number < newest:
                words = f"row {self._number + 1} and all after it are missing"
                return self._bad(newest, self._number + 1, newest_hash, words)
            if self._number > newest or self._hash != newest_hash:
                words = f"row {newest} is not the one written: the log was rewritten"
                return self._bad(newest, max(newest, 1), newest_hash, words)
            checked, self._whole_at = self._number, now
            self._number, self._hash = 0, audit.START
            words = f"{newest:,} rows, each as it was written"
            head = newest_hash.hex()
            return ChainState(rows=newest, checked=checked, whole_at=now, first_bad=None, head=head, words=words)
        words = f"{self._number:,} of {newest:,} rows are checked, each as it was written"
        if self._whole_at is not None:
            words = f"each row was as it was written at {self._whole_at:%H:%M:%S} UTC; {words} again"
        return ChainState(
            rows=newest,
            checked=self._number,
            whole_at=self._whole_at,
            first_bad=None,
            head=newest_hash.hex(),
            words=words,
        )

    def _bad(self, rows: int, first: int, head: bytes, words: str) -> ChainState:
        self._number, self._hash, self._whole_at = 0, audit.START, None
        return ChainState(rows=rows, checked=first - 1, whole_at=None, first_bad=first, head=head.hex(), words=words)


async def _range(connection: AsyncConnection, wanted: Wanted, first: int, last: int) -> tuple[int, int]:
    """The numbers between which all that is wanted stands, by the index on times."""
    if wanted.since is not None:
        before = select(table.c.number).where(table.c.at < wanted.since - PUT_BACK).order_by(table.c.at.desc())
        first = max(first, ((await connection.execute(before.limit(1))).scalar_one_or_none() or 0) + 1)
    if wanted.until is not None:
        after = select(table.c.number).where(table.c.at >= wanted.until + PUT_BACK).order_by(table.c.at)
        number = (await connection.execute(after.limit(1))).scalar_one_or_none()
        last = last if number is None else min(last, number - 1)
    return first, last


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [not_(_standing(term)) if term.turned else _standing(term) for term in wanted.terms]
    if wanted.since is not None:
        found.append(table.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(table.c.at < wanted.until)
    return found


_COLUMNS = {Where.ACTOR: table.c.actor, Where.ACT: table.c.act, Where.SUBJECT: table.c.subject}


def _standing(term: Term) -> ColumnElement[bool]:
    """As a part of a statement: whether the words stand there."""
    columns = [column for where, column in _COLUMNS.items() if term.where in (where, Where.ANYWHERE)]
    words = storable(term.words)
    found = [column.icontains(words, autoescape=True) for column in columns]
    if term.where is Where.ANYWHERE:
        found.append(table.c.details.icontains(_spelled(words), autoescape=True))
    return or_(*found)


def _stands(term: Term, entry: "Entry") -> bool:
    """The same of an entry that is known already."""
    places = {Where.ACTOR: entry.actor, Where.ACT: entry.act, Where.SUBJECT: entry.subject}
    words = _lowered(term.words)
    if any(term.where in (where, Where.ANYWHERE) and words in _lowered(text) for where, text in places.items()):
        return True
    return term.where is Where.ANYWHERE and _lowered(_spelled(term.words)) in _lowered(entry.details)


def _spelled(words: str) -> str:
    """As details have them: JSON in ASCII, where other letters stand escaped."""
    return json.dumps(words)[1:-1]


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _lowered(words: str) -> str:
    """Letters of ASCII alone, as SQLite does; PostgreSQL, by its collation, may find others in either case too."""
    return words.translate(_LOWER)


def _entry(row: Row[Any]) -> Entry:
    return Entry(number=row.number, at=row.at, actor=row.actor, act=row.act, subject=row.subject, details=row.details)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
