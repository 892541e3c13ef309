"""`opinion bond`: what vouches for randomness."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands._run import run

if TYPE_CHECKING:
    from settings import Settings

bond = typer.Typer(no_args_is_help=True, help="Look at the operator's bond, and add to it.")

RpcOption = Annotated[str | None, typer.Option("--rpc", help="The node's address; SOLANA_RPC_URL where left out.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@bond.command()
def show(rpc: RpcOption = None, json: JsonFlag = False) -> None:
    """Say what the vault holds, and how much of it is free for the next requests."""
    from ops.bond import read
    from ops.cluster import connected
    from ops.report import say
    from settings import read_settings

    async def act() -> None:
        settings = read_settings()
        async with connected(settings, rpc) as node:
            found, _ = await read(node, settings.program)
        units = {"vault": str(found.vault), "held": found.held, "locked": found.locked, "free": found.free}
        say(found.words(), units, as_json=json)

    run(act())


@bond.command()
def deposit(
    dollars: Annotated[str, typer.Argument(help="How much, in USDC: 250 or 0.50.")],
    wallet: Annotated[Path, typer.Option(help="The keypair file of whoever pays, mode 0600.")],
    rpc: RpcOption = None,
    pay: Annotated[bool, typer.Option("--pay", help="On mainnet: spend it, after the name is typed.")] = False,
    json: JsonFlag = False,
) -> None:
    """Add to the bond, out of the wallet's USDC. Only the admin takes it out again."""
    from ops.amounts import parse_dollars
    from settings import read_settings

    run(_deposit(read_settings(), rpc, parse_dollars(dollars), wallet, pay=pay, as_json=json))


async def _deposit(
    settings: "Settings", url: str | None, amount: int, wallet: Path, *, pay: bool, as_json: bool
) -> None:
    from chain.units import UsdcUnits
    from ops.bond import prepared
    from ops.report import say
    from ops.spending import allow

    async with prepared(settings, url, UsdcUnits(amount), wallet) as deposit_:
        typer.echo(deposit_.words(), err=True)
        allow(settings.network, pay=pay, typed=lambda: typer.prompt("Type the network's name to spend it", err=True))
        sent = await deposit_.make()
    say(f"Done: {sent.signature} in slot {sent.slot}.", {"signature": str(sent.signature)}, as_json=as_json)
