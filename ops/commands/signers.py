"""`opinion signers`: who has to approve, what they are asked to, and their votes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands._run import run
from ops.commands.offline import offline

if TYPE_CHECKING:
    from ops.signers.acts import Act, Prepared

signers = typer.Typer(help="See who signs, read what is proposed, and vote on it.")
signers.add_typer(offline, name="offline")

RpcOption = Annotated[str | None, typer.Option("--rpc", help="The node's address; SOLANA_RPC_URL where left out.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
CouncilOption = Annotated[str | None, typer.Option(help="settlement or upgrade; the first where left out.")]
SignerOption = Annotated[
    str,
    typer.Option(
        "--signer",
        help="Where the key is: agent, agent:KEY, ledger, ledger:ACCOUNT/CHANGE, or a keypair file of mode 0600.",
    ),
]
RecordOption = Annotated[
    Path | None, typer.Option(help="A score's analysis record that you got another way; the database's if left out.")
]
ArtefactOption = Annotated[
    Path | None, typer.Option(help="The program that you built; the one that came with this software if left out.")
]
Numbers = Annotated[list[int], typer.Argument(help="The proposals' numbers.", min=1)]
Number = Annotated[int, typer.Argument(help="The proposal's number.", min=1)]
DIFFERS = 3


@signers.callback(invoke_without_command=True)
def look(context: typer.Context, rpc: RpcOption = None, json: JsonFlag = False) -> None:
    """Show each multisig's members, and what is open. Ends with 3 where it is not as the roster says."""
    if context.invoked_subcommand is not None:
        return
    from ops.report import say
    from ops.signers.asking import tables
    from ops.signers.backends import agent_words
    from ops.signers.offline import kept_requests
    from ops.signers.report import council_lines, council_report
    from settings import read_settings

    async def act() -> bool:
        async with tables(read_settings(), rpc) as found:
            seen = [await table.seen() for table in found]
            lines = [line for one in seen for line in council_lines(one, await agent_words(one.council))]
        for one in seen:
            lines += (f"offline: {kept.words(one.council, one.now)}" for kept in kept_requests(one.council))
        words = "\n".join(lines) or "No multisig is set: the oracle's key records scores alone."
        say(words, {"councils": [council_report(one) for one in seen]}, as_json=json)
        return any(one.differences for one in seen)

    if run(act()):
        raise typer.Exit(DIFFERS)


@signers.command()
def proposals(
    state: Annotated[str | None, typer.Option(help="Only those that are active, approved, executed and so on.")] = None,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """List the newest proposals with who voted how, those that came to an end too."""
    from chain.multisig.model import Status
    from ops.report import say
    from ops.signers.asking import one_of, tables
    from ops.signers.report import proposal_lines, proposals_report
    from settings import read_settings

    if state is not None and state not in {one.value for one in Status}:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(one.value for one in Status)}.")

    async def act() -> None:
        async with tables(read_settings(), rpc) as found:
            table = one_of(found, council)
            _, shown = await table.proposals(None if state is None else Status(state))
        lines = list(proposal_lines(table.council, shown)) or ["There is none."]
        say("\n".join(lines), {"proposals": proposals_report(shown)}, as_json=json)

    run(act())


