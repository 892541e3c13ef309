"""`opinion store`: the database's tables, its backups, and what is rebuilt from the chain."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run

store = typer.Typer(no_args_is_help=True, help="The database: bring it up to date, back it up, restore it.")
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@store.command()
def migrate(json: JsonFlag = False) -> None:
    """Make the tables of DATABASE_URL, or bring them to this version. Safe to run again, and while others work."""
    from ops.report import say
    from settings import read_settings
    from store.database import Database
    from store.migrations import HEAD
    from store.migrations import migrate as bring

    async def act() -> None:
        async with Database(read_settings().database_url) as db:
            await bring(db)
            say(f"{db.name} is at step {HEAD}.", {"database": db.name, "step": HEAD}, as_json=json)

    run(act())


@store.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")], json: JsonFlag = False
) -> None:
    """Write one state of the whole database to a file; everybody works on meanwhile."""
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings
    from store.backup import backup as copy

    async def act() -> None:
        async with opened(read_settings()) as db:
            done = await copy(db, file)
        words = f"{file} holds {done.rows} rows; its checksum is {done.checksum}."
        say(words, {"file": str(file), "rows": done.rows, "sha256": done.checksum}, as_json=json)

    run(act())


@store.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `opinion store backup` wrote.")], json: JsonFlag = False
) -> None:
    """Fill an empty database from a backup; first make its tables with `opinion store migrate`.

    What happened after the backup is read from the chain. Stop every watcher and worker before.
    """
    from ops.person import person
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings
    from store.backup import restore as fill

    async def act() -> None:
        async with opened(read_settings()) as db:
            done = await fill(db, file, person())
            words = f"{db.name} holds the {done.rows} rows of {file}; nobody holds a market or a lock."
            say(words, {"database": db.name, "rows": done.rows, "sha256": done.checksum}, as_json=json)

    run(act())


@store.command()
def rebuild(json: JsonFlag = False) -> None:
    """Forget what was seen of the chain: the watcher reads it anew. Work, signatures and the audit log stay."""
    from ops.person import person
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings
    from store.backup import rebuild as forget

    async def act() -> None:
        async with opened(read_settings()) as db:
            forgotten = await forget(db, person())
        words = f"{forgotten} accounts are forgotten: the watcher's next full read brings them back."
        say(words, {"accounts": forgotten}, as_json=json)

    run(act())


@store.command()
def grants() -> None:
    """Print the SQL that makes PostgreSQL's roles for viewers, operators and the oracle; the tables' owner runs it.

    opinion store grants | psql DATABASE, again after each migration.
    """
    from store.grants import statements

    # At once, so that nobody who is at work is without his rights meanwhile.
    print("".join(f"{statement};\n" for statement in ("BEGIN", *statements(), "COMMIT")), end="")
