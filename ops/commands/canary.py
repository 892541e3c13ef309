"""`opinion canary`: a small market through everything that runs."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run


def canary(
    rpc: Annotated[str | None, typer.Option(help="The localnet's address; SOLANA_RPC_URL where left out.")] = None,
    state: Annotated[Path, typer.Option(help="The folder of the 'opinion up' that runs.")] = Path(".opinion/up"),
    within: Annotated[int, typer.Option(min=1, help="Seconds that the oracle has for it.")] = 180,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a step on stdout.")] = False,
) -> None:
    """Open a small market on the localnet of `opinion up` and watch it being settled.

    Its day passes at once, for every market of that localnet; exit code 3 when `verify` disagrees.
    """
    from ops.canary import canary as fly
    from settings import read_settings

    keys, texts = state / "localnet" / "keys", state / "texts"
    if not run(fly(read_settings(), rpc, keys, texts, within=within, as_json_lines=json)):
        raise typer.Exit(3)
