"""One market as a person looks at it: its settlement explained, and its opinions with what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from solders.pubkey import Pubkey

from chain.accounts import Market, MarketReceipt, Opinion
from chain.units import UsdcUnits
from ops import settlements
from ops.settlements import Explanation, OnChain
from oracle.analysis.record import AnalysisRecord, OpinionRecord, RecordError
from oracle.texts import TextError, Texts, Wanted
from settings import Settings
from store.database import Database

EVENTS = 200


@dataclass(frozen=True, slots=True)
class ShownOpinion:
    """One opinion. `text` is None where it cannot be had, and `why` says so; `score` is None before the analysis."""

    staker: str
    stake: UsdcUnits
    odds: Fraction
    """Of winning the draw: its part of the pool."""
    text: str | None
    why: str | None
    score: int | None
    flags: tuple[str, ...]
    won: bool


@dataclass(frozen=True, slots=True)
class MarketDetail:
    """All that the console shows of a market."""

    explanation: Explanation
    statement: str | None
    """None once the market is finished: the chain keeps a hash of it."""
    opinions: tuple[ShownOpinion, ...]
    """The largest stake first."""


async def detail(db: Database, settings: Settings, market: Pubkey, texts: Texts) -> MarketDetail:
    """Read it. Raises MarketNotFound, StoreError; what the chain or a source of texts lacks stands in the answer."""
    told = await settlements.explain(db, settings, None, market, EVENTS)
    record = _record(told)
    found = _market(told)
    rows = _staked(told, record)
    read = await texts.read_many([Wanted(cid, text_hash) for _, _, cid, text_hash in rows])
    pool = sum(stake for _, stake, _, _ in rows)
    scored: Mapping[str, OpinionRecord] = {} if record is None else {one.staker: one for one in record.opinions}
    opinions = [
        _shown(staker, stake, pool, text, scored.get(staker), found)
        for (staker, stake, _, _), text in zip(rows, read, strict=True)
    ]
    statement = found.statement if isinstance(found, Market) else None
    return MarketDetail(told, statement, tuple(sorted(opinions, key=lambda one: (-one.stake, one.staker))))


_Staked = tuple[str, UsdcUnits, str, bytes]
"""Staker, stake, CID, hash of the text."""


def _staked(told: Explanation, record: AnalysisRecord | None) -> Sequence[_Staked]:
    """From the chain while the opinions are open, from the record once they are closed."""
    if told.followed is not None and told.followed.opinions:
        accounts: list[Opinion] = [kept.account for kept in told.followed.opinions]
        return [(str(one.staker), one.stake, one.cid, one.text_hash) for one in accounts]
    if record is None:
        return []
    kept = [(one.staker, one.stake, one.cid, one.text_hash) for one in record.opinions]
    left = [(one.staker, one.stake, one.cid, one.text_hash) for one in record.left_out]
    return [(staker, UsdcUnits(stake), cid, bytes.fromhex(text)) for staker, stake, cid, text in (*kept, *left)]


def _record(told: Explanation) -> AnalysisRecord | None:
    if told.analysis is None:
        return None
    try:
        return AnalysisRecord.from_document(told.analysis.document)
    except RecordError:
        return None


def _market(told: Explanation) -> Market | MarketReceipt | None:
    if isinstance(told.chain, OnChain) and told.chain.market is not None:
        return told.chain.market
    return told.followed.market.account if told.followed else None


def _shown(
    staker: str,
    stake: UsdcUnits,
    pool: int,
    text: str | TextError,
    scored: OpinionRecord | None,
    market: Market | MarketReceipt | None,
) -> ShownOpinion:
    return ShownOpinion(
        staker=staker,
        stake=stake,
        odds=Fraction(stake, pool) if pool else Fraction(0),
        text=text if isinstance(text, str) else None,
        why=None if isinstance(text, str) else str(text),
        score=None if scored is None else scored.score,
        flags=() if scored is None else tuple(scored.flags),
        won=market is not None and str(market.winner) == staker and market.winner_stake > 0,
    )
