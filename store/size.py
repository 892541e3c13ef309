"""How much room the database takes, and how much is left to it where that can be told."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from store.database import Database

_OF_POSTGRESQL = text("SELECT pg_database_size(current_database())")


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes. `left` and `disk` are None where the database is a server, whose disk only its host sees."""

    used: int
    left: int | None
    disk: int | None


async def size(db: Database) -> Size:
    """Return it. Raises StoreError."""
    file = db.file
    if file is None:
        async with db.read() as connection:
            return Size((await connection.execute(_OF_POSTGRESQL)).scalar_one(), None, None)
    disk = shutil.disk_usage(file.parent)
    parts = [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]
    return Size(sum(_bytes(part) for part in parts), disk.free, disk.total)


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
