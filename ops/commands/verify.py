"""`opinion verify MARKET`: re-check a market from chain data alone, and with --record its analysis."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run


def verify(
    market: Annotated[str, typer.Argument(help="The market's address.")],
    rpc: Annotated[str | None, typer.Option(help="An RPC node; SOLANA_RPC_URL where left out.")] = None,
    record: Annotated[Path | None, typer.Option(help="The document of its analysis, to be checked too.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The checks as one JSON object on stdout.")] = False,
) -> None:
    """Re-check a market from chain data alone.

    Proof, draw, fee and payouts, in words; with --record the score too, computed again from the analysis.
    Exit code 3 when a check fails, 1 when there is no outcome yet.
    """
    from ops.verification import print_verification
    from settings import read_settings

    if not run(print_verification(read_settings(), market, rpc, record=record, as_json=json)):
        raise typer.Exit(3)
