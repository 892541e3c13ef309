"""Settles a market while it holds the lease: claims it, has the work done, gives it back."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from structlog.contextvars import bound_contextvars

from oracle.settlement.lease import kept
from oracle.settlement.plan import queue_of
from oracle.settlement.work import Parts, Release, Work
from store import settlements
from store.errors import FenceLost, NoSlot, StoreError, StoreUnavailable
from store.settlements import LEASE, Claim, Queue, Status

_NO_SLOT_S = 0.5
_GIVE_BACK_AGAIN_S = 0.5
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Engine:
    """Settles markets, one call at a time; `put` queues a market that is ready for another queue, best effort."""

    def __init__(self, parts: Parts, holder: str, put: Callable[[Queue, str], Awaitable[None]]) -> None:
        self._parts, self._holder, self._put = parts, holder, put
        self._chance = random.Random()  # noqa: S311 - jitter

    async def settle(self, market: str) -> None:
        """Take the market as far as it goes now; does nothing when it is not due or somebody holds it.

        Cancelled, it hands the market back before it ends. Raises StoreError when the database cannot be used.
        """
        with bound_contextvars(market=market):
            try:
                claim = await self._claim(market)
            except NoSlot:
                # Whoever waits for a slot can do nothing else; the reconciler brings the market again.
                await asyncio.sleep(_NO_SLOT_S)
                return
            if claim is None:
                return
            if claim.taken_over:
                _log.warning("took the market over from a worker that died", phase=claim.phase, fence=claim.fence)
            await self._hold(claim)

    async def _claim(self, market: str) -> Claim | None:
        """Cancelled meanwhile, it gives back what it got."""
        slots = self._parts.analysis_slots
        claiming = asyncio.ensure_future(settlements.claim(self._parts.db, market, self._holder, slots))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(StoreError):
                if (claim := await claiming) is not None:
                    phase = claim.phase
                    await self._give_back(claim, Release(phase=phase, queue=queue_of(phase), attempt=claim.attempt))
            raise

    async def _hold(self, claim: Claim) -> None:
        work = Work(self._parts, claim, self._chance)
        try:
            async with kept(self._parts.db, claim):
                release = await work.advance()
        except FenceLost as error:
            # Not given back: who takes it over counts that, so that what stalls its worker each time is parked at last.
            _log.warning("stopped at once", reason=str(error))
            return
        except asyncio.CancelledError:
            await asyncio.shield(self._hand_back(claim, work))
            raise
        await self._give_back(claim, release)

    async def _hand_back(self, claim: Claim, work: Work) -> None:
        try:
            await work.stop()
            await self._give_back(claim, work.stopped())
        except StoreError as error:
            _log.warning("not handed back: its lease runs out", reason=str(error))
        else:
            _log.info("handed back", phase=work.phase)

    async def _give_back(self, claim: Claim, release: Release) -> None:
        """Raises StoreError; where the database is away, once a lease would have run out."""
        if release.status is Status.PARKED:
            _log.error("parked: a person must look", phase=release.phase, reason=release.reason)
        given = await self._released(claim, release)
        if given and release.status is Status.DONE:
            _log.info("settled for good")
        if given and release.status is Status.READY and not release.due_in:
            await self._put(release.queue, claim.market)

    async def _released(self, claim: Claim, release: Release) -> bool:
        """Write it down, also to a database that is being restarted: the next worker need not take it over then."""
        clock = asyncio.get_running_loop().time
        until = clock() + LEASE.total_seconds()
        while True:
            try:
                return await self._release(claim, release)
            except StoreUnavailable:
                if clock() > until:
                    raise
            await asyncio.sleep(_GIVE_BACK_AGAIN_S)

    async def _release(self, claim: Claim, release: Release) -> bool:
        if release.status is Status.DONE:
            return await settlements.finish(self._parts.db, claim)
        return await settlements.release(
            self._parts.db,
            claim,
            phase=release.phase,
            queue=release.queue,
            due_in=release.due_in,
            wait_reason=release.wait_reason,
            reason=release.reason,
            attempt=release.attempt,
            status=release.status,
            planned=release.planned,
        )
