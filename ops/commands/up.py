"""`opinion up`: everything of the oracle on this machine, in one tree."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run


def up(
    workers: Annotated[int, typer.Option(min=1, max=20, help="Worker processes of each kind.")] = 2,
    state: Annotated[Path, typer.Option(help="Where chain, queues, database and logs are kept.")] = Path(".opinion/up"),
    rpc: Annotated[list[str] | None, typer.Option(help="An RPC node instead of a localnet; may be repeated.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The keys of the localnet at --rpc, LEDGER/keys.")] = None,
    rpc_port: Annotated[int, typer.Option(min=1, max=65_534, help="The localnet's; WebSocket on the next.")] = 8899,
    slot_ms: Annotated[int, typer.Option(min=1, max=60_000, help="Milliseconds a slot of the localnet takes.")] = 400,
    traffic: Annotated[bool, typer.Option("--traffic", help="Let people open markets and stake on them.")] = False,
    console: Annotated[bool, typer.Option("--console", help="Open the console on it; leaving that ends all.")] = False,
    signers: Annotated[
        bool, typer.Option("--signers", help="Have five people with a multisig record scores, as on mainnet.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Forget all that is in STATE but the keys.")] = False,
) -> None:
    """Run a localnet, Valkey, the watcher and workers.

    Ctrl-C ends them all; what they know stays in STATE for the next time.
    """
    from ops.up.run import Options, up
    from settings import endpoints, read_settings

    settings = read_settings()
    urls = tuple(url for address in rpc or () for url in endpoints(settings, address))
    run(up(settings, Options(state, workers, urls, keys, rpc_port, slot_ms, reset, traffic, console, signers)))
