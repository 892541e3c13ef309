"""`opinion audit`: what was done, what happened between two times, and whether the log of every act is as written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands._run import run

if TYPE_CHECKING:
    from store.audit_log import ChainState, Entry, Wanted
    from store.database import Database

audit = typer.Typer(no_args_is_help=True, help="The log of every act of the oracle or a person.")
WRONG = 3
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
TIMES = "2h, 14:30 or 2026-11-24T02:00 (UTC)"


@audit.command()
def verify(json: JsonFlag = False) -> None:
    """Recompute the whole log and name the first row that was changed, is missing or was moved (exit code 3).

    The hash it ends with, kept elsewhere, also shows a log that was cut or written anew as a whole.
    """
    from dataclasses import asdict

    from ops.report import say
    from ops.settlements import opened
    from settings import read_settings
    from store.audit import Verdict
    from store.audit import verify as recompute

    async def act() -> Verdict:
        async with opened(read_settings()) as db:
            return await recompute(db)

    verdict = run(act())
    say(f"{'Good' if verdict.ok else 'BAD'}: {verdict.words}.", asdict(verdict), as_json=json)
    if not verdict.ok:
        raise typer.Exit(WRONG)


@audit.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(help="Each anywhere in the act; or as on the screen.")] = None,
    since: Annotated[str, typer.Option(help=f"Only from then on: {TIMES}.")] = "",
    until: Annotated[str, typer.Option(help="Only before then.")] = "",
    who: Annotated[str, typer.Option(help="Who did it, or a part of the name.")] = "",
    act: Annotated[str, typer.Option(help="What was done, such as park.")] = "",
    subject: Annotated[str, typer.Option(help="To what: a market, a queue.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 1_000,
    json: JsonFlag = False,
) -> None:
    """Find acts, the newest first.

    Words as on the screen Audit: by:person, -act:sign, "two words". Exit code 0 whether any was found or not.
    """
    from datetime import UTC, datetime

    from ops.report import say
    from ops.settlements import opened
    from ops.terminal import columns, paragraphs
    from settings import read_settings

    named = {"since": since, "until": until, "who": who, "act": act, "subject": subject}
    wanted = _wanted(words or [], named, datetime.now(UTC))

    async def find() -> "tuple[list[Entry], bool]":
        async with opened(read_settings()) as db:
            return await _found(db, wanted, limit)

    found, more = run(find())
    lines = [paragraphs([_line(entry)], columns(), rest="    ") for entry in found]
    if more:
        lines.append(f"There are older ones: --limit {limit} was reached.")
    say("\n".join(lines) or "None.", {"acts": [_report(entry) for entry in found], "more": more}, as_json=json)


@audit.command()
def timeline(
    since: Annotated[str, typer.Option(help=f"From: {TIMES}.")] = "1h",
    until: Annotated[str, typer.Option(help="To: the same, or now.")] = "now",
    market: Annotated[str, typer.Option(help="Of one market alone.")] = "",
    json: JsonFlag = False,
) -> None:
    """Tell what happened between two times, as Markdown: acts, phases, alerts, holds, runbooks."""
    from datetime import UTC, datetime

    from chain.rpc import Rpc
    from ops.alerts.watching import Watch
    from ops.amounts import parse_address
    from ops.incident.document import document
    from ops.incident.reading import PATIENCE_S, read
    from ops.incident.timeline import Timeline, assemble, report
    from ops.person import person
    from ops.report import say
    from ops.settlements import opened
    from ops.times import parse_span
    from settings import read_settings

    now, settings = datetime.now(UTC), read_settings()
    span = parse_span(since, until, now)
    address = str(parse_address(market, "a market")) if market else ""

    async def make() -> Timeline:
        rpc = Rpc(settings.solana_rpc_url, timeout=PATIENCE_S, rounds=1)
        async with opened(settings) as db, Watch(settings) as watch, rpc:
            return assemble(await read(db, watch, settings, rpc, span, address), span, address)

    told = run(make())
    say(document(told, settings.network, person(), now).text.rstrip(), report(told), as_json=json)


@audit.command()
def handover(
    since: Annotated[str, typer.Option(help=f"The beginning of the shift: {TIMES}.")] = "8h",
) -> None:
    """Write what the next shift has to know, as Markdown; the whole log is verified for it."""
    from datetime import UTC, datetime

    from ops.handover import document, read
    from ops.markdown import Document
    from ops.person import person
    from ops.settlements import opened
    from ops.status import Reader
    from ops.times import NOW, parse_span
    from settings import read_settings

    settings = read_settings()
    span = parse_span(since, NOW, datetime.now(UTC))

    async def make() -> Document:
        async with opened(settings) as db, Reader(settings) as reader:
            kept, chain, seen = await read(db, span), await _chain(db), await reader.read()
        return document(kept, seen, chain, span, settings.network, person())

    print(run(make()).text.rstrip())


def _wanted(words: Sequence[str], named: Mapping[str, str], now: datetime) -> "Wanted":
    """What the words and the options mean. Raises UsageError."""
    from console.audit_filter import wanted_of
    from console.filters import FilterError
    from ops.errors import UsageError

    # A shell took the quotes off: what has a space in it, and no field before it, is looked for as it is.
    line = [f'"{one}"' if " " in one and ":" not in one.partition(" ")[0] else one for one in words]
    line += [f'{name}:"{value}"' for name, value in named.items() if value]
    try:
        return wanted_of(" ".join(line), now)
    except FilterError as error:
        raise UsageError(f"{error}.") from None


async def _found(db: "Database", wanted: "Wanted", limit: int) -> "tuple[list[Entry], bool]":
    """The newest `limit` acts, and whether there are more."""
    from store.audit_log import search as look

    found: list[Entry] = []
    below: int | None = None
    while True:
        page = await look(db, wanted, below=below, limit=limit + 1 - len(found))
        found += page.entries
        below = page.below
        if len(found) > limit:
            return found[:limit], True
        if below is None:
            return found, False


async def _chain(db: "Database") -> "ChainState":
    """The chain followed to its end, or to the first row that is wrong."""
    from store.audit_log import Chain

    chain = Chain()
    while True:
        state = await chain.look(db)
        if state.whole_at is not None or state.first_bad is not None:
            return state


def _line(entry: "Entry") -> str:
    from ops.explanation import plain, utc

    return plain(f"{entry.number} {utc(entry.at)} {entry.actor}: {entry.act} {entry.subject} {entry.told()}".rstrip())


def _report(entry: "Entry") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(entry), "at": entry.at.isoformat()}
