"""Asks what an incident's timeline is made of: the database, Prometheus, the program's account."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chain.errors import ChainError
from chain.rpc import Rpc
from monitoring.clients.prometheus import Series
from monitoring.clients.server import Merged
from ops.alerts.watching import Watch
from ops.errors import OperatorError
from ops.incident.events import KINDS
from ops.standing import Standing, standing
from ops.times import Span
from settings import Settings
from store import runbooks, spans
from store.audit_log import Entry, between
from store.database import Database
from store.runbooks import Run
from store.spans import PhasesDone, PhaseSeen, Settling, Stop

MOST = 500
"""Acts, and runs that went wrong, in one timeline."""
ONE_BY_ONE = 20
"""So many runs that went well are told each; of more, how many in each part of the time."""
PARTS = 12
PATIENCE_S = 10.0
_STEPS = 1_440
"""Points of an alert: Prometheus allows 11,000, and an answer is of 8 MiB at most."""
_SHORTEST = timedelta(seconds=15)
_NICE_S = (1, 10, 30, 60, 300, 900, 1_800, 3_600, 21_600, 86_400, 259_200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read. One more act or run than MOST means that there are more. `fired` is None where no Prometheus is
    configured, `program` the sentence that says why it is not known."""

    acts: tuple[Entry, ...]
    troubles: tuple[PhaseSeen, ...]
    successes: tuple[PhaseSeen, ...]
    """Where there are no more than ONE_BY_ONE."""
    counted: tuple[PhasesDone, ...]
    part: timedelta
    settling: Settling
    stops: tuple[Stop, ...]
    runs: tuple[Run, ...]
    fired: Merged[tuple[Series, ...]] | None
    step: timedelta
    program: Standing | str


async def read(db: Database, watch: Watch, settings: Settings, rpc: Rpc, span: Span, market: str = "") -> Read:
    """Ask them all at once. Raises StoreError; what else does not answer is told in the answer."""
    step, part = step_of(span), part_of(span)
    since, until = span.since, span.until
    successes = await spans.successes(db, since, until, ONE_BY_ONE + 1, market)
    few = len(successes) <= ONE_BY_ONE
    fired, program = await asyncio.gather(watch.fired(since, until, step), _program(standing(settings, rpc)))
    return Read(
        acts=await between(db, since, until, MOST + 1, market, KINDS),
        troubles=await spans.troubles(db, since, until, MOST + 1, market),
        successes=successes if few else (),
        counted=() if few else await spans.successes_counted(db, since, until, part, market),
        part=part,
        settling=await spans.settling(db, since, until),
        stops=await spans.stops(db, since, until),
        runs=await runbooks.during(db, since, until),
        fired=fired,
        step=step,
        program=program,
    )


def step_of(span: Span) -> timedelta:
    """Return how far the points of an alert lie apart: a whole number of seconds."""
    return max(timedelta(seconds=-(-int(span.seconds) // _STEPS)), _SHORTEST)


def part_of(span: Span) -> timedelta:
    """Return the parts of the time in which runs are counted: some PARTS of them."""
    return timedelta(seconds=next((size for size in _NICE_S if span.seconds / size <= PARTS), _NICE_S[-1]))


async def _program(reading: Awaitable[Standing]) -> Standing | str:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reading
    except TimeoutError:
        return f"no answer within {PATIENCE_S:g} s"
    except (ChainError, OperatorError, OSError) as error:
        return str(error).removesuffix(".")


def cut(found: Sequence[Entry] | Sequence[PhaseSeen]) -> bool:
    """Whether there is more than is told."""
    return len(found) > MOST