@signers.command()
def show(
    number: Number,
    record: RecordOption = None,
    artefact: ArtefactOption = None,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Read one proposal: what it does, why it must not be approved, eight words to compare over a call.

    Ends with 3 where it must not be approved.
    """
    from ops.report import say
    from ops.settlements import opened
    from ops.signers.asking import one_of, tables
    from ops.signers.checks import brought
    from ops.signers.report import reading_lines, reading_report
    from settings import read_settings

    async def act() -> bool:
        settings = read_settings()
        async with tables(settings, rpc) as found, opened(settings) as db:
            table = replace(one_of(found, council), brought=brought(record, artefact))
            reading = await table.reading(number, db)
        say("\n".join(reading_lines(reading)), reading_report(reading), as_json=json)
        return bool(reading.refusals)

    if run(act()):
        raise typer.Exit(DIFFERS)


@signers.command()
def approve(
    numbers: Numbers,
    signer: SignerOption = "agent",
    record: RecordOption = None,
    artefact: ArtefactOption = None,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Approve proposals, in one signed transaction, after you have read each and typed its first word."""
    from ops.signers.acts import Act

    if record is not None and len(numbers) > 1:
        raise typer.BadParameter("A record is of one score: approve that proposal alone.", param_hint="--record")
    _vote(Act.APPROVE, numbers, signer, council, rpc, None, as_json=json, record=record, artefact=artefact)


@signers.command()
def reject(
    numbers: Numbers,
    memo: Annotated[str, typer.Option(help="Why, for the others.")],
    signer: SignerOption = "agent",
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Reject proposals, and say why."""
    from ops.signers.acts import Act

    _vote(Act.REJECT, numbers, signer, council, rpc, memo, as_json=json)


@signers.command()
def cancel(
    number: Number,
    signer: SignerOption = "agent",
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Ask to call off what is approved and not executed yet."""
    from ops.signers.acts import Act

    _vote(Act.CANCEL, [number], signer, council, rpc, None, as_json=json)


@signers.command()
def execute(
    number: Number,
    signer: SignerOption = "agent",
    record: RecordOption = None,
    artefact: ArtefactOption = None,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Do what is approved, once its time lock has passed."""
    from ops.signers.acts import Act

    _vote(Act.EXECUTE, [number], signer, council, rpc, None, as_json=json, record=record, artefact=artefact)


@signers.command()
def propose(
    market: Annotated[str, typer.Argument(help="The market's address.")],
    signer: SignerOption = "agent",
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Propose the score that the oracle prepared, where its own key may not (Squads v3)."""
    from ops.amounts import parse_address
    from ops.report import say
    from ops.settlements import opened
    from ops.signers.acts import propose_score
    from ops.signers.asking import one_of, tables
    from ops.signers.backends import signer_of
    from settings import read_settings

    async def act() -> None:
        settings, address = read_settings(), parse_address(market, "a market")
        async with tables(settings, rpc) as found, opened(settings) as db:
            table = one_of(found, "settlement")
            key = await signer_of(signer, table.council, lambda words: typer.echo(words, err=True))
            sent, number = await propose_score(table, address, key, db)
        report = {"signature": str(sent.signature), "proposal": number}
        say(f"Proposed as number {number}: {sent.signature}.", report, as_json=json)

    run(act())


@signers.command()
def login() -> None:
    """Do what an SSH client asked for, where it is something of a signer's; for sshd's ForceCommand."""
    import os

    from ops.signers.login import take_over

    take_over(os.environ)


def _vote(
    act: "Act",
    numbers: list[int],
    where: str,
    council: str | None,
    rpc: str | None,
    memo: str | None,
    *,
    as_json: bool,
    record: Path | None = None,
    artefact: Path | None = None,
) -> None:
    from ops.report import say
    from ops.settlements import opened
    from ops.signers.acts import prepared
    from ops.signers.asking import one_of, tables
    from ops.signers.backends import signer_of
    from ops.signers.checks import brought
    from settings import read_settings

    async def run_it() -> None:
        settings = read_settings()
        async with tables(settings, rpc) as found, opened(settings) as db:
            table = replace(one_of(found, council), brought=brought(record, artefact))
            signer = await signer_of(where, table.council, lambda words: typer.echo(words, err=True))
            made = await prepared(table, act, numbers, signer, db, memo=memo)
            _agree(made)
            sent = await made.make(db)
        words = f"Done by {table.council.name(signer.public_key)}: {sent.signature} in slot {sent.slot}."
        say(words, {"signature": str(sent.signature), "slot": sent.slot}, as_json=as_json)

    run(run_it())


def _agree(made: "Prepared") -> None:
    """Show what will be signed, and have its first word typed: who has not read it does not know it."""
    from ops.errors import OperatorError
    from ops.signers.report import reading_lines, table_lines

    readings = made.readings
    shown = reading_lines(readings[0]) if len(readings) == 1 else table_lines(readings, made.words)
    typer.echo("\n".join(shown), err=True)
    told = ", ".join(str(reading.number) for reading in readings)
    question = f"To {made.act} proposal {told} on {made.table.settings.network}, type the first of the eight words"
    if typer.prompt(question, err=True).strip().lower() != made.words.split()[0]:
        raise OperatorError(f"That is not the first word for proposal {told}: nothing was signed.")
