"""`opinion signers offline`: votes by a key on a machine without a network."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands._run import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.signers.request import Request

offline = typer.Typer(help="Vote with a key on a machine without a network: export, sign there, import.")

RpcOption = Annotated[str | None, typer.Option("--rpc", help="The node's address; SOLANA_RPC_URL where left out.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
CouncilOption = Annotated[str | None, typer.Option(help="settlement or upgrade; the first where left out.")]
CourierOption = Annotated[
    str, typer.Option(help="A key of yours that is no member's, to pay and to carry: agent:KEY, or a file.")
]
QrFlag = Annotated[bool, typer.Option("--qr", help="Draw it as QR codes that fit this terminal.")]


@offline.callback(invoke_without_command=True)
def look(context: typer.Context, council: CouncilOption = None, rpc: RpcOption = None, json: JsonFlag = False) -> None:
    """List the requests that were exported in this folder and have not come to an end."""
    if context.invoked_subcommand is not None:
        return
    from chain.clock import chain_time
    from ops.report import say
    from ops.signers.asking import one_of, tables
    from ops.signers.offline import kept_requests
    from settings import read_settings

    async def act() -> None:
        async with tables(read_settings(), rpc) as found:
            table = one_of(found, council)
            now, kept = await chain_time(table.rpc), kept_requests(table.council)
        lines = [one.words(table.council, now) for one in kept]
        report = [
            {
                "number": one.request.number,
                "act": one.request.act,
                "member": str(one.request.member),
                "courier": str(one.request.courier),
                "nonce": str(one.request.nonce.address),
                "age_seconds": one.age(now),
                "file": str(one.path),
            }
            for one in kept
        ]
        say("\n".join(lines) or "There is none.", {"requests": report}, as_json=json)

    run(act())


@offline.command("export")
def export_request(
    number: Annotated[int, typer.Argument(help="The proposal's number.", min=1)],
    courier: CourierOption,
    member: Annotated[str, typer.Option(help="Whose key is offline: a name in the roster, or the key.")],
    act: Annotated[str, typer.Option(help="approve, reject or cancel.")] = "approve",
    memo: Annotated[str | None, typer.Option(help="Why, for the others, when you reject.")] = None,
    qr: QrFlag = False,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Read a proposal, and write the request that the offline machine signs. It is good for an hour."""
    from ops.report import say
    from ops.settlements import opened
    from ops.signers.acts import Act, prepared
    from ops.signers.asking import one_of, tables
    from ops.signers.backends import signer_of
    from ops.signers.offline import DistantSigner, export, member_of
    from ops.signers.report import reading_lines
    from settings import read_settings

    if act not in (Act.APPROVE, Act.REJECT, Act.CANCEL):
        raise typer.BadParameter(f"{act!r} is none of approve, reject, cancel.", param_hint="--act")
    if (memo is not None) != (act == Act.REJECT):
        raise typer.BadParameter("A reason goes with reject, and with nothing else.", param_hint="--memo")

    async def act_on() -> "tuple[Request, str]":
        settings = read_settings()
        async with tables(settings, rpc) as found, opened(settings) as db:
            table = one_of(found, council)
            payer = await signer_of(courier, table.council, _talk)
            distant = DistantSigner(member_of(table.council, member))
            made = await prepared(table, Act(act), [number], distant, db, memo=memo)
            _talk("\n".join(reading_lines(made.readings[0])))
            kept = await export(made, payer, db)
        return kept.request, str(kept.path)

    request, file = run(act_on())
    words = f"Carry {file} to the offline machine, and run 'opinion signers offline sign FILE' there within the hour."
    report = {"file": file, "request": request.parts()[0], "nonce": str(request.nonce.address)}
    say(words, report, as_json=json)
    if qr:
        _draw(request)


