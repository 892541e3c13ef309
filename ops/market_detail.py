"""One market as a person looks at it: its settlement explained, and its opinions with what became of each."""

import asyncio
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from solders.pubkey import Pubkey

from chain.accounts import Market, MarketReceipt, Opinion, VrfRequest
from chain.units import UsdcUnits
from ops import settlements
from ops.errors import OperatorError
from ops.settlements import Explanation, OnChain
from oracle.analysis.record import AnalysisRecord, OpinionRecord, RecordError
from oracle.texts import TextError, Texts, Wanted
from settings import Settings
from store.database import Database

EVENTS = 200
_CHUNK = 1_000
"""So many opinions are one turn of the event loop."""


@dataclass(frozen=True, slots=True)
class ShownOpinion:
    """One opinion. `text` is None where it cannot be had, and `why` says so; `score` is None before the analysis."""

    staker: str
    stake: UsdcUnits
    odds: Fraction
    """Of winning the draw: its part of the pool."""
    start: UsdcUnits | None
    """Where its interval of the pool begins; None once its account is closed, but for the winner's."""
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
    record: AnalysisRecord | None
    """What the kept score was computed from."""
    outcome: Market | MarketReceipt | None
    """As the chain shows it now, or as it was seen last."""
    request: VrfRequest | None
    """Of randomness; None before there is one, and once only the receipt is left."""


async def detail(
    db: Database, settings: Settings, market: Pubkey, texts: Texts, read: MutableMapping[str, str] | None = None
) -> MarketDetail:
    """Read it. `read` keeps the texts that were had, by CID and hash: whoever looks again need not read them again.

    Raises MarketNotFound, StoreError; what the chain or a source of texts lacks stands in the answer.
    """
    told = await settlements.explain(db, settings, None, market, EVENTS)
    record = _record(told)
    found = _market(told)
    rows = _staked(told, record)
    words = await _texts(rows, texts, {} if read is None else read)
    pool = sum(stake for _, stake, _, _ in rows)
    starts = _starts(told, found)
    scored: Mapping[str, OpinionRecord] = {} if record is None else {one.staker: one for one in record.opinions}
    opinions: list[ShownOpinion] = []
    for (staker, stake, _, _), text in zip(rows, words, strict=True):
        opinions.append(_shown(staker, stake, pool, text, scored.get(staker), found, starts.get(staker)))
        if len(opinions) % _CHUNK == 0:
            await asyncio.sleep(0)
    return MarketDetail(
        explanation=told,
        statement=found.statement if isinstance(found, Market) else None,
        opinions=tuple(sorted(opinions, key=lambda one: (-one.stake, one.staker))),
        record=record,
        outcome=found,
        request=_request(told),
    )


def only(typed: str, found: Sequence[str]) -> str:
    """Return the one address that begins as was typed, of these. Raises OperatorError for none and for several."""
    if not typed:
        raise OperatorError("Which market? Write its address, or how it begins.")
    if len(found) != 1:
        words = f"several begin with {typed!r}: {', '.join(found)}" if found else f"none begins with {typed!r}"
        raise OperatorError(f"Which market? {words}.")
    return found[0]


async def _texts(rows: Sequence["_Staked"], texts: Texts, read: MutableMapping[str, str]) -> list[str | TextError]:
    """A text never changes under its CID and hash."""
    keys = [f"{cid} {text_hash.hex()}" for _, _, cid, text_hash in rows]
    wanted = [
        (key, Wanted(cid, text_hash)) for key, (_, _, cid, text_hash) in zip(keys, rows, strict=True) if key not in read
    ]
    found = dict(zip((key for key, _ in wanted), await texts.read_many([one for _, one in wanted]), strict=True))
    read.update({key: text for key, text in found.items() if isinstance(text, str)})
    return [read[key] if key in read else found[key] for key in keys]


def _starts(told: Explanation, found: Market | MarketReceipt | None) -> dict[str, UsdcUnits]:
    starts: dict[str, UsdcUnits] = {}
    if found is not None and found.winner_stake:
        starts[str(found.winner)] = found.winner_start
    if told.followed is not None:
        starts |= {str(kept.account.staker): kept.account.start for kept in told.followed.opinions}
    return starts


def _request(told: Explanation) -> VrfRequest | None:
    if isinstance(told.chain, OnChain) and told.chain.market is not None:
        return told.chain.request
    return told.followed.request.account if told.followed and told.followed.request else None


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
    return None if told.analysis is None else _decoded(told.analysis.document)


@lru_cache(maxsize=2)
def _decoded(document: bytes) -> AnalysisRecord | None:
    """Kept, since one of ten thousand opinions takes a third of a second, and whoever looks does so every two."""
    try:
        return AnalysisRecord.from_document(document)
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
    start: UsdcUnits | None,
) -> ShownOpinion:
    return ShownOpinion(
        staker=staker,
        stake=stake,
        odds=Fraction(stake, pool) if pool else Fraction(0),
        start=start,
        text=text if isinstance(text, str) else None,
        why=None if isinstance(text, str) else str(text),
        score=None if scored is None else scored.score,
        flags=() if scored is None else tuple(scored.flags),
        won=market is not None and str(market.winner) == staker and market.winner_stake > 0,
    )
