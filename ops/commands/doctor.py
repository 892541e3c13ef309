"""`opinion doctor`: what is not well, and what to do about it."""

from typing import Annotated

import typer

from ops.commands._run import run


def doctor(json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Look at every outside part and say what to do.

    Settings, database, Redis, RPC nodes, program, keys, bond, texts, model. Exit code 1 when something is wrong.
    """
    from ops.doctor.examine import examine

    if not run(examine(as_json=json)):
        raise typer.Exit(1)
