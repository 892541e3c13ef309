"""The audit log: every act of the oracle or a person, each row's hash covering the one before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.database import Database, clock
from store.schema import audit, audit_head, storable

START = bytes(32)
"""What stands before the first row."""
Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `verify` found: `rows` there are, `first_bad` is the number of the first that is changed, missing or moved.

    `head` is the hash of the newest row, in hex: kept elsewhere, it also shows a log that was rewritten as a whole.
    """

    ok: bool
    rows: int
    first_bad: int | None
    head: str
    words: str


async def append(connection: AsyncConnection, actor: str, act: str, subject: str, details: Mapping[str, Json]) -> int:
    """Write the next row in the connection's transaction and return its number; it exists if that commits.

    Locks the newest row until then, so it comes late in a transaction, and after any lock on a settlement.
    """
    actor, subject = storable(actor)[:128], storable(subject)[:128]
    words = json.dumps(details, sort_keys=True, separators=(",", ":"), allow_nan=False)
    head = (await connection.execute(select(audit_head, clock().label("now")).with_for_update())).one()
    number = head.number + 1
    digest = _digest(number, head.now, actor, act, subject, words, head.hash)
    row = {
        "number": number,
        "at": head.now,
        "actor": actor,
        "act": act,
        "subject": subject,
        "details": words,
        "previous": head.hash,
        "hash": digest,
    }
    await connection.execute(insert(audit).values(row))
    await connection.execute(update(audit_head).values(number=number, hash=digest))
    return number


async def verify(db: Database) -> Verdict:
    """Recompute the whole log from its start and name the first row that is changed, missing or moved."""
    async with db.snapshot() as connection:
        head = (await connection.execute(select(audit_head))).one_or_none()
        if head is None:
            return _bad(1, 0, START, "the row that keeps the newest hash is missing")
        number, previous = 0, START
        async with connection.stream(select(audit).order_by(audit.c.number)) as rows:
            async for row in rows:
                number += 1
                if (words := fault(row, number, previous, head.number)) is not None:
                    return _bad(number, number - 1, previous, words)
                previous = row.hash
    if number < head.number:
        words = f"row {number + 1} is missing: the log was cut off after row {number}, and it had {head.number}"
        return _bad(number + 1, number, previous, words)
    if number > head.number:
        words = f"row {head.number + 1} is not known to the row that keeps the newest hash: it was added past it"
        return _bad(head.number + 1, number, previous, words)
    if previous != head.hash:
        return _bad(max(number, 1), number, previous, f"row {number} is not the one written: the log was rewritten")
    words = f"{number} rows, each as it was written; the newest has hash {previous.hex()}"
    return Verdict(ok=True, rows=number, first_bad=None, head=previous.hex(), words=words)


def _bad(first: int, rows: int, head: bytes, words: str) -> Verdict:
    return Verdict(ok=False, rows=rows, first_bad=first, head=head.hex(), words=words)


def fault(row: Row[Any], number: int, previous: bytes, newest: int) -> str | None:
    """What is wrong with the row that should be `number` and follow `previous`, None for nothing."""
    if row.number != number:
        return f"row {number} is missing: row {row.number} stands in its place"
    content = (row.at, row.actor, row.act, row.subject, row.details)
    if _digest(number, *content, row.previous) == row.hash:
        if row.previous == previous:
            return None
        return f"row {number} does not follow row {number - 1}: one of the two was replaced"
    if row.previous != previous:
        for other in range(1, newest + 1):
            if _digest(other, *content, row.previous) == row.hash:
                return f"row {number} was moved: it was written as row {other}"
    return f"row {number} was changed after it was written"


def _digest(number: int, at: datetime, actor: str, act: str, subject: str, details: str, previous: bytes) -> bytes:
    """SHA-256 of the row as a JSON list without spaces; the time in ISO 8601, the hash before it in hex."""
    content = [number, at.isoformat(), actor, act, subject, details, previous.hex()]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).digest()
