"""The record of a market's analysis, kept before its hash goes on-chain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from store import audit
from store.database import Database, clock
from store.schema import analysis as table
from store.schema import settlement, storable
from store.settlements import Claim, held, refusal


class Finished(Protocol):
    """What is kept of an analysis: the document whose SHA-256 is `summary_hash`, its score (0 to 100) and confidence
    (0 to 2), who made it, and what that took in tokens, millionths of a dollar and milliseconds."""

    @property
    def document(self) -> bytes: ...
    @property
    def summary_hash(self) -> bytes: ...
    @property
    def score(self) -> int: ...
    @property
    def confidence(self) -> int: ...
    @property
    def analyser(self) -> str: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cost_microdollars(self) -> int: ...
    @property
    def latency_ms(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnalysis:
    """A finished analysis (see Finished) as it was kept, of which market and when (UTC)."""

    market: str
    document: bytes
    summary_hash: bytes
    score: int
    confidence: int
    analyser: str
    input_tokens: int
    output_tokens: int
    cost_microdollars: int
    latency_ms: int
    made_at: datetime


async def save(db: Database, claim: Claim, analysis: Finished) -> bool:
    """Keep the analysis of the claim's market; False when one is kept already, which stays.

    Raises FenceLost when the market is not held any more.
    """
    values: dict[str, Any] = {
        "market": claim.market,
        "document": analysis.document,
        "summary_hash": analysis.summary_hash,
        "score": analysis.score,
        "confidence": int(analysis.confidence),
        "analyser": storable(analysis.analyser)[:128],
        "input_tokens": analysis.input_tokens,
        "output_tokens": analysis.output_tokens,
        "cost_microdollars": analysis.cost_microdollars,
        "latency_ms": analysis.latency_ms,
        "made_at": clock(),
    }
    insert = sqlite_insert if db.sqlite else postgresql_insert
    saving = insert(table).values(values).on_conflict_do_nothing().returning(table.c.market)
    async with db.write() as connection:
        mine = select(settlement.c.market).where(held(claim)).with_for_update()
        if (await connection.execute(mine)).first() is None:
            raise await refusal(connection, claim)
        if (await connection.execute(saving)).first() is None:
            return False
        details: dict[str, audit.Json] = {"summary_hash": analysis.summary_hash.hex(), "score": analysis.score}
        details |= {"confidence": values["confidence"], "analyser": values["analyser"]}
        await audit.append(connection, claim.holder, "analyse", claim.market, details)
    return True


async def is_kept(db: Database, market: str) -> bool:
    """Return whether the market's analysis is kept."""
    async with db.read() as connection:
        found = await connection.execute(select(table.c.market).where(table.c.market == market))
        return found.first() is not None


async def get(db: Database, market: str) -> KeptAnalysis | None:
    """Return what is kept of the market's analysis, None for nothing."""
    async with db.read() as connection:
        row = (await connection.execute(select(table).where(table.c.market == market))).mappings().one_or_none()
    return None if row is None else KeptAnalysis(**row)
