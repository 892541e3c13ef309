"""What must hold once a market is through: judged by the chain, the wallets, the audit log and the processes' logs."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey
from sqlalchemy import select

from chain import addresses
from chain.accounts import MarketReceipt, ProgramConfig, decode_market
from chain.answers import Commitment
from chain.constants import MarketState, RefundReason
from chain.draw import fee, prize, share
from chain.events import (
    FeeCollectedEvent,
    LotterySettledEvent,
    MarketFinishedEvent,
    MarketRefundingEvent,
    PrizeClaimedEvent,
    SentimentRecordedEvent,
    StakeRecoveredEvent,
)
from chain.market_history import read_history
from chain.units import BasisPoints, UsdcUnits
from ops.demo.stage import Stage
from ops.verification import check_line, verified
from store import audit
from store.database import Database
from store.schema import attempt, phase_run, settlement
from tests.faults.injector import Struck
from tests.faults.markets import OpenMarket
from tests.faults.plan import KILLS, Kind

RESUME_S = 15.0
_END = ("settled for good", "the market was finished by somebody else")
_TAKEN = ("took the market over", "the chain is further than the settlement")
"""What tells that a dead process' work goes on: whoever took it over or, where its transaction had landed and nobody
had claimed the market yet, the monitor."""
Line = dict[str, Any]


async def receipt(stage: Stage, market: OpenMarket) -> MarketReceipt | None:
    """The market's finalized receipt, None while there is none."""
    account = await stage.rpc.account(market.address, Commitment.FINALIZED)
    found = None if account is None else decode_market(account.owner, account.data, stage.program)
    return found if isinstance(found, MarketReceipt) else None


async def chain_agrees(stage: Stage, market: OpenMarket) -> tuple[str, list[str]]:
    """How the market ended, and every sentence about what is wrong with it."""
    kept = await receipt(stage, market)
    if kept is None:
        return "unfinished", [f"{market.name} has no final receipt"]
    wrong: list[str] = []
    verification = await verified(stage.rpc, market.address, stage.program)
    if not verification.ok:
        told = [check_line(check) for check in verification.checks if check_line(check).startswith("FAILED")]
        wrong.append(f"{market.name} does not verify: {' '.join(told) or verification.summary()}")
    history = await read_history(stage.rpc, market.address, stage.program)
    if history.gap:
        wrong.append(f"the history of {market.name} has a gap: {history.gap}")
    counted = Counter(type(event) for event in history.events)
    settled = kept.state is MarketState.SETTLED
    expected = {
        # A market may be refunded after its score too.
        SentimentRecordedEvent: min(counted[SentimentRecordedEvent], 1) or int(settled),
        LotterySettledEvent: int(settled),
        PrizeClaimedEvent: int(settled),
        FeeCollectedEvent: int(settled),
        MarketRefundingEvent: int(not settled),
        StakeRecoveredEvent: 0 if settled else len(market.stakers),
        MarketFinishedEvent: 1,
    }
    for kind, times in expected.items():
        if counted[kind] != times:
            wrong.append(f"{market.name} has {counted[kind]} {kind.__name__}, not {times}")
    wrong += [words async for words in _wallets(stage, market, kept)]
    ended = "settled" if settled else f"refunded: {kept.refund_reason.name.lower()}"
    return ended, wrong


async def _wallets(stage: Stage, market: OpenMarket, kept: MarketReceipt) -> AsyncIterator[str]:
    """Everybody started with exactly their stake, and the creator with the fee of a market."""
    total = UsdcUnits(sum(staker.stake.units for staker in market.stakers))
    held = await stage.usdc_of({str(one.address): stage.usdc_account(one.address) for one in market.stakers})
    opinions = _starts(market)
    for staker in market.stakers:
        if kept.state is MarketState.SETTLED:
            due = prize(total) if staker.address == kept.winner else UsdcUnits(0)
        else:
            due = UsdcUnits(staker.stake.units + _bond_share(kept, opinions[staker.address], staker.stake.units))
        if held[str(staker.address)] != due:
            yield f"{staker.address} on {market.name} holds {held[str(staker.address)]}, not {due}"


def _bond_share(kept: MarketReceipt, start: int, stake: int) -> int:
    """What a refund pays on top after an unanswered request: the interval's share of the bond."""
    if kept.refund_reason not in (RefundReason.UNANSWERED, RefundReason.HASH_LAPSED):
        return 0
    bps = BasisPoints(10_000)
    return share(UsdcUnits(start + stake), bps) - share(UsdcUnits(start), bps)


def _starts(market: OpenMarket) -> dict[Pubkey, int]:
    """Where each staker's interval begins: they staked one after the other."""
    starts: dict[Pubkey, int] = {}
    end = 0
    for staker in market.stakers:
        starts[staker.address] = end
        end += staker.stake.units
    return starts


