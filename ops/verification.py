"""`opinion verify`: reads a market from the chain and says in words what was checked."""

import json

from rich.console import Console
from rich.text import Text
from solders.pubkey import Pubkey

from chain.checks import Check, Result, Verification
from chain.market_reader import read_evidence
from chain.rpc import Rpc
from chain.verify import verify_market
from ops.amounts import parse_address
from settings import Settings, endpoints

MARKS = {Result.OK: "ok", Result.FAILED: "FAILED", Result.NOT_CHECKABLE: "open"}


async def verified(rpc: Rpc, market: Pubkey, program: Pubkey) -> Verification:
    """Fetch the market and re-check it; raises what chain.market_reader raises."""
    return verify_market(await read_evidence(rpc, market, program))


async def print_verification(settings: Settings, market: str, url: str | None, *, as_json: bool) -> bool:
    """Print every check of the market; returns whether none failed. Raises OperatorError and ChainError."""
    address = parse_address(market, "a market")
    async with Rpc(endpoints(settings, url)) as rpc:
        verification = await verified(rpc, address, settings.program)
    if as_json:
        print(json.dumps(report(address, verification), indent=2))
        return verification.ok
    console = Console(highlight=False)
    for check in verification.checks:
        console.print(Text(check_line(check)))
    console.print(Text(verification.summary(), style="bold"))
    return verification.ok


def check_line(check: Check) -> str:
    """Return one check as a line for people; the result is told by a word."""
    return f"{MARKS[check.result]}: {check.words}"


def report(market: Pubkey, verification: Verification) -> dict[str, object]:
    """Return the verification as one JSON object."""
    checks = [check_report(check) for check in verification.checks]
    return {"market": str(market), "ok": verification.ok, "summary": verification.summary(), "checks": checks}


def check_report(check: Check) -> dict[str, str]:
    """Return one check as a JSON object."""
    return {"check": check.name, "result": str(check.result), "words": check.words}
