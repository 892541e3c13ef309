"""`opinion audit`: whether the log of every act is as it was written."""

from typing import Annotated

import typer

from ops.commands._run import run

audit = typer.Typer(no_args_is_help=True, help="The log of every act of the oracle or a person.")
WRONG = 3


@audit.callback()
def group() -> None:
    """Keep `verify` a word of its own, as long as it is the only one."""


@audit.command()
def verify(json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Recompute the whole log and name the first row that was changed, is missing or was moved (exit code 3).

    The hash it ends with, kept elsewhere, also shows a log that was cut or written anew as a whole.
    """
    from dataclasses import asdict

    from ops.report import say
    from settings import read_settings
    from store.audit import Verdict
    from store.audit import verify as recompute
    from store.database import Database
    from store.migrations import check

    async def act() -> Verdict:
        async with Database(read_settings().database_url) as db:
            await check(db)
            return await recompute(db)

    verdict = run(act())
    say(f"{'Good' if verdict.ok else 'BAD'}: {verdict.words}.", asdict(verdict), as_json=json)
    if not verdict.ok:
        raise typer.Exit(WRONG)
