"""`opinion traffic`: life on a localnet."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run


def traffic(
    state: Annotated[Path, typer.Option(help="The folder of the 'opinion up' that runs.")] = Path(".opinion/up"),
    seed: Annotated[int | None, typer.Option(help="The same stories again.")] = None,
) -> None:
    """Open markets on the localnet of `opinion up` and stake on them, until Ctrl-C.

    Every minute or so a day passes there, for every market. One market is parked and one job fails, to be looked at.
    """
    from datetime import datetime
    from random import Random

    from ops.traffic.rounds import live
    from settings import read_settings

    def say(words: str) -> None:
        typer.echo(f"{datetime.now().astimezone():%H:%M:%S} {words}")

    run(live(read_settings(), state, Random(seed), say))  # noqa: S311 - stories, no secrets
