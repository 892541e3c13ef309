"""The `opinion` command line: one file a command, each importing its room only when it runs.

stdout is for data, stderr for talk. Exit codes: 0 done, 1 failed (one sentence says why), 2 wrong usage,
3 a verification found something wrong, 130 interrupted, 128 + n ended by signal n.
"""

import os
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import cast

import typer

from ops.commands.audit import audit
from ops.commands.bond import bond
from ops.commands.canary import canary
from ops.commands.completion import completion, prepare
from ops.commands.console import console
from ops.commands.demo import demo
from ops.commands.deploy import deploy
from ops.commands.doctor import doctor
from ops.commands.hold import hold, resume
from ops.commands.localnet import localnet
from ops.commands.oracle import oracle
from ops.commands.queue import queue
from ops.commands.reanalyse import reanalyse
from ops.commands.record import record
from ops.commands.runbook import runbook
from ops.commands.settlement import explain, list_settlements, park, retry, settle
from ops.commands.signers import signers
from ops.commands.status import status
from ops.commands.store import store
from ops.commands.traffic import traffic
from ops.commands.up import up
from ops.commands.verify import verify

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command()(up)
app.command()(demo)
app.command()(status)
app.command()(canary)
app.command()(traffic)
app.command()(console)
app.command()(verify)
app.command()(record)
app.command()(reanalyse)
app.command()(doctor)
for act in (explain, settle, retry, park, hold, resume):
    app.command()(act)
app.command("settlements")(list_settlements)
app.command()(completion)
app.add_typer(localnet, name="localnet")
app.add_typer(oracle, name="oracle")
app.add_typer(queue, name="queue")
app.add_typer(runbook, name="runbook")
app.add_typer(store, name="store")
app.add_typer(audit, name="audit")
app.add_typer(bond, name="bond")
app.add_typer(signers, name="signers")
app.add_typer(deploy, name="deploy")


@app.callback()
def opinion() -> None:
    """Run Opinion Markets: markets of opinions on Solana, from the first stake to the verified payout."""


def main() -> None:
    """Run the command line; what people can mend is told in one sentence, all else with a traceback without locals."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    # An output that was closed before takes what is written to it; Python would have none at all.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process
    sys.stderr = sys.stderr or sys.stdout
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter shows a question mark; it never ends what runs.
        cast("TextIOWrapper", stream).reconfigure(errors="replace")
    prepare()
    try:
        app(prog_name="opinion")
    except Exception as error:
        code = _explained(error)
        if code is None:
            raise
        sys.exit(code)


def _explained(error: Exception) -> int | None:
    """Tell an error that people can mend in one sentence on stderr; returns the exit code, None for any other error."""
    from chain.errors import ChainError
    from console.errors import ConsoleError
    from ops.errors import OperatorError, UsageError
    from oracle.errors import OracleError
    from settings import SettingsError
    from store.errors import StoreError

    if isinstance(error, OSError):
        words = f"{error.filename or 'the output'} cannot be used: {error.strerror or error}"
    elif isinstance(error, ChainError | ConsoleError | OperatorError | OracleError | SettingsError | StoreError):
        words = str(error)
    else:
        return None
    # An address or a path stays as it has to be typed.
    first = words[:1] if "://" in words.partition(" ")[0] else words[:1].upper()
    typer.echo(f"opinion: {first}{words[1:].removesuffix('.')}.", err=True)
    return 2 if isinstance(error, UsageError) else 1


def _end(number: int, _: FrameType | None) -> None:
    """Leave as from an exception, so that what was started is ended and what was half-done is taken back."""
    raise SystemExit(128 + number)
