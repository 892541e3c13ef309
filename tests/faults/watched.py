"""What the rows of the markets show: by it the injector strikes, and measures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from chain.journal import Outcome
from oracle.settlement.plan import Act
from store import settlements
from store.database import Database
from store.schema import attempt, lock, phase_run, proposal
from store.settlements import RunOutcome, Settlement


@dataclass(frozen=True)
class Watched:
    """One look. Runs are told by market and phase."""

    rows: Mapping[str, Settlement] = field(default_factory=dict[str, Settlement])
    open_runs: frozenset[tuple[str, str]] = frozenset()
    ended_runs: frozenset[tuple[str, str]] = frozenset()
    proposed: frozenset[str] = frozenset()
    """Markets whose proposal a worker saw on the chain."""
    recorded: frozenset[str] = frozenset()
    """Markets of which a worker knows that the transaction that records the score landed."""
    watcher_fence: int = 0


async def look(db: Database, names: set[str]) -> Watched:
    """Read what is known of the markets with these names. Raises StoreError."""
    runs = select(phase_run.c.market, phase_run.c.phase, phase_run.c.outcome).where(phase_run.c.market.in_(names))
    seen = select(proposal.c.market).where(proposal.c.market.in_(names), proposal.c.seen_at.is_not(None))
    landed = select(attempt.c.market).where(attempt.c.market.in_(names), attempt.c.outcome == Outcome.LANDED)
    landed = landed.where(attempt.c.intent.contains(f" {Act.RECORD} "))
    async with db.read() as connection:
        found = (await connection.execute(runs)).all()
        fence = (await connection.execute(select(lock.c.fence).where(lock.c.name == "watcher"))).scalar()
        proposed = frozenset((await connection.execute(seen)).scalars())
        recorded = frozenset((await connection.execute(landed)).scalars())
    return Watched(
        {row.market: row for row in await settlements.all_of(db)},
        frozenset((row.market, row.phase) for row in found if row.outcome is None),
        frozenset((row.market, row.phase) for row in found if row.outcome == RunOutcome.DONE),
        proposed,
        recorded,
        fence or 0,
    )