async def treasury_of(stage: Stage) -> int:
    """What the treasury holds."""
    owner = stage.keys.treasury.public_key
    return (await stage.usdc_of({"treasury": stage.usdc_account(owner)}))["treasury"]


def fees_of(market: OpenMarket, ended: str) -> int:
    """What the treasury takes at the end of the market."""
    total = UsdcUnits(sum(staker.stake.units for staker in market.stakers))
    return fee(total) if ended == "settled" else 0


async def ledgers_agree(stage: Stage, db: Database) -> list[str]:
    """The audit log verifies and no bond is locked."""
    wrong: list[str] = []
    verdict = await audit.verify(db)
    if not verdict.ok:
        wrong.append(f"the audit log does not verify: {verdict.words}")
    account = await stage.rpc.account(addresses.config(stage.program))
    if account is None:
        return [*wrong, "the program has no config"]
    locked = ProgramConfig.from_account(account.owner, account.data, stage.program).bond_locked
    return [*wrong, *([f"{locked} of bond is still locked"] if locked else [])]


async def open_attempts(db: Database, names: Sequence[str]) -> int:
    """How many signed transactions of finished markets nobody concluded."""
    rows = select(attempt.c.signature).where(attempt.c.market.in_(names), attempt.c.outcome.is_(None))
    async with db.read() as connection:
        return len((await connection.execute(rows)).all())


async def keep_story(db: Database, names: Sequence[str], file: Path) -> None:
    """Write down the rows of a run that went wrong: the database ends with its batch."""
    told: dict[str, list[str]] = {}
    async with db.read() as connection:
        for table in (settlement, phase_run, attempt):
            columns = [column for column in table.c if column.name != "wire"]
            rows = await connection.execute(select(*columns).where(table.c.market.in_(names)))
            told[table.name] = [str(dict(row)) for row in rows.mappings()]
    await asyncio.to_thread(file.write_text, json.dumps(told, indent=1))


def lines_of(folder: Path, offsets: dict[str, int]) -> Iterator[Line]:
    """What the processes logged from the offsets on."""
    for log in sorted(folder.glob("*.log")):
        with log.open("rb") as file:
            file.seek(offsets.get(log.name, 0))
            for raw in file.read().decode(errors="replace").splitlines():
                try:
                    line = json.loads(raw)
                except ValueError:
                    line = {"event": raw, "unstructured": True}
                yield {**line, "log": log.stem}


async def log_tells(
    db: Database, markets: Sequence[OpenMarket], struck: Sequence[Struck], lines: list[Line]
) -> list[str]:
    """Each market's end and each takeover is in the log, and each run that was cut off is written down as lost."""
    wrong: list[str] = []
    ended = {line.get("market") for line in lines if _words(line) in _END}
    wrong += [f"no log tells the end of {market.name}" for market in markets if market.name not in ended]
    async with db.read() as connection:
        found = await connection.execute(
            select(phase_run.c.market, phase_run.c.phase).where(phase_run.c.outcome == "lost")
        )
        lost = {(row.market, row.phase) for row in found}
    for one in struck:
        if one.fault.kind in KILLS - {Kind.KILL_WATCHER} and one.run_lost:
            if (one.market, one.run_lost) not in lost:
                wrong.append(f"{one.fault.kind} of {one.market} in {one.run_lost}: no run is written down as lost")
            if not any(line.get("market") == one.market and _words(line).startswith(_TAKEN) for line in lines):
                wrong.append(f"{one.fault.kind} of {one.market} in {one.fault.phase}: no log tells the takeover")
    return wrong


def tracebacks(lines: list[Line]) -> Counter[str]:
    """Errors with a stack in the logs, by their last line; those that came past the log are called bare."""
    found: Counter[str] = Counter()
    bare = ""
    for line in lines:
        words = _words(line)
        who = str(line["log"]).split("-")[0]
        if stack := line.get("exception"):
            found[f"{who}: {str(stack).strip().splitlines()[-1][:200]}"] += 1
        elif line.get("unstructured") and words.startswith("Traceback"):
            bare = who
        elif bare and not words.startswith(" "):
            found[f"{bare}, bare: {words[:200]}"] += 1
            bare = ""
    return found


def _words(line: Line) -> str:
    return str(line.get("event") or line.get("message") or line.get("MESSAGE") or "")


def slow(struck: Sequence[Struck]) -> list[str]:
    """Every kill after which work did not go on in time."""
    return [
        f"{one.fault.kind} in {one.fault.phase} at {one.fault.moment}: work went on after {one.resumed_s} s"
        for one in struck
        if one.resumed_s is not None and one.resumed_s > RESUME_S
    ]
