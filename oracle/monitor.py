"""Finds the markets that need settling and notes them as due; the workers do the rest.

An expired market is not closed here: its row begins with phase `close`, which a worker sends like every other
transaction, under a lease and a fence. So there is one way of acting on the chain, and the monitor may die, run twice
or come late without harm. It judges by the read model and the chain's clock, and adds rows that are not there yet: the
rows that a restored database lost come back this way, at whatever state the chain shows by then. A row that stands is
left to the workers, but where somebody else moved the market on: a slot hash that must be captured is made due at once,
whatever its row waits for, and so is the conclusion of a market whose receipt is final.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from chain.accounts import Market, VrfRequest
from chain.answers import Commitment
from chain.clock import chain_time
from chain.constants import MarketState, RequestStatus
from chain.errors import RpcError
from chain.rpc import Rpc
from chain.units import UnixTime
from store import accounts, settlements
from store.accounts import Kept
from store.database import Database
from store.settlements import Phase, Queue, Status

ACTOR = "oracle.monitor"
_BEFORE_CAPTURE = (Phase.CLOSE, Phase.ANALYSE, Phase.RECORD, Phase.REQUEST)
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: `every` between looks, `together` to wait for more changes before one, `again` after one that failed."""

    every: float = 10.0
    together: float = 0.2
    again: float = 5.0


def reason_to_settle(market: Market, now: UnixTime, revoked: frozenset[bytes]) -> str | None:
    """Why a market needs settling at the chain's time `now`, in words; None for one that still takes stakes."""
    if market.state is not MarketState.ACTIVE:
        return f"it is {market.state.name.lower()}"
    if market.closes_at <= now:
        return "it has expired"
    if market.randomness_key in revoked:
        return "its randomness key is revoked"
    return None


def first_phase(market: Market, request: VrfRequest | None) -> tuple[Phase, Queue]:
    """Where a settlement begins; its first job goes on to the phase that the chain asks for.

    Only a slot hash that is not captured yet cannot wait for its turn.
    """
    uncaptured = request is None or request.status is RequestStatus.REQUESTED
    if market.state is MarketState.AWAITING_RANDOMNESS and uncaptured:
        return Phase.CAPTURE, Queue.CAPTURE
    return Phase.CLOSE, Queue.SETTLE


class Monitor:
    """Looks every ten seconds, when a market is about to expire, and when it is poked."""

    def __init__(self, db: Database, rpc: Rpc, pace: Pace | None = None) -> None:
        self._db, self._rpc = db, rpc
        self._pace = pace or Pace()
        self._news = asyncio.Event()

    def poke(self) -> None:
        """Something changed: look soon."""
        self._news.set()

    async def run(self) -> None:
        """Look for ever. Raises StoreError; an outage of the RPC nodes only delays."""
        while True:
            try:
                wait = await self.look()
            except RpcError as error:
                _log.warning("the chain's clock cannot be read", reason=str(error), again_in_s=self._pace.again)
                wait = self._pace.again
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()
                    await asyncio.sleep(self._pace.together)
            self._news.clear()

    async def look(self) -> float:
        """Note what is due; returns the seconds until the next look. Raises RpcError, StoreError."""
        now = await chain_time(self._rpc, Commitment.CONFIRMED)
        revoked = await accounts.revoked_keys(self._db)
        requests = await accounts.requests(self._db)
        wait = self._pace.every
        for kept in await accounts.without_settlement(self._db):
            if kept.absent_since is not None:
                continue
            why = reason_to_settle(kept.account, now, revoked)
            if why is None:
                wait = min(wait, max(kept.account.closes_at - now, 1))
                continue
            request = requests.get(kept.address)
            phase, queue = first_phase(kept.account, request.account if request else None)
            if await settlements.add(self._db, kept.address, phase, queue):
                _log.info("the market is to be settled", market=kept.address, reason=why, phase=phase.value)
        await self._move_on(requests)
        return wait

    async def _move_on(self, requests: Mapping[str, Kept[VrfRequest]]) -> None:
        """Make due what waits in another place than where the chain is by now; a worker then does the rest."""
        asked = [kept.account for kept in requests.values() if kept.absent_since is None]
        uncaptured = [str(request.market) for request in asked if request.status is RequestStatus.REQUESTED]
        for market in await settlements.still_in(self._db, uncaptured, _BEFORE_CAPTURE) if uncaptured else ():
            await self._move(market, Phase.CAPTURE, Queue.CAPTURE, "its slot hash is not captured")
        for market in await accounts.finished_unnoticed(self._db):
            row = await settlements.get(self._db, market)
            if row is not None and (row.status, row.queue) != (Status.READY, Queue.CLEAN):
                await self._move(market, Phase.FINISH, Queue.CLEAN, "its receipt is final")

    async def _move(self, market: str, phase: Phase, queue: Queue, why: str) -> None:
        if await settlements.move(self._db, market, phase, queue, ACTOR, why):
            _log.info("the chain is further than the settlement", market=market, phase=phase.value, reason=why)
