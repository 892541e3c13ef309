"""`opinion settle`, `retry`, `park`, `explain` and `settlements`: a person's hands on single markets."""

from typing import Annotated

import typer

from ops.commands._run import run

Market = Annotated[str, typer.Argument(help="The market's address.")]
RpcOption = Annotated[str | None, typer.Option(help="An RPC node; SOLANA_RPC_URL where left out.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
NEWEST = 40
EVERYTHING = 1_000_000


def settle(market: Market, rpc: RpcOption = None, json: JsonFlag = False) -> None:
    """Have the market worked on now, whatever it waits for.

    A worker looks at once, and waits again where the chain says so.
    """
    from ops import settlements
    from ops.amounts import parse_address
    from ops.person import person
    from ops.report import say
    from settings import read_settings

    async def act() -> None:
        settings, address = read_settings(), parse_address(market, "a market")
        async with settlements.opened(settings) as db:
            new = await settlements.settle(db, settings, rpc, address, person())
        words = f"{market} is {'new to the oracle and ' if new else ''}due now: the next free worker takes it."
        say(words, {"market": market, "new": new, "due": True}, as_json=json)

    run(act())


def retry(market: Market, json: JsonFlag = False) -> None:
    """Start a parked market anew, its failed attempts forgotten."""
    from ops import settlements
    from ops.amounts import parse_address
    from ops.person import person
    from ops.report import say
    from settings import read_settings

    async def act() -> None:
        address = parse_address(market, "a market")
        async with settlements.opened(read_settings()) as db:
            await settlements.retry(db, address, person())
        say(f"{market} starts anew now.", {"market": market, "status": "ready"}, as_json=json)

    run(act())


def park(
    market: Market,
    why: Annotated[str, typer.Argument(help="Why, for whoever comes next.")],
    json: JsonFlag = False,
) -> None:
    """Keep every worker off the market until `opinion retry`."""
    from ops import settlements
    from ops.amounts import parse_address
    from ops.person import person
    from ops.report import say
    from settings import read_settings

    async def act() -> None:
        address = parse_address(market, "a market")
        async with settlements.opened(read_settings()) as db:
            await settlements.park(db, address, why, person())
        words = f"{market} is parked: `opinion retry {market}` goes on."
        say(words, {"market": market, "status": "parked", "why": why}, as_json=json)

    run(act())


def explain(
    market: Market,
    rpc: RpcOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that happened, not the newest alone.")] = False,
    json: JsonFlag = False,
) -> None:
    """Say what happened to a market, when, and why it waits.

    From the database and the chain; without an RPC node, from what was seen last. --json has whole signatures.
    """
    from ops import settlements
    from ops.amounts import parse_address
    from ops.explanation import lines, report
    from ops.report import say
    from ops.terminal import columns, paragraphs
    from settings import read_settings

    async def act() -> None:
        settings, address = read_settings(), parse_address(market, "a market")
        async with settlements.opened(settings) as db:
            limit = EVERYTHING if everything else NEWEST
            told = await settlements.explain(db, settings, rpc, address, limit)
        say("\n".join(paragraphs([line], columns(), rest="    ") for line in lines(told)), report(told), as_json=json)

    run(act())


def list_settlements(
    parked: Annotated[bool, typer.Option("--parked", help="Only those that a person must look at.")] = False,
    json: JsonFlag = False,
) -> None:
    """List the markets that the oracle has not done with, the oldest first."""
    from ops import settlements
    from ops.explanation import row_line, row_report
    from ops.report import say
    from ops.terminal import columns, paragraphs
    from settings import read_settings

    async def act() -> None:
        async with settlements.opened(read_settings()) as db:
            now, rows = await settlements.unfinished(db, parked=parked)
            stops = await settlements.stops(db)
        listed = "\n".join(paragraphs([row_line(row, now, stops)], columns(), rest="    ") for row in rows)
        say(listed or "None.", {"settlements": [row_report(row, now, stops) for row in rows]}, as_json=json)

    run(act())
