"""A localnet with the program, and markets on it that move on step by step."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from chain.constants import PROGRAM_ID
from ops.demo.market import DemoMarket
from ops.demo.stage import Stage, open_stage
from ops.errors import OperatorError
from ops.localnet import node_parts, running_localnet
from tests.parts import missing

SLOT_MS = 50
"""A slot is final after 32 more."""


@asynccontextmanager
async def staged(folder: Path) -> AsyncGenerator[Stage]:
    """A localnet of this test alone, or no test."""
    try:
        node_parts()
    except OperatorError as error:
        missing("the localnet", str(error))
    async with (
        running_localnet(PROGRAM_ID, folder / "ledger", SLOT_MS) as localnet,
        open_stage(PROGRAM_ID, localnet.url, localnet.keys, folder / "journal.db") as stage,
    ):
        yield stage


class Play:
    """A market of the demo: create, three stakes, wait (a day), close, score, …, pay, finish."""

    def __init__(self, stage: Stage) -> None:
        market = DemoMarket(stage)
        self.address = str(market.address)
        self._steps = market.steps()

    async def until(self, name: str) -> None:
        """Take steps until this one is done."""
        async for step in self._steps:
            if step.name == name:
                return
        raise AssertionError(f"the demo has no step {name!r} left")


def websocket_url(stage_url: str) -> str:
    """Where the localnet notifies: on the next port."""
    host, _, port = stage_url.removeprefix("http://").rpartition(":")
    return f"ws://{host}:{int(port) + 1}"
