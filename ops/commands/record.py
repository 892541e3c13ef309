"""`opinion record MARKET`: the document that a market's score was computed from."""

import sys
from typing import Annotated

import typer

from ops.commands._run import run


def record(market: Annotated[str, typer.Argument(help="The market's address.")]) -> None:
    """Print the record of a market's analysis, byte for byte.

    Its SHA-256 is the summary hash on the chain; `opinion verify MARKET --record FILE` scores it again.
    """
    from ops.settlements import document
    from settings import read_settings

    sys.stdout.buffer.write(run(document(read_settings(), market)))
