"""How far the oracle brought a market: told state by state until its receipt is final, and verified then."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from solders.pubkey import Pubkey

from chain.accounts import MarketReceipt, decode_market
from chain.answers import Commitment
from chain.errors import RpcError
from chain.rpc import Rpc
from ops.demo.steps import Step, as_json, as_text
from ops.errors import OperatorError
from ops.terminal import columns
from ops.verification import check_line, verified

LOOK_S = 0.5
RECEIPT = "receipt"
Say = Callable[[Step], None]


@dataclass(frozen=True)
class Course:
    """How far the market is: its state's name, or `receipt`, and seconds since it was first looked at."""

    state: str
    seconds: float


async def followed(rpc: Rpc, program: Pubkey, market: Pubkey, within: float, say: Say) -> bool:
    """Tell each state until the receipt is final, and whether it verifies.

    Raises OperatorError when that takes longer than `within` seconds, and what `chain` raises.
    """
    async for course in _courses(rpc, program, market, within):
        words = f"The oracle has brought the market to: {course.state}, {course.seconds:.1f} s after the first look."
        say(Step("watch", words, facts={"state": course.state}))
    verification = await verified(rpc, market, program)
    lines = [check_line(check) for check in verification.checks]
    facts: dict[str, object] = {"market": str(market)}
    say(Step("verify", verification.summary(), details=lines, facts=facts, ok=verification.ok))
    return verification.ok


def teller(*, as_json_lines: bool) -> Say:
    """Return what prints a step: as a line for people, or as one JSON object."""
    number = itertools.count(1)

    def say(step: Step) -> None:
        print(json.dumps(as_json(step)) if as_json_lines else as_text(next(number), step, columns()), flush=True)

    return say


async def _courses(rpc: Rpc, program: Pubkey, market: Pubkey, within: float) -> AsyncIterator[Course]:
    """Each state once, until the receipt is finalized."""
    clock = asyncio.get_running_loop().time
    start, last = clock(), ""
    while clock() < start + within:
        state = await _state(rpc, program, market)
        if state not in (last, None):
            last = state
            yield Course(state, clock() - start)
        if state == RECEIPT:
            return
        await asyncio.sleep(LOOK_S)
    left = f"at {last}" if last else "where nothing stands"
    raise OperatorError(
        f"The oracle left the market {market} {left} for {within:.0f} s: ask 'opinion explain {market}'."
    )


async def _state(rpc: Rpc, program: Pubkey, market: Pubkey) -> str | None:
    """The finalized state's name, `receipt` for a receipt; None while the node does not answer."""
    try:
        account = await rpc.account(market, Commitment.FINALIZED)
    except RpcError:
        return None
    if account is None:
        return None
    found = decode_market(account.owner, account.data, program)
    return RECEIPT if isinstance(found, MarketReceipt) else found.state.name.lower().replace("_", " ")
