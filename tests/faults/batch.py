"""One batch: several runs at the same time on one stack, from opening their markets to the verdict on each."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain.constants import CREATE_FEE, MarketDuration
from chain.errors import ChainError
from chain.instructions import expire_market
from store import settlements
from store.errors import StoreError
from store.settlements import Status
from tests.faults import checks
from tests.faults.council import Members, approving, proposals_agree
from tests.faults.injector import Injector, Struck
from tests.faults.markets import OpenMarket, imagine, open_market
from tests.faults.plan import Ground, Plan
from tests.faults.stack import Servers, Stack, standing

PATIENCE_S = 150.0
_POKE = -1


class NotSetUp(Exception):  # noqa: N818
    """A batch could not be set up, so that nothing is known of its runs."""


@dataclass(frozen=True)
class Verdict:
    """One run's result."""

    run: int
    seconds: float
    ended: dict[str, str]
    struck: tuple[Struck, ...]
    wrong: tuple[str, ...]
    noted: dict[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self, seed: int, ground: Ground) -> dict[str, Any]:
        """One line of the results."""
        faults = [
            {
                **one.fault.as_json(),
                "struck": one.at is not None,
                "resumed_s": one.resumed_s,
                "waited_s": one.waited_s,
                **({"note": one.note} if one.note else {}),
            }
            for one in self.struck
        ]
        place = {"postgresql": ground.postgresql, "debian_redis": ground.debian_redis, "endpoints": ground.endpoints}
        place |= {"council": ground.council}
        return {
            "run": self.run,
            "seed": seed,
            "ok": not self.wrong,
            **place,
            "slot_ms": ground.slot_ms,
            "seconds": round(self.seconds, 1),
            "ended": self.ended,
            "faults": faults,
            "wrong": list(self.wrong),
            "noted": self.noted,
        }


async def run_batch(seed: int, plans: Sequence[Plan], ground: Ground, servers: Servers, folder: Path) -> list[Verdict]:
    """Bring up a stack, let the plans happen on it all at once, and judge each. Logs stay in the folder."""
    injector = Injector()
    async with standing(ground, servers, folder, injector) as stack:
        return await run_on(stack, injector, seed, plans)


async def run_on(stack: Stack, injector: Injector, seed: int, plans: Sequence[Plan]) -> list[Verdict]:
    """The same on a stack that stands."""
    began = time.monotonic()
    treasury = await checks.treasury_of(stack.stage)
    offsets = {log.name: log.stat().st_size for log in (stack.folder / "logs").glob("*.log")}
    markets = [
        imagine(seed, plan.number, place, count, stack.stage.program)
        for plan in plans
        for place, count in enumerate(plan.stakers)
    ]
    poke = imagine(seed, _POKE, 0, 0, stack.stage.program)
    try:
        await asyncio.gather(*(open_market(stack.stage, market, stack.texts) for market in [*markets, poke]))
    except TimeoutError as error:
        # No fault is armed yet: the machine was too busy, and nothing was tried.
        raise NotSetUp("the markets could not be opened in time") from error
    of_run = {plan.number: [market for market in markets if market.run == plan.number] for plan in plans}
    struck = [
        Struck(plan.number, fault, of_run[plan.number][fault.market].name) for plan in plans for fault in plan.faults
    ]
    injector.arm(stack, struck)
    members = None
    if stack.founded is not None:
        members = Members(stack.stage, stack.founded, injector, f"{seed} run {plans[0].number}")
    watching = asyncio.create_task(injector.watch(), name="injector")
    try:
        async with approving(members) as still_approving:
            await stack.stage.extras.warp(MarketDuration.DAY)
            await _poke(stack, poke)
            done_at = await _until_done(stack, [*markets, poke], watching, still_approving)
        await injector.settle_down()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return await _judged(stack, injector, plans, [*markets, poke], treasury, offsets, began, done_at, members)


async def _poke(stack: Stack, market: OpenMarket) -> None:
    """Change something, so that the watcher looks: a jump of the clock alone tells nobody."""
    key = stack.stage.keys.randomness.public
    expire = expire_market(market=market.address, randomness_key=key, program=stack.stage.program)
    with suppress(ChainError):
        await stack.stage.sender.send(f"{market.name} poke", [expire], stack.stage.keys.admin)


async def _until_done(
    stack: Stack, markets: Sequence[OpenMarket], watching: asyncio.Task[None], still_approving: Callable[[], None]
) -> dict[str, float]:
    """Wait for the final receipt and the row that says done; returns when that was, for those that came so far."""
    done: dict[str, float] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(done) < len(markets) and time.monotonic() < deadline:
        if watching.done():
            watching.result()
        still_approving()
        with suppress(StoreError):
            rows = {row.market: row for row in await settlements.all_of(stack.db, Status.DONE)}
            for market in markets:
                if market.name in rows and market.name not in done and await checks.receipt(stack.stage, market):
                    done[market.name] = time.monotonic()
        await asyncio.sleep(0.1)
    return done


async def _judged(
    stack: Stack,
    injector: Injector,
    plans: Sequence[Plan],
    markets: Sequence[OpenMarket],
    treasury: int,
    offsets: dict[str, int],
    began: float,
    done_at: dict[str, float],
    members: Members | None,
) -> list[Verdict]:
    ended: dict[str, str] = {}
    wrong: dict[int, list[str]] = {}
    for market in markets:
        ended[market.name], found = await checks.chain_agrees(stack.stage, market)
        if market.name not in done_at:
            row = injector.seen.rows.get(market.name)
            found.append(f"{market.name} was not done after {PATIENCE_S:.0f} s: {row}")
        retried = injector.retried.get(market.name, 0)
        garbage = any(one.fault.kind == "model-garbage" and one.at is not None for one in injector.planned)
        if retried and not garbage:
            found.append(f"{market.name} was parked {retried} times for a failure that was not its own")
        wrong.setdefault(market.run, []).extend(found)
    if members is not None:
        drawn = {market.name: ended[market.name] == "settled" for market in markets}
        of_proposals = await proposals_agree(stack.stage, stack.db, members, drawn)
        for market in markets:
            wrong[market.run] += of_proposals[market.name]
    together = await checks.ledgers_agree(stack.stage, stack.db)
    took = await checks.treasury_of(stack.stage) - treasury
    due = sum(checks.fees_of(market, ended[market.name]) + CREATE_FEE for market in markets)
    if took != due:
        together.append(f"the treasury took {took}, not {due}")
    lines = list(checks.lines_of(stack.folder / "logs", offsets))
    verdicts: list[Verdict] = []
    for plan in plans:
        mine = [market for market in markets if market.run == plan.number]
        struck = tuple(one for one in injector.planned if one.run == plan.number)
        found = [*wrong[plan.number], *together, *wrong.get(_POKE, [])]
        found += checks.slow(struck)
        found += await checks.log_tells(stack.db, mine, struck, lines)
        names = [market.name for market in mine]
        noted: dict[str, Any] = {
            "open_attempts": await checks.open_attempts(stack.db, names),
            "members_executed": 0 if members is None else len(members.executed),
            "retried": sum(injector.retried.get(name, 0) for name in names),
        }
        if plan is plans[0]:
            noted["tracebacks"] = dict(checks.tracebacks(lines))
            noted["looks_failed"] = injector.looks_failed
        if found:
            await checks.keep_story(stack.db, names, stack.folder / f"story-{plan.number}.json")
        seconds = max([done_at.get(name, time.monotonic()) for name in names]) - began
        verdicts.append(
            Verdict(plan.number, seconds, {name: ended[name] for name in names}, struck, tuple(found), noted)
        )
    return verdicts
