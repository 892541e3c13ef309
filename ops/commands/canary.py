"""`opinion canary`: a small market through everything that runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands._run import run

if TYPE_CHECKING:
    from settings import Settings


def canary(
    rpc: Annotated[str | None, typer.Option(help="The node's address; SOLANA_RPC_URL where left out.")] = None,
    state: Annotated[Path, typer.Option(help="The folder of the 'opinion up' that runs.")] = Path(".opinion/up"),
    within: Annotated[int, typer.Option(min=1, help="Seconds that the oracle has for it.")] = 180,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a step on stdout.")] = False,
    wallets: Annotated[
        Path | None,
        typer.Option(help="Not on a localnet's own money: open it with creator.json and the stakers' keypairs here."),
    ] = None,
    follow: Annotated[str | None, typer.Option(help="Open nothing; watch this market being settled.")] = None,
    pay: Annotated[
        bool, typer.Option("--pay", help="On mainnet: spend what it costs, after the name is typed.")
    ] = False,
) -> None:
    """Open a small market and watch it being settled.

    On the localnet of `opinion up` its day passes at once, for every market there. Elsewhere a day is a day: open one
    with --wallets, and follow it with --follow once it closed. Exit code 3 when `verify` disagrees.
    """
    from settings import read_settings

    settings = read_settings()
    if follow is not None:
        ok = run(_follow(settings, rpc, follow, within, json))
    elif wallets is not None:
        run(_open(settings, rpc, wallets, json, pay))
        ok = True
    else:
        from ops.canary.localnet import canary as fly

        ok = run(fly(settings, rpc, state / "localnet" / "keys", state / "texts", within=within, as_json_lines=json))
    if not ok:
        raise typer.Exit(3)


async def _follow(settings: "Settings", url: str | None, market: str, within: int, as_json_lines: bool) -> bool:
    from ops.amounts import parse_address
    from ops.canary.course import followed, teller
    from ops.cluster import connected

    address = parse_address(market, "a market")
    async with connected(settings, url) as node:
        return await followed(node, settings.program, address, within, teller(as_json_lines=as_json_lines))


async def _open(settings: "Settings", url: str | None, wallets: Path, as_json_lines: bool, pay: bool) -> None:
    from ops.canary.abroad import opened, prepared
    from ops.canary.course import teller
    from ops.spending import allow

    async with prepared(settings, url, wallets) as bird:
        typer.echo(bird.cost(), err=True)
        allow(settings.network, pay=pay, typed=lambda: typer.prompt("Type the network's name to spend it", err=True))
        await opened(bird, teller(as_json_lines=as_json_lines))
