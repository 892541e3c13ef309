"""Migrations bring a database to the shape of store.schema, once, whoever else does so at the same time."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from store import migrations
from store.database import Database
from store.errors import WrongRevision
from store.migrations import HEAD, check, migrate, revision
from store.schema import metadata


async def test_the_migrated_database_is_what_the_schema_says(db: Database) -> None:
    async with db.read() as connection:
        differences = await connection.run_sync(
            lambda plain: compare_metadata(MigrationContext.configure(plain, opts={"compare_type": True}), metadata)
        )
    assert differences == []


def test_steps_are_numbered_without_gaps() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert sorted(steps) == [f"{number:04}" for number in range(1, HEAD + 1)]


async def test_migrating_again_changes_nothing(db: Database) -> None:
    await migrate(db)
    assert await revision(db) == HEAD
    await check(db)


async def test_several_hosts_may_migrate_at_once(empty_url: str) -> None:
    async with Database(empty_url) as one, Database(empty_url) as two, Database(empty_url) as three:
        await asyncio.gather(*(migrate(each) for each in (one, two, three)))
        assert await revision(one) == HEAD


async def test_a_database_without_tables_is_refused_with_what_to_do(empty_url: str) -> None:
    async with Database(empty_url) as database:
        with pytest.raises(WrongRevision, match=r"has no tables yet: run `opinion store migrate`$"):
            await check(database)


KNOWN = {HEAD - 2: "run `opinion store migrate`", HEAD - 1: None, HEAD + 1: None, HEAD + 2: "upgrade this host"}


@pytest.mark.parametrize(("found", "words"), [(found, words) for found, words in KNOWN.items() if found > 0])
async def test_versions_one_apart_work_together(db: Database, found: int, words: str | None) -> None:
    async with db.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": f"{found:04}"})
    if words is None:
        await check(db)
    else:
        with pytest.raises(WrongRevision, match=words):
            await check(db)
    if found > HEAD:
        with pytest.raises(WrongRevision, match="use the newer version"):
            await migrate(db)
