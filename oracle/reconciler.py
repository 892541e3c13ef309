"""Queues again whatever is due and nobody works on: the database is the record, Redis only carries.

So a lost Redis, a killed worker and a job that RQ forgot all cost about a second (docs/settlement.md).
"""

import asyncio
import time
from collections.abc import Sequence

import structlog
from redis.exceptions import RedisError

from oracle.queues import JobQueues
from store import holds, settlements
from store.database import Database
from store.settlements import Settlement

EVERY_S = 0.5
GRACE_S = 2.0
"""How long a job may be on its way from its queue to its claim before it counts as lost."""
MOST = 2_000
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Reconciler:
    """One in the active watcher."""

    def __init__(self, db: Database, queues: JobQueues) -> None:
        self._db, self._queues = db, queues
        # By market and fence: once the job claims it, the fence is another.
        self._put: dict[tuple[str, int], float] = {}
        self._redis_away = False

    async def run(self) -> None:
        """Look for ever. Raises StoreError; without Redis it waits for it."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> int:
        """Queue what is due and in no queue; returns how many that were. Raises StoreError."""
        if await holds.current(self._db) is not None:
            return 0
        due = await settlements.due(self._db, MOST)
        try:
            put = await asyncio.to_thread(self._queue, due) if due else 0
        except RedisError as error:
            if not self._redis_away:
                _log.warning("Redis does not answer: nothing can be queued", error=type(error).__name__)
            self._redis_away = True
            return 0
        if self._redis_away:
            _log.info("Redis is back", queued=put)
        self._redis_away = False
        return put

    def _queue(self, due: Sequence[Settlement]) -> int:
        now, listed = time.monotonic(), self._queues.listed()
        self._put = {key: at for key, at in self._put.items() if now - at < GRACE_S}
        wanted = [
            row for row in due if (row.queue, row.market) not in listed and (row.market, row.fence) not in self._put
        ]
        for row in wanted:
            self._queues.put(row.queue, row.market)
            self._put[row.market, row.fence] = now
        return len(wanted)
