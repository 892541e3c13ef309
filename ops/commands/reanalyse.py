"""`opinion reanalyse MARKET`: score a market's opinions again, as a dry run."""

from typing import Annotated

import typer

from ops.commands._run import run


def reanalyse(
    market: Annotated[str, typer.Argument(help="The market's address.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    pay: Annotated[bool, typer.Option("--pay", help="Spend what the models cost.")] = False,
    url: Annotated[str | None, typer.Option("--url", help="Another RPC node than SOLANA_RPC_URL.")] = None,
) -> None:
    """Score a market's opinions again and show what differs from the analysis that is kept; record nothing.

    Where a model scores, it costs money: it says how much at most, and wants --pay.
    """
    from ops.amounts import parse_address
    from ops.errors import UsageError
    from ops.person import person
    from ops.reanalysis import lines, means, report
    from ops.reanalysis import reanalyse as analyse_again
    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        address = parse_address(market, "a market")
        if settings.anthropic_api_key is not None and not pay:
            raise UsageError(f"{means(settings)}; nothing was spent: give --pay to spend it.")
        async with opened(settings) as db:
            made = await analyse_again(db, settings, url, address, person())
        say("\n".join(lines(made)), report(made), as_json=json)

    run(act())
