"""Counters that no other row tells, such as the failed RPC calls of jobs that have ended. They only grow."""

import json
from collections.abc import Mapping

from sqlalchemy import select, text

from store.database import Database
from store.schema import figure

RPC_ERRORS = "rpc_errors"
"""Failed RPC calls, by endpoint (its name, without path and key) and kind (the error's name)."""
_MOST_LABELS = 256
_ADD = text(
    "INSERT INTO figure (name, labels, value) VALUES (:name, :labels, :by) "
    "ON CONFLICT (name, labels) DO UPDATE SET value = figure.value + excluded.value"
)


async def add(db: Database, name: str, labels: Mapping[str, str], by: int = 1) -> None:
    """Add to a counter, which begins at 0. Raises ValueError for labels beyond 256 characters, StoreError."""
    written = json.dumps(dict(sorted(labels.items())), separators=(",", ":"))
    if by < 0 or len(written) > _MOST_LABELS:
        raise ValueError(f"the counter {name} takes no labels beyond {_MOST_LABELS} characters, and never goes down")
    async with db.write() as connection:
        await connection.execute(_ADD, {"name": name, "labels": written, "by": by})


async def counted(db: Database, name: str) -> list[tuple[Mapping[str, str], int]]:
    """Return a counter's labels and values. Raises StoreError."""
    async with db.read() as connection:
        rows = await connection.execute(select(figure.c.labels, figure.c.value).where(figure.c.name == name))
    return [(json.loads(labels), value) for labels, value in rows]
