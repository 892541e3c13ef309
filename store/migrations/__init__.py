"""Brings a database's tables to the shape of store.schema, one numbered step after another.

Versions one apart work together, so that hosts are upgraded one by one: a step adds, and what it makes needless goes
only with the step after it.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from store.database import Database
from store.errors import WrongRevision

_FOLDER = Path(__file__).parent
HEAD = max(int(step.name.partition("_")[0]) for step in (_FOLDER / "versions").glob("[0-9]*.py"))
"""The number of the newest step."""


async def migrate(db: Database) -> None:
    """Bring the tables to the newest step, all or nothing; waits for another that migrates at the same time.

    Raises WrongRevision when a newer version has migrated it further, StoreUnavailable.
    """
    async with db.write() as connection:
        if not db.sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('opinion store migrate'))"))
        found = await connection.run_sync(_revision)
        if found > HEAD:
            raise WrongRevision(f"{db.name} is at step {found}, this version knows {HEAD}: use the newer version")
        if found < HEAD:
            await connection.run_sync(_upgrade)


async def check(db: Database, apart: int = 1) -> None:
    """Raise WrongRevision unless the tables are those of this version, or of one `apart` steps before or after it."""
    async with db.read() as connection:
        found = await connection.run_sync(_revision)
    if found == 0:
        raise WrongRevision(f"{db.name} has no tables yet: run `opinion store migrate`")
    if found < HEAD - apart:
        raise WrongRevision(f"{db.name} is at step {found} and this version needs {HEAD}: run `opinion store migrate`")
    if found > HEAD + apart:
        raise WrongRevision(f"{db.name} is at step {found}, this version knows {HEAD}: upgrade this host")


async def revision(db: Database) -> int:
    """Return the step that the tables are at; 0 where there are none."""
    async with db.read() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> int:
    if not inspect(connection).has_table("alembic_version"):
        return 0
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return int(found) if found is not None else 0


def _upgrade(connection: Connection) -> None:
    # Only who migrates pays for loading alembic; workers just check.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
