"""`opinion verify MARKET`: re-check a market from chain data alone."""

from typing import Annotated

import typer

from ops.commands._run import run


def verify(
    market: Annotated[str, typer.Argument(help="The market's address.")],
    rpc: Annotated[str | None, typer.Option(help="An RPC node; SOLANA_RPC_URL where left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The checks as one JSON object on stdout.")] = False,
) -> None:
    """Re-check a market from chain data alone.

    Proof, draw, fee and payouts, in words; exit code 3 when a check fails, 1 when there is no outcome yet.
    """
    from ops.verification import print_verification
    from settings import read_settings

    if not run(print_verification(read_settings(), market, rpc, as_json=json)):
        raise typer.Exit(3)
