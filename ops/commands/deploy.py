"""`opinion deploy`: the gates before a deploy, and what people say of them."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands._run import run

if TYPE_CHECKING:
    from store.evidence import Evidence

deploy = typer.Typer(no_args_is_help=True, help="See what stands before a deploy, and say what holds.")

RpcOption = Annotated[str | None, typer.Option("--rpc", help="The node's address; SOLANA_RPC_URL where left out.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
ArtefactOption = Annotated[
    Path | None, typer.Option(help="The built program's file; the one that came with this software where left out.")
]
GateArgument = Annotated[str, typer.Argument(help="The gate's name, as 'opinion deploy gates' has it.")]
SHUT = 3


@deploy.command()
def gates(artefact: ArtefactOption = None, rpc: RpcOption = None, json: JsonFlag = False) -> None:
    """Show each gate before a deploy on this network: open, waived or shut, and by whose word. Ends with 3 if shut."""
    from chain.units import Lamports
    from ops.deploy.opening import artefact_of, verdicts
    from ops.deploy.report import gate_lines, gates_report
    from ops.report import say
    from ops.terminal import columns
    from settings import read_settings

    settings, built = read_settings(), artefact_of(artefact)
    found = run(verdicts(settings, built, Lamports(0), rpc))
    lines = [f"{built.path.name} on {settings.network}, SHA-256", built.hash_, *gate_lines(found, columns())]
    say("\n".join(lines), gates_report(settings.network, built.hash_, found), as_json=json)
    if not all(one.open for one in found):
        raise typer.Exit(SHUT)


@deploy.command()
def show(
    gate: GateArgument,
    words: Annotated[str, typer.Option(help="What you saw, for the others.")],
    document: Annotated[Path | None, typer.Option(help="What is put on file; its SHA-256 is kept.")] = None,
    artefact: ArtefactOption = None,
    json: JsonFlag = False,
) -> None:
    """Say that a gate holds for this artefact on this network. It counts until it expires, and is audited."""
    from ops.deploy.opening import artefact_of
    from ops.deploy.opening import show as write
    from settings import read_settings

    rule, given = run(write(read_settings(), gate, artefact_of(artefact), words, document))
    more = f"; {rule.people} people have to say so" if rule.people > 1 else ""
    _said(f"{gate} is shown", given, more, as_json=json)


@deploy.command()
def waive(
    gate: GateArgument,
    why: Annotated[str, typer.Option(help="Why it need not hold this time.")],
    hours: Annotated[int, typer.Option(min=1, help="For how long.")] = 24,
    artefact: ArtefactOption = None,
    json: JsonFlag = False,
) -> None:
    """Waive a gate for this artefact on this network, with the reason. On mainnet two people have to."""
    from ops.deploy.gates import WAIVERS
    from ops.deploy.opening import artefact_of
    from ops.deploy.opening import waive as write
    from settings import read_settings

    settings = read_settings()
    _, given = run(write(settings, gate, artefact_of(artefact), why, timedelta(hours=hours)))
    more = f"; {wanted} people have to" if (wanted := WAIVERS.get(settings.network, 1)) > 1 else ""
    _said(f"{gate} is waived", given, more, as_json=json)


@deploy.command()
def withdraw(
    number: Annotated[int, typer.Argument(help="The evidence's number.", min=1)],
    why: Annotated[str, typer.Option(help="Why it counts no more.")],
    json: JsonFlag = False,
) -> None:
    """Let evidence or a waiver count no more."""
    from ops.deploy.opening import withdraw as write
    from ops.report import say
    from settings import read_settings

    run(write(read_settings(), number, why))
    say(f"Evidence {number} counts no more.", {"id": number}, as_json=json)


def _said(words: str, given: "Evidence", more: str, *, as_json: bool) -> None:
    from ops.report import say

    until = f"{given.expires_at:%Y-%m-%d %H:%M} UTC"
    report = {"id": given.id, "gate": given.gate, "kind": given.kind, "expires_at": given.expires_at.isoformat()}
    say(f"{words} until {until}, as evidence {given.id}{more}.", report, as_json=as_json)
