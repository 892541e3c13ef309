"""Has the texts of opinions pinned as soon as the chain shows them, which also brings them to this host's disk.

A staker's node may be gone when the market closes; ours are not. Every new watcher pins all open ones once more, which
costs a node that has them nothing.
"""

import asyncio
import random

import structlog

from oracle.texts import TextError, Texts
from store import accounts
from store.database import Database

EVERY_S = 15.0
AGAIN_S = 300.0
"""How long a text that could not be pinned is left alone."""
MOST = 200
"""Texts in one look: whoever floods the market with opinions does not keep those of others waiting for hours."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Pinner:
    """One in the active watcher, where Kubo nodes are named."""

    def __init__(
        self, db: Database, texts: Texts, every: float = EVERY_S, again: float = AGAIN_S, most: int = MOST
    ) -> None:
        self._db, self._texts = db, texts
        self._every, self._again, self._most = every, again, most
        self._settled: set[str] = set()
        self._not_before: dict[str, float] = {}

    async def run(self) -> None:
        """Look for ever. Raises StoreError."""
        while True:
            await self.look()
            await asyncio.sleep(self._every)

    async def look(self) -> int:
        """Pin what is new; returns how many texts are on as many nodes as wanted now that were not before."""
        now = asyncio.get_running_loop().time()
        known = {kept.account.cid for kept in await accounts.opinions(self._db)}
        self._settled &= known
        self._not_before = {cid: at for cid, at in self._not_before.items() if cid in known}
        wanted = sorted(cid for cid in known - self._settled if self._not_before.get(cid, now) <= now)
        # In another order each time, so that nobody can put theirs first.
        wanted = random.sample(wanted, min(len(wanted), self._most))
        pinned = 0
        for cid, told in zip(wanted, await self._texts.pin_many(wanted), strict=True):
            for_ever = isinstance(told, TextError) and told.for_ever
            if for_ever or (not isinstance(told, TextError) and not told.shortfall):
                self._settled.add(cid)
                pinned += not for_ever
                continue
            self._not_before[cid] = now + self._again
            _log.warning("a text is not pinned as it should be", reason=str(told))
        return pinned
