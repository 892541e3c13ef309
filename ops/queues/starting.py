"""The oracle's jobs that a person may start by hand, with what each takes; the database still decides what is due."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from ops import settlements as hands
from ops.amounts import parse_address
from ops.errors import UsageError
from oracle.queues import JobQueues
from settings import Settings
from store import holds, pauses, settlements
from store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What came of it, and what may keep a worker from it, a sentence each."""

    words: str
    hindrances: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument; `check` raises UsageError for what it cannot be."""

    name: str
    words: str
    check: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Startable:
    """One job of `oracle.jobs`, by its name there."""

    name: str
    explains: str
    arguments: tuple[Argument, ...]
    start: Callable[[Database, Settings, Sequence[str], str], Awaitable[Started]]


async def _settle(db: Database, settings: Settings, arguments: Sequence[str], who: str) -> Started:
    [address] = arguments
    market = parse_address(address, "a market")
    new = await hands.settle(db, settings, None, market, who)
    row = await settlements.get(db, address)
    hindrances: list[str] = []
    if row is not None:
        hindrances += await _hindrances(db, settings, row.queue, address)
    known = "It is new to the oracle, and due now" if new else "It is due now"
    return Started(words=f"{known}{f' in queue {row.queue}' if row else ''}.", hindrances=tuple(hindrances))


async def _hindrances(db: Database, settings: Settings, queue: settlements.Queue, market: str) -> list[str]:
    found: list[str] = []
    try:
        await asyncio.to_thread(_put, settings, queue, market)
    except (RedisError, OSError):
        found.append("Redis does not answer: the watcher queues it once it does.")
    if (hold := await holds.current(db)) is not None:
        found.append(f"A hold is placed by {hold.placed_by}: nothing acts until 'opinion resume'.")
    if (pause := (await pauses.current(db)).get(queue)) is not None:
        found.append(f"{pause.placed_by} paused its queue: it waits until 'opinion queue unpause {queue}'.")
    return found


def _is_market(text: str) -> None:
    parse_address(text, "a market")


def _put(settings: Settings, queue: settlements.Queue, market: str) -> None:
    with JobQueues(settings.redis_url) as queues:
        queues.put(queue, market)


JOBS: Mapping[str, Startable] = {
    job.name: job
    for job in (
        Startable(
            name="settle",
            explains="Take a market as far as it goes now.",
            arguments=(Argument(name="market", words="The market's address", check=_is_market),),
            start=_settle,
        ),
    )
}


def checked(name: str, arguments: Sequence[str]) -> Startable:
    """Return the job of this name, whose arguments these can be. Raises UsageError, which says what would be right."""
    job = JOBS.get(name)
    if job is None:
        raise UsageError(f"There is no job {name!r}: it can be {', '.join(JOBS)}.")
    if len(arguments) != len(job.arguments):
        wanted = " ".join(argument.name.upper() for argument in job.arguments)
        raise UsageError(f"{name} takes {wanted}, and {len(arguments)} were given.")
    for argument, text in zip(job.arguments, arguments, strict=True):
        argument.check(text)
    return job


async def start(db: Database, settings: Settings, name: str, arguments: Sequence[str], who: str) -> Started:
    """Start the job by hand, once its arguments are checked. Raises UsageError, ChainError, StoreError."""
    return await checked(name, arguments).start(db, settings, arguments, who)
