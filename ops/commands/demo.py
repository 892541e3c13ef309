"""`opinion demo`: one market from creation to a verified payout."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run


def demo(
    rpc: Annotated[str | None, typer.Option(help="A running localnet; one of its own where left out.")] = None,
    keys: Annotated[Path | None, typer.Option(help="That localnet's authorities' keys, LEDGER/keys.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a step on stdout.")] = False,
) -> None:
    """Show one market from creation to payout.

    Every step with its signature, compute units and balances; exit code 3 when `verify` disagrees in the end.
    """
    from ops.demo.show import show
    from settings import read_settings

    if not run(show(read_settings(), rpc, keys, as_json_lines=json)):
        raise typer.Exit(3)
