"""How settlements went, derived from the rows that the oracle committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import select

from store.database import Database
from store.schema import phase_run, settlement
from store.settlements import Phase, RunOutcome


@dataclass(frozen=True, slots=True)
class Course:
    """One market's way to its payment, in seconds: between runs that are not waits it is in a queue for a worker."""

    due: datetime
    scored: datetime
    paid: datetime
    analysed: timedelta
    runs: timedelta
    waits: timedelta
    queued: timedelta

    @property
    def own(self) -> float:
        """Everything from start to paid but the declared waits, in seconds."""
        return (self.runs + self.queued).total_seconds()


async def courses(db: Database) -> list[Course]:
    """One for each market that is paid."""
    async with db.read() as connection:
        due = dict((await connection.execute(select(settlement.c.market, settlement.c.created_at))).tuples().all())
        columns = (phase_run.c.market, phase_run.c.phase, phase_run.c.outcome)
        times = (phase_run.c.started_at, phase_run.c.ended_at)
        rows = select(*columns, *times).order_by(phase_run.c.market, phase_run.c.id)
        runs = (await connection.execute(rows)).all()
    found: list[Course] = []
    for market, of_market in groupby(runs, key=lambda run: run.market):
        ended = [(run.phase, run.outcome, run.started_at, run.ended_at) for run in of_market if run.ended_at]
        paid = [n for n, (phase, outcome, *_) in enumerate(ended) if (phase, outcome) == (Phase.PAY, RunOutcome.DONE)]
        if paid:
            found.append(_course(due[market], ended[: paid[0] + 1]))
    return found


def _course(due: datetime, runs: Sequence[tuple[str, str, datetime, datetime]]) -> Course:
    """Declared waits are the gaps after a run that waited, and before the turn to be analysed; every other gap is a
    worker's that was not there."""
    worked = analysed = waited = queued = timedelta(0)
    scored = due
    last: tuple[str, str, datetime] | None = None
    for phase, outcome, started, ended in runs:
        worked += ended - started
        if phase == Phase.ANALYSE:
            analysed += ended - started
            scored = ended
        if last is not None:
            gap = max(started - last[2], timedelta(0))
            if last[1] == RunOutcome.WAITED or (phase == Phase.ANALYSE and last[0] != phase):
                waited += gap
            else:
                queued += gap
        last = (phase, outcome, ended)
    return Course(due, scored, runs[-1][3], analysed, worked, waited, queued)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
