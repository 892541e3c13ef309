"""Runs the demo and shows it: on a terminal for people, as a JSON object a line for programs."""

import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chain.errors import EndpointTimeout, EndpointUnreachable, OutcomeUnknown
from ops.demo.market import DemoMarket
from ops.demo.stage import Stage, open_stage
from ops.demo.steps import Step, as_json, as_text
from ops.errors import OperatorError, UsageError
from ops.localnet import read_keys, running_localnet
from ops.terminal import columns, paragraphs
from ops.verification import check_line, check_report, verified
from settings import Network, Settings, endpoints

SLOT_MS = 100


async def show(settings: Settings, url: str | None, keys: Path | None, *, as_json_lines: bool) -> bool:
    """Take one market from creation to its verified payout; returns whether `verify` agrees.

    Without `url` a localnet of its own is started, and ended with everything it wrote. Raises OperatorError and what
    `chain` raises.
    """
    if settings.network is not Network.LOCALNET:
        raise OperatorError(
            f"NETWORK is {settings.network}, but the demo lets a day pass at once, which only a localnet can: unset it."
        )
    if (url is None) != (keys is None):
        raise UsageError(
            "A running localnet and its keys go together: give --rpc URL and --keys LEDGER/keys, or neither."
        )
    step = None
    with tempfile.TemporaryDirectory(prefix="opinion-demo-") as folder:
        async with _stage(settings, url, keys, Path(folder)) as stage:
            if not as_json_lines:
                words = f"One market from creation to a verified payout, with play money, on {stage.url}."
                print(paragraphs([words], columns()) + "\n")
            number = 0
            async for step in _steps(stage):
                number += 1
                print(json.dumps(as_json(step)) if as_json_lines else as_text(number, step, columns()), flush=True)
    return step is not None and step.ok is True


async def _steps(stage: Stage) -> AsyncIterator[Step]:
    market = DemoMarket(stage)
    try:
        async for step in market.steps():
            yield step
        yield await _verify(stage, market)
    except (OutcomeUnknown, EndpointUnreachable, EndpointTimeout) as error:
        raise OperatorError(
            f"The localnet at {stage.url} stopped answering in the middle of market {market.address}: "
            "start it and run the demo again, which makes a new market."
        ) from error


async def _verify(stage: Stage, market: DemoMarket) -> Step:
    verification = await verified(stage.rpc, market.address, stage.program)
    checks = [check_report(check) for check in verification.checks]
    facts = {"market": str(market.address), "checks": checks}
    lines = [check_line(check) for check in verification.checks]
    return Step("verify", verification.summary(), details=lines, facts=facts, ok=verification.ok)


@asynccontextmanager
async def _stage(settings: Settings, url: str | None, keys: Path | None, folder: Path) -> AsyncGenerator[Stage]:
    journal = folder / "journal.sqlite3"
    if url is None:
        async with (
            running_localnet(settings.program, folder, SLOT_MS) as localnet,
            open_stage(settings.program, localnet.url, localnet.keys, journal) as stage,
        ):
            yield stage
        return
    assert keys is not None  # noqa: S101 - show() refused one without the other
    async with open_stage(settings.program, endpoints(settings, url)[0], read_keys(keys), journal) as stage:
        yield stage
