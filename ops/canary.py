"""A small market through everything, settled by the oracle that runs: proof that it works again."""

import asyncio
import itertools
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from chain.accounts import MarketReceipt, decode_market
from chain.answers import Commitment
from chain.errors import RpcError
from ops.demo.market import DemoMarket
from ops.demo.stage import Stage, open_stage
from ops.demo.steps import Step, as_json, as_text
from ops.demo.story import VOICES
from ops.errors import OperatorError
from ops.localnet import read_keys
from ops.terminal import columns
from ops.verification import check_line, verified
from oracle.texts import texts_of
from settings import Network, Settings, endpoints

LOOK_S = 0.5
RECEIPT = "receipt"


@dataclass(frozen=True)
class Course:
    """How far the market is: its state's name, or `receipt`, and seconds since its deadline."""

    state: str
    seconds: float


async def canary(
    settings: Settings, url: str | None, keys: Path, texts: Path, *, within: float, as_json_lines: bool
) -> bool:
    """Open a market on a localnet, let its day pass, and watch the oracle settle it; returns whether it verifies.

    `texts` is the block store that the workers read. Raises OperatorError when it is not settled `within` so many
    seconds, and what `chain` raises.
    """
    if settings.network is not Network.LOCALNET:
        raise OperatorError(
            f"NETWORK is {settings.network}, where a canary would need a day and funded wallets: use a localnet."
        )
    say = _as_json if as_json_lines else _as_lines()
    with tempfile.TemporaryDirectory(prefix="opinion-canary-") as folder:
        address = endpoints(settings, url)[0]
        async with open_stage(settings.program, address, read_keys(keys), Path(folder) / "journal.sqlite3") as stage:
            market = DemoMarket(stage)
            await _keep_texts(texts)
            async for step in market.opening():
                say(step)
            async for course in _courses(stage, market, within):
                words = f"{course.state}, {course.seconds:.1f} s after its deadline."
                say(Step("watch", f"The oracle has brought the market to: {words}", facts={"state": course.state}))
            verification = await verified(stage.rpc, market.address, stage.program)
            lines = [check_line(check) for check in verification.checks]
            facts: dict[str, object] = {"market": str(market.address)}
            say(Step("verify", verification.summary(), details=lines, facts=facts, ok=verification.ok))
            return verification.ok


async def _keep_texts(folder: Path) -> None:
    async with texts_of(folder) as texts:
        for voice in VOICES:
            await texts.keep(voice.text)


async def _courses(stage: Stage, market: DemoMarket, within: float) -> AsyncIterator[Course]:
    """Each state once, until the receipt is finalized."""
    clock = asyncio.get_running_loop().time
    start, last = clock(), ""
    while clock() < start + within:
        state = await _state(stage, market)
        if state not in (last, None):
            last = state
            yield Course(state, clock() - start)
        if state == RECEIPT:
            return
        await asyncio.sleep(LOOK_S)
    raise OperatorError(
        f"The oracle left the market {market.address} at {last} for {within:.0f} s: "
        f"ask 'opinion explain {market.address}'."
    )


async def _state(stage: Stage, market: DemoMarket) -> str | None:
    """The finalized state's name, `receipt` for a receipt; None while the node does not answer."""
    try:
        account = await stage.rpc.account(market.address, Commitment.FINALIZED)
    except RpcError:
        return None
    if account is None:
        return None
    found = decode_market(account.owner, account.data, stage.program)
    return RECEIPT if isinstance(found, MarketReceipt) else found.state.name.lower().replace("_", " ")


def _as_lines() -> Callable[[Step], None]:
    number = itertools.count(1)
    return lambda step: print(as_text(next(number), step, columns()), flush=True)


def _as_json(step: Step) -> None:
    print(json.dumps(as_json(step)), flush=True)