@offline.command("sign")
def sign_request(
    request: Annotated[typer.FileText, typer.Argument(help="The request's file; '-' reads its parts from stdin.")],
    signer: Annotated[
        str, typer.Option("--signer", help="Your member's key: a file of mode 0600, ledger, or ledger:ACCOUNT.")
    ],
    qr: QrFlag = False,
    json: JsonFlag = False,
) -> None:
    """On the offline machine: read what the request is for, and sign it. Needs the roster, and no network."""
    from ops.errors import OperatorError
    from ops.report import say
    from ops.signers.backends import signer_of
    from ops.signers.carried import opened_request
    from ops.signers.qr import drawn
    from settings import read_settings

    async def act() -> str:
        carried = opened_request(read_settings(), request)
        key = await signer_of(signer, carried.council, _talk)
        carried.check(key.public_key)
        _talk("\n".join(carried.lines()))
        word = _word(f"To {carried.request.act} proposal {carried.request.number}, type the first of the eight words")
        if word != carried.words.split()[0]:
            raise OperatorError(
                f"That is not the first word for proposal {carried.request.number}: nothing was signed."
            )
        return str(await carried.signed(key))

    signature = run(act())
    say(signature, {"signature": signature}, as_json=json)
    if qr:
        _talk(drawn(signature))


@offline.command("import")
def import_signature(
    signature: Annotated[str, typer.Argument(help="What the offline machine printed.")],
    courier: CourierOption,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Read everything again, and send the vote that the offline machine signed."""
    from solders.signature import Signature

    from ops.errors import UsageError
    from ops.report import say
    from ops.settlements import opened
    from ops.signers.asking import one_of, tables
    from ops.signers.backends import signer_of
    from ops.signers.offline import complete, kept_requests, signed_by
    from settings import read_settings

    try:
        fetched = Signature.from_string(signature.strip())
    except ValueError:
        raise UsageError("That is no signature: it has 86 to 88 letters and digits.") from None

    async def act() -> "tuple[Request, int, str]":
        settings = read_settings()
        async with tables(settings, rpc) as found, opened(settings) as db:
            table = one_of(found, council)
            kept = signed_by(kept_requests(table.council), table.council, fetched)
            payer = await signer_of(courier, table.council, _talk)
            slot = await complete(table, kept, fetched, payer, db)
        return kept.request, slot, table.council.name(kept.request.member)

    request, slot, name = run(act())
    words = f"Done by {name}: {request.act} proposal {request.number}, in slot {slot}."
    say(words, {"number": request.number, "act": request.act, "slot": slot}, as_json=json)


@offline.command("revoke")
def revoke_request(
    number: Annotated[int, typer.Argument(help="The proposal's number.", min=1)],
    courier: CourierOption,
    council: CouncilOption = None,
    rpc: RpcOption = None,
    json: JsonFlag = False,
) -> None:
    """Take back the nonces of requests for a proposal: whatever was signed for them can never land."""
    from ops.errors import OperatorError
    from ops.report import say
    from ops.settlements import opened
    from ops.signers.asking import one_of, tables
    from ops.signers.backends import signer_of
    from ops.signers.offline import kept_requests, revoke
    from settings import read_settings

    async def act() -> "Sequence[str]":
        settings = read_settings()
        async with tables(settings, rpc) as found, opened(settings) as db:
            table = one_of(found, council)
            payer = await signer_of(courier, table.council, _talk)
            kept = [one for one in kept_requests(table.council) if one.request.number == number]
            if not kept:
                raise OperatorError(f"No request for proposal {number} was exported in this folder.")
            for one in kept:
                await revoke(table, one, payer, db)
        return [str(one.request.nonce.address) for one in kept]

    nonces = run(act())
    say(f"Revoked: {', '.join(nonces)}.", {"nonces": list(nonces)}, as_json=json)


def _talk(words: str) -> None:
    typer.echo(words, err=True)


def _word(question: str) -> str:
    """What is typed at the terminal, from which the request's parts may have been piped away."""
    import sys
    from contextlib import suppress
    from pathlib import Path

    if not sys.stdin.isatty() and Path("/dev/tty").exists():
        # Where there is no terminal at all, what is piped is what there is.
        with suppress(OSError):
            sys.stdin = Path("/dev/tty").open(encoding="utf-8")  # noqa: SIM115 - for as long as the process
    return str(typer.prompt(question, err=True)).strip().lower()


def _draw(request: "Request") -> None:
    """One code after the other; the last line is left to the shell."""
    import shutil

    from ops.errors import UsageError
    from ops.signers.qr import longest_text, show

    size = shutil.get_terminal_size()
    if (longest := longest_text(size.columns, size.lines - 2)) < 60:
        raise UsageError(f"A terminal of {size.columns}x{size.lines} is too small for a QR code: make it larger.")
    show(
        request.parts(longest),
        _talk,
        lambda: typer.prompt("Enter shows the next", default="", show_default=False, err=True),
    )
