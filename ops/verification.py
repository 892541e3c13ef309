"""`opinion verify`: reads a market from the chain and says in words what was checked."""

import json

from solders.pubkey import Pubkey

from chain.checks import Check, Result, Verification
from chain.market_reader import read_evidence
from chain.rpc import Rpc
from chain.verify import verify_market
from ops.amounts import parse_address
from ops.cluster import connected
from ops.terminal import columns, paragraphs
from settings import Settings

MARKS = {Result.OK: "ok", Result.FAILED: "FAILED", Result.NOT_CHECKABLE: "open"}


async def verified(rpc: Rpc, market: Pubkey, program: Pubkey) -> Verification:
    """Fetch the market and re-check it; raises what chain.market_reader and chain.verify raise."""
    return verify_market(await read_evidence(rpc, market, program))


async def print_verification(settings: Settings, market: str, url: str | None, *, as_json: bool) -> bool:
    """Print every check of the market; returns whether it verifies. Raises OperatorError and ChainError."""
    address = parse_address(market, "a market")
    async with connected(settings, url) as rpc:
        genesis = await rpc.genesis_hash()
        verification = await verified(rpc, address, settings.program)
    where = {"network": str(settings.network), "genesis": genesis, "program": settings.program_id, "market": market}
    if as_json:
        print(json.dumps({**where, **report(verification)}, indent=2))
        return verification.ok
    print("\n".join(f"{name}: {value}" for name, value in where.items()))
    print(paragraphs((check_line(check) for check in verification.checks), columns()))
    print(verification.summary())
    return verification.ok


def check_line(check: Check) -> str:
    """Return one check as a line for people; the result is told by a word."""
    return f"{MARKS[check.result]}: {check.words}"


def report(verification: Verification) -> dict[str, object]:
    """Return the verification as a JSON object."""
    checks = [check_report(check) for check in verification.checks]
    return {"ok": verification.ok, "summary": verification.summary(), "checks": checks}


def check_report(check: Check) -> dict[str, str]:
    """Return one check as a JSON object."""
    return {"check": check.name, "result": str(check.result), "words": check.words}
