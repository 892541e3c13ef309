"""The operator's hands on settlements: what they do, and all that is known of one market."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from solders.pubkey import Pubkey

from chain import addresses
from chain.accounts import Market, MarketReceipt, VrfRequest, decode
from chain.constants import RequestStatus
from chain.errors import ChainError, MarketNotFound
from chain.units import Slot
from ops.amounts import parse_address
from ops.cluster import connected
from ops.errors import OperatorError, UsageError
from settings import Settings
from store import accounts, analyses, by_hand, holds, pauses, settlements
from store.accounts import WholeMarket
from store.analyses import KeptAnalysis
from store.by_hand import Past
from store.database import Database, missing_file
from store.holds import Hold
from store.migrations import check
from store.settlements import Seen, Settlement, Status

RPC_PATIENCE_S = 8.0
"""What a person waits for the chain before it counts as away."""
LONGEST_WHY = 500
UP_SETTINGS = Path(".opinion/up/env")
"""Where `opinion up` keeps the settings of what it runs."""


@dataclass(frozen=True, slots=True)
class Stops:
    """What keeps workers from markets: a hold from all of them, a pause from those of its queue."""

    hold: Hold | None
    paused: frozenset[str]


NO_STOPS = Stops(None, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class OnChain:
    """What stands at a market's address as of `slot`; None for nothing."""

    slot: Slot | None
    market: Market | MarketReceipt | None
    request: VrfRequest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known of one market. `chain` is what the chain shows now, or in one sentence why it cannot be had."""

    market: str
    settlement: Settlement | None
    stops: Stops
    chain: OnChain | str
    followed: WholeMarket | None
    analysis: KeptAnalysis | None
    past: Past

    @property
    def is_of_nothing(self) -> bool:
        """Whether the chain shows no market there and nothing was ever known of one."""
        past = self.past
        kept = self.settlement, self.followed, self.analysis, past.runs or past.sent or past.acts or None
        return isinstance(self.chain, OnChain) and self.chain.market is None and kept == (None,) * len(kept)


async def document(settings: Settings, market: str) -> bytes:
    """Return the document of the market's analysis. Raises OperatorError where there is none, StoreError."""
    address = str(parse_address(market, "a market"))
    async with opened(settings) as db:
        analysis = await analyses.get(db, address)
    if analysis is None:
        raise OperatorError(f"No analysis of {address} is kept here: ask 'opinion explain {address}'.")
    return analysis.document


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """Yield the database, when its tables are those of this version; raises StoreError, OperatorError for no file."""
    check_there(settings)
    async with Database(settings.database_url) as db:
        await check(db)
        yield db


def check_there(settings: Settings) -> None:
    """Raise OperatorError where an SQLite file is not there: opening it would make an empty one."""
    if (missing := missing_file(settings.database_url)) is None:
        return
    remedy = "correct DATABASE_URL, or make one by 'opinion store migrate'"
    if UP_SETTINGS.exists():
        remedy = f"for what 'opinion up' runs here, first take its settings by 'set -a; . {UP_SETTINGS}; set +a'"
    raise OperatorError(f"There is no database {missing}: {remedy}.")


async def hold(db: Database, why: str, who: str) -> Hold:
    """Hold the oracle and return the hold that counts, the oldest. Raises UsageError without a reason, StoreError."""
    await holds.place(db, checked_why(why), who)
    placed = await holds.current(db)
    if placed is None:
        raise OperatorError("The hold was lifted by somebody else at once: ask who, and place it again.")
    return placed


async def stops(db: Database) -> Stops:
    """Return what keeps workers from markets now. Raises StoreError."""
    return Stops(await holds.current(db), frozenset(await pauses.current(db)))


async def uncaptured(db: Database) -> int:
    """Return how many requests wait for their slot hash to be captured, as they were seen last. Raises StoreError."""
    requests = await accounts.requests(db)
    return sum(kept.account.status is RequestStatus.REQUESTED for kept in requests.values())


async def resume(db: Database, who: str) -> int:
    """Lift every hold and return how many there were. Raises StoreError."""
    return await holds.lift(db, who)


