"""`opinion oracle`: the headless side, as systemd or a container runs it."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands._run import run

oracle = typer.Typer(no_args_is_help=True, help="Run the oracle's processes.")


@oracle.command("watch")
def watch_command() -> None:
    """Follow the chain, close and queue markets, serve metrics.

    One on each host: the first is active, the others stand by.
    """
    from oracle.logs import configure
    from oracle.watching import watch as run_watcher
    from settings import read_settings

    settings = read_settings()
    configure(settings)
    run(run_watcher(settings))


@oracle.command()
def work(
    queues: Annotated[
        str, typer.Option(help="Queues to take jobs from: capture, settle, analyse, clean; commas between.")
    ] = "capture,settle,clean",
    burst: Annotated[bool, typer.Option("--burst", help="End when the queues are empty.")] = False,
) -> None:
    """Take jobs and work on them, one at a time.

    Give `analyse` processes of its own: only they load the model's SDK.
    """
    from ops.errors import UsageError
    from oracle import worker
    from oracle.logs import configure
    from oracle.start import check
    from settings import read_settings
    from store.settlements import Queue

    try:
        wanted = [Queue(name.strip()) for name in queues.split(",")]
    except ValueError:
        raise UsageError(
            f"--queues is {queues!r}: it should be some of {', '.join(Queue)}, with commas between."
        ) from None
    settings = read_settings()
    configure(settings)
    run(check(settings, wanted))
    worker.work(settings, wanted, burst=burst)


@oracle.command()
def units(
    folder: Annotated[Path, typer.Argument(help="Where to write them: /etc/systemd/system, or a folder to look at.")],
    chain: Annotated[int, typer.Option(min=0, max=100, help="Workers for the chain on this host.")] = 2,
    analysis: Annotated[int, typer.Option(min=0, max=100, help="Workers for analyses on this host.")] = 10,
) -> None:
    """Write systemd's unit files for this installation."""
    from ops.systemd import TARGET, write_units

    for path in write_units(folder, chain, analysis):
        typer.echo(path)
    typer.echo(f"Now: systemctl daemon-reload && systemctl enable --now {TARGET}", err=True)
