"""Looks at everything, prints it, and says whether all is well."""

import json

from chain.rpc import Rpc
from ops.cluster import TIMEOUT_S
from ops.doctor.finding import Finding, Findings, Verdict, ok, wrong
from ops.doctor.nodes import look_at_nodes
from ops.doctor.program import look_at_program
from ops.doctor.reading import look_at_claude, look_at_ipfs
from ops.doctor.stores import kept_genesis, look_at_database, look_at_disk, look_at_redis
from ops.terminal import columns, paragraphs
from settings import Settings, SettingsError, read_settings

_PART_WIDTH = 16


async def examine(*, as_json: bool) -> bool:
    """Print a finding for every part, as each is there; returns whether nothing is wrong."""
    found: list[Finding] = []
    async for finding in _findings():
        found.append(finding)
        if not as_json:
            print(as_text(finding, columns()), flush=True)
    well = all(finding.verdict is not Verdict.WRONG for finding in found)
    if as_json:
        print(json.dumps({"ok": well, "findings": [finding.as_json() for finding in found]}, indent=2))
    else:
        print("Nothing is wrong." if well else "Something is WRONG: see above.")
    return well


def as_text(finding: Finding, width: int | None) -> str:
    """Return the finding as people read it: verdict, part, words, and the remedy on a line of its own."""
    lead = f"{finding.verdict:<6} {finding.part:<{_PART_WIDTH}} "
    lines = [finding.words, *([f"to do: {finding.remedy}"] if finding.remedy else [])]
    return paragraphs(lines, width, first=lead, rest=" " * 7)


async def _findings() -> Findings:
    try:
        settings = read_settings()
    except SettingsError as error:
        yield wrong("settings", str(error), "correct it in the environment or in the file .env.NETWORK")
        return
    yield ok("settings", f"network {settings.network}, program {settings.program_id}")
    async for finding in _parts(settings):
        yield finding


async def _parts(settings: Settings) -> Findings:
    for look in (look_at_database, look_at_redis, look_at_disk, look_at_ipfs, look_at_claude):
        async for finding in look(settings):
            yield finding
    kept = await kept_genesis(settings)
    async with Rpc(settings.solana_rpc_url, timeout=TIMEOUT_S, rounds=1) as rpc:
        async for finding in look_at_nodes(settings, rpc, kept):
            yield finding
        async for finding in look_at_program(settings, rpc):
            yield finding
