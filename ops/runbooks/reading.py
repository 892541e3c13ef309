"""Reads what the runbooks show: their newest runs, and what every live check finds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ops.errors import OperatorError
from ops.runbooks.checks import Checked, Memory, Seen, judged
from ops.status import PATIENCE_S, Overview, Part, part
from settings import Settings, shown
from store.audit_log import Chain, ChainState
from store.database import Database
from store.runbooks import Followed, newest
from store.size import Size, size

CHAIN_S = 2.0
"""So long the audit log is followed in one reading, until it was seen whole; then a piece a reading."""


@dataclass(frozen=True, slots=True)
class RunbooksSeen:
    """The newest run of each runbook, or why they cannot be read; and what each check finds, by its name."""

    runs: Part[Mapping[str, Followed]]
    checks: Mapping[str, Checked]

    def run_of(self, runbook: str) -> Followed | None:
        """Return the runbook's newest run, None where there is none or it cannot be read."""
        return None if self.runs.value is None else self.runs.value.get(runbook)


async def read(
    settings: Settings,
    overview: Callable[[], Awaitable[Overview]],
    opened: Callable[[], Awaitable[Database]],
    chain: Chain,
) -> RunbooksSeen:
    """Read it all at once; what cannot be read is told in its place. `chain` goes on where it was left."""

    async def runs() -> Mapping[str, Followed]:
        return await newest(await opened())

    async def room() -> Size:
        return await size(await opened())

    async def log() -> ChainState:
        return await _followed(chain, await opened())

    found, told, sized, memory, logged = await asyncio.gather(
        overview(), part(runs()), part(room()), part(_memory(settings)), part(log())
    )
    return RunbooksSeen(told, judged(Seen(overview=found, size=sized, memory=memory, chain=logged)))


async def _followed(chain: Chain, db: Database) -> ChainState:
    loop = asyncio.get_running_loop()
    until = loop.time() + CHAIN_S
    while True:
        state = await chain.look(db)
        if state.whole_at is not None or state.first_bad is not None or loop.time() > until:
            return state


async def _memory(settings: Settings) -> Memory:
    async with Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - redis leaves its keywords untyped
        settings.redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
    ) as redis:
        try:
            asking = redis.info("memory")  # pyright: ignore[reportUnknownMemberType] - as above
            told: Mapping[str, Any] = await asking
        except RedisError as error:
            raise OperatorError(
                f"{shown(settings.redis_url)} does not tell its memory ({type(error).__name__})"
            ) from error
    return Memory(int(told["used_memory"]), int(told.get("maxmemory", 0)) or None)
