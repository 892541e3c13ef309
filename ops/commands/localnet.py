"""`opinion localnet`: a Solana node on this machine with our program at genesis, and its extras."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run

localnet = typer.Typer(invoke_without_command=True, no_args_is_help=False)

RpcOption = Annotated[str | None, typer.Option("--rpc", help="The localnet's address; SOLANA_RPC_URL where left out.")]


@localnet.callback()
def start(
    context: typer.Context,
    rpc_port: Annotated[int, typer.Option(min=1, max=65_534, help="JSON-RPC; WebSocket on the next port.")] = 8899,
    ledger: Annotated[Path, typer.Option(help="Where accounts and transactions are kept.")] = Path(".opinion/localnet"),
    slot_ms: Annotated[int, typer.Option(min=1, max=60_000, help="Milliseconds a slot takes.")] = 400,
    reset: Annotated[bool, typer.Option("--reset", help="Forget the chain in LEDGER; its keys stay.")] = False,
) -> None:
    """Start a Solana node with our program.

    It runs in the foreground; the keys of its authorities are in LEDGER/keys.
    """
    if context.invoked_subcommand is not None:
        return
    import os

    from ops.localnet import check_ports, node_command, prepare
    from settings import read_settings

    program = read_settings().program
    check_ports(rpc_port)
    admin = prepare(program, ledger, reset=reset).admin.public_key
    command = [*node_command(program, admin, ledger, rpc_port, slot_ms), *(["--reset"] if reset else [])]
    typer.echo(f"localnet: keys in {ledger / 'keys'}, program {program}, upgrade authority {admin}", err=True)
    os.execv(command[0], command)  # noqa: S606 - the node takes this process's place, its signals and its exit code


@localnet.command()
def warp(
    duration: Annotated[str, typer.Argument(help="How far: 90s, 15m, 24h, 3d.")],
    rpc: RpcOption = None,
) -> None:
    """Let time pass on the localnet, all at once."""
    from ops.amounts import parse_duration
    from ops.extras import LocalnetExtras
    from settings import endpoints, read_settings

    seconds = parse_duration(duration)
    extras = LocalnetExtras(endpoints(read_settings(), rpc)[0])
    typer.echo(f"It is now {run(extras.warp(seconds)).isoformat()} on the localnet.")


@localnet.command()
def faucet(
    owner: Annotated[str, typer.Argument(help="The wallet, in base58.")],
    dollars: Annotated[str, typer.Argument(help="How much USDC: 25 or 0.50.")],
    rpc: RpcOption = None,
) -> None:
    """Mint play USDC into a wallet's associated account."""
    from ops.amounts import parse_address, parse_dollars
    from ops.extras import LocalnetExtras
    from settings import endpoints, read_settings

    wallet, amount = parse_address(owner, "a wallet"), parse_dollars(dollars)
    extras = LocalnetExtras(endpoints(read_settings(), rpc)[0])
    typer.echo(run(extras.faucet_usdc(wallet, amount)))