async def settle(
    db: Database, settings: Settings, url: str | None, market: Pubkey, who: str, seen: Seen | None = None
) -> bool:
    """Make the market due now; True when the oracle did not know it yet. Refused where it is not as `seen` any more.

    Raises MarketNotFound, RpcError and OperatorError when it has to be looked up on the chain; SettlementRefused.
    """
    address = str(market)
    if await settlements.get(db, address) is None and await accounts.market(db, address) is None:
        found = await look(db, settings, url, market)
        if found.market is None:
            raise _no_market(market)
    return await by_hand.settle(db, address, who, seen)


async def retry(db: Database, market: Pubkey, who: str, seen: Seen | None = None) -> None:
    """Start the market anew, its attempts forgotten. Raises SettlementRefused."""
    await settlements.retry(db, str(market), who, seen)


async def park(db: Database, market: Pubkey, why: str, who: str, seen: Seen | None = None) -> None:
    """Keep everybody from working on the market. Raises SettlementRefused, UsageError without a reason."""
    await settlements.park(db, str(market), checked_why(why), who, seen)


async def explain(db: Database, settings: Settings, url: str | None, market: Pubkey, limit: int) -> Explanation:
    """Return all that is known of the market, at most `limit` events of each kind.

    Raises MarketNotFound where that is nothing, StoreError.
    """
    address = str(market)
    told = Explanation(
        market=address,
        settlement=await settlements.get(db, address),
        stops=await stops(db),
        chain=await _look_or_why_not(db, settings, url, market),
        followed=await accounts.market(db, address),
        analysis=await analyses.get(db, address),
        past=await by_hand.past(db, address, limit),
    )
    if told.is_of_nothing:
        raise _no_market(market)
    return told


async def unfinished(db: Database, *, parked: bool) -> tuple[datetime, list[Settlement]]:
    """Return the database's time, and the settlements that are not done or only the parked ones, oldest first."""
    wanted = [Status.PARKED] if parked else [status for status in Status if status is not Status.DONE]
    return await db.now(), await settlements.all_of(db, *wanted)


async def look(db: Database, settings: Settings, url: str | None, market: Pubkey) -> OnChain:
    """Return what the chain shows of the market. Raises ChainError, and OperatorError for another cluster."""
    kept = await by_hand.genesis_hash(db)
    keys = [market, addresses.vrf_request(market, settings.program)]
    try:
        async with asyncio.timeout(RPC_PATIENCE_S), connected(settings, url) as rpc:
            found = await rpc.genesis_hash()
            if kept not in (None, found):
                raise OperatorError(
                    f"The RPC node is of another cluster (genesis {found}) than the database ({kept}): "
                    "correct SOLANA_RPC_URL or DATABASE_URL."
                )
            account, request = await rpc.accounts(keys)
    except TimeoutError:
        raise OperatorError(f"No RPC node answered within {RPC_PATIENCE_S:g} s: check SOLANA_RPC_URL.") from None
    if account is None or account.owner != settings.program:
        return OnChain(slot=None if account is None else account.slot, market=None, request=None)
    there = decode(account.owner, account.data, settings.program)
    if not isinstance(there, Market | MarketReceipt):
        raise MarketNotFound(f"{market} is not a market, it is a {type(there).__name__}: check the address")
    asked = None
    if request is not None and request.owner == settings.program:
        asked = VrfRequest.from_account(request.owner, request.data, settings.program)
    return OnChain(slot=account.slot, market=there, request=asked)


async def _look_or_why_not(db: Database, settings: Settings, url: str | None, market: Pubkey) -> OnChain | str:
    try:
        return await look(db, settings, url, market)
    except (ChainError, OperatorError) as error:
        return str(error).removesuffix(".")


def _no_market(market: Pubkey) -> MarketNotFound:
    return MarketNotFound(f"there is no market at {market}: check the address and the cluster")


def checked_why(why: str) -> str:
    """Return the reason without space around it. Raises UsageError for none, or one that is too long."""
    words = why.strip()
    if not words or len(words) > LONGEST_WHY:
        raise UsageError(f"A reason has 1 to {LONGEST_WHY} characters: whoever comes next reads it.")
    return words
