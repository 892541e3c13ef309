"""`opinion verify`: reads a market from the chain and says in words what was checked."""

import json
from pathlib import Path

from solders.pubkey import Pubkey

from chain.checks import Check, Result, Verification
from chain.market_reader import read_evidence
from chain.rpc import Rpc
from chain.verify import verify_market
from ops.amounts import parse_address
from ops.cluster import connected
from ops.errors import OperatorError
from ops.terminal import columns, paragraphs
from oracle.analysis.verify import record_checks
from settings import Settings

MARKS = {Result.OK: "ok", Result.FAILED: "FAILED", Result.NOT_CHECKABLE: "open"}
RECORD_LIMIT = 100_000_000


async def verified(rpc: Rpc, market: Pubkey, program: Pubkey, document: bytes | None = None) -> Verification:
    """Fetch the market and re-check it, and the document of its analysis too where there is one.

    Raises what chain.market_reader and chain.verify raise.
    """
    evidence = await read_evidence(rpc, market, program)
    verification = verify_market(evidence)
    if document is None:
        return verification
    return Verification((*verification.checks, *record_checks(document, evidence)))


async def print_verification(
    settings: Settings, market: str, url: str | None, *, record: Path | None = None, as_json: bool
) -> bool:
    """Print every check of the market; returns whether it verifies. Raises OperatorError and ChainError.

    `record` is a file with the document of its analysis.
    """
    address = parse_address(market, "a market")
    document = None if record is None else _read(record)
    async with connected(settings, url) as rpc:
        genesis = await rpc.genesis_hash()
        verification = await verified(rpc, address, settings.program, document)
    where = {"network": str(settings.network), "genesis": genesis, "program": settings.program_id, "market": market}
    if as_json:
        print(json.dumps({**where, **report(verification)}, indent=2))
        return verification.ok
    print("\n".join(f"{name}: {value}" for name, value in where.items()))
    print(paragraphs((check_line(check) for check in verification.checks), columns()))
    print(verification.summary())
    return verification.ok


def _read(path: Path) -> bytes:
    """A record of ten thousand opinions is some 5 MB."""
    try:
        with path.open("rb") as file:
            document = file.read(RECORD_LIMIT + 1)
    except OSError as error:
        raise OperatorError(f"The record {path} cannot be read ({error.strerror}): check --record.") from None
    if len(document) > RECORD_LIMIT:
        raise OperatorError(f"{path} is larger than {RECORD_LIMIT} bytes, so no analysis record: check --record.")
    return document


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
