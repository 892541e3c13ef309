"""What is known of a market, in words: pure, for people in `lines`, for programs in `report`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from itertools import groupby
from typing import Any, cast

from chain.accounts import Market, MarketReceipt, VrfRequest
from chain.constants import MarketState, RefundReason
from chain.journal import Outcome
from chain.units import usdc
from ops.settlements import NO_STOPS, Explanation, OnChain, Stops
from store.by_hand import Act, Past, PastRun, SentTransaction
from store.settlements import Queue, RunOutcome, Settlement, Status

WAITS = {
    "slot": "the target slot of its request for randomness",
    "finality": "the chain to finalize what was done",
    "rearm": "the hour after which a lapsed request can be re-armed",
    "deadline": "a deadline of the chain, after which it refunds",
    "signatures": "signers to approve",
    "bond": "the bond vault to be filled: somebody must deposit USDC",
    "funds": "SOL in the oracle's account: somebody must send some",
    "account": "a USDC account that it can pay into: it is frozen, or not there",
    "closes": "its closing time",
    "texts": "texts that cannot be had yet",
    "randomness_key": "the randomness key that it pins, which no worker holds",
    "oracle_key": "the key that is the program's oracle now: the worker holds another",
    "external": "the external provider to answer",
    "hold": "the hold to be lifted",
    "pause": "its queue, which is paused",
    "rpc": "an RPC node that answers",
    "database": "the database",
    "congestion": "room in the chain's blocks: its transactions expire",
    "model": "the model that scores opinions",
    "retry": "another attempt after a failure",
}
"""What a wait reason of the plan means; one that is not here is shown as it is named."""
_NO_TIME_S = 0.05
_REPEATED = (RunOutcome.WAITED, RunOutcome.OUTAGE)
_WRONG = (RunOutcome.FAILED, RunOutcome.LOST)


def lines(told: Explanation) -> Iterator[str]:
    """Yield the explanation line by line; times are UTC, and what comes from outside cannot steer a terminal."""
    yield f"market {told.market}"
    yield from now_lines(told)
    yield from _history(told.past)


def now_lines(told: Explanation) -> Iterator[str]:
    """Yield what it is now: its settlement, a hold, the chain, the analysis; without what happened before."""
    market = _market(told)
    if isinstance(market, Market):
        yield f'"{plain(market.statement)}"'
    yield f"now: {why(told.settlement, told.past.at, told.stops)}"
    if (hold := told.stops.hold) is not None:
        yield (
            f"hold: {plain(hold.placed_by)} holds the whole oracle since {utc(hold.placed_at)} "
            f"({plain(hold.why)}); `opinion resume` lifts it"
        )
    yield from _chain(told)
    if told.analysis is not None:
        kept = told.analysis
        yield (
            f"analysis: score {kept.score}, confidence {kept.confidence}, by {plain(kept.analyser)}, "
            f"in {kept.latency_ms / 1_000:.1f} s for ${kept.cost_microdollars / 1e6:.4f}"
        )


def why(row: Settlement | None, now: datetime, stops: Stops = NO_STOPS) -> str:
    """Return in one sentence what the settlement does at `now`, or what it waits for and what a person can do.

    Where `stops` keep every worker from it, it is these and no worker that it waits for.
    """
    if row is None:
        return "the oracle has no work on it; it takes a market up when it closes, `opinion settle` does so at once"
    if row.status is Status.DONE:
        return f"done since {utc(row.finished_at or row.due_at)}"
    if row.status is Status.PARKED:
        return (
            f"parked in {row.phase}: {plain(row.reason or 'no reason is kept')}; when that is mended, "
            f"`opinion retry {row.market}` goes on"
        )
    attempts = f", after {row.attempt} failed of 3 attempts" if row.attempt else ""
    if row.lease_until is not None and row.lease_until > now:
        return f"{plain(row.holder or 'a worker')} works on {row.phase}{attempts}"
    if row.holder is not None and row.lease_until is not None:
        return (
            f"{plain(row.holder)} stopped working on {row.phase} {_ago(row.lease_until, now)}; the next free worker "
            f"of the queue {row.queue} takes it over"
        )
    because = f": {plain(row.reason)}" if row.reason else ""
    if row.due_at > now:
        awaited = f"waits for {_awaited(row.wait_reason)}" if row.wait_reason else "waits to try again"
        return f"{row.phase} {awaited}{attempts}; next look {utc(row.due_at)}, in {span(_s(now, row.due_at))}{because}"
    due = f"{row.phase} is due since {utc(row.due_at)} ({span(_s(row.due_at, now))}) and waits for"
    return f"{due} {_wanted(row.queue, stops)}{attempts}{because}"


def _wanted(queue: Queue, stops: Stops) -> str:
    if stops.hold is not None:
        return "the hold to be lifted: `opinion resume`"
    if queue in stops.paused:
        return f"its queue, which is paused: `opinion queue unpause {queue}`"
    slot = " or one of the slots for analyses" if queue is Queue.ANALYSE else ""
    return f"a free worker of the queue {queue}{slot}"


def report(told: Explanation) -> dict[str, Any]:
    """Return the explanation as a JSON object, with whole signatures; times in ISO 8601, UTC."""
    chain = told.chain
    shown = {"known": False, "why": chain} if isinstance(chain, str) else {"known": True, **_chain_report(chain)}
    kept = told.analysis
    analysis = None if kept is None else {k: v for k, v in asdict(kept).items() if k != "document"}
    return {
        "market": told.market,
        "now": why(told.settlement, told.past.at, told.stops),
        "settlement": None if told.settlement is None else _json(asdict(told.settlement)),
        "hold": None if told.stops.hold is None else _json(asdict(told.stops.hold)),
        "chain": shown,
        "followed": None if told.followed is None else _followed_report(told),
        "analysis": _json(analysis),
        **_json(asdict(told.past)),
    }


def row_line(row: Settlement, now: datetime, stops: Stops = NO_STOPS) -> str:
    """Return a settlement as one line of a list."""
    return f"{row.market} {why(row, now, stops)}"


def row_report(row: Settlement, now: datetime, stops: Stops = NO_STOPS) -> dict[str, Any]:
    """Return a settlement as a JSON object, with the sentence that `row_line` has."""
    return {**_json(asdict(row)), "now": why(row, now, stops)}


def plain(words: str) -> str:
    """Return the words with whatever a terminal would obey replaced."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)


def utc(at: datetime) -> str:
    """Return a time to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: float) -> str:
    """Return a duration in the two units that count: `0.41 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `13 d 1 h`."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.2f} s"
    whole = round(seconds)
    for size, name, smaller, rest in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // smaller} {rest}"
    return f"{whole} s"


def _chain(told: Explanation) -> Iterator[str]:
    if isinstance(told.chain, str):
        yield f"chain: not known now: {plain(told.chain)}"
        if told.followed is None:
            yield "the follower has not seen this market"
            return
        kept = told.followed
        request = kept.request.account if kept.request else None
        yield f"seen last as of slot {kept.market.slot}: {_state(kept.market.account, request)}"
    elif told.chain.market is None:
        yield "chain: there is no market at this address"
    else:
        yield f"chain: as of slot {told.chain.slot}: {_state(told.chain.market, told.chain.request)}"


def _state(market: Market | MarketReceipt, request: VrfRequest | None) -> str:
    pool = f"{market.staker_count} stakers, {usdc(market.total_stake)}"
    if isinstance(market, MarketReceipt):
        return f"finished as {_named(market.state)} at {_chain_time(market.finished_at)}; {pool}"
    words = f"{_named(market.state)}; {pool}; closes {_chain_time(market.closes_at)}"
    if market.state is MarketState.AWAITING_RANDOMNESS and request is not None:
        words += f"; its request of {_chain_time(request.requested_at)} for slot {request.target_slot} is "
        words += _named(request.status)
    if market.refund_reason is not RefundReason.NONE:
        words += f"; refunds because of {_named(market.refund_reason)}"
    if market.state is MarketState.SETTLED:
        words += f"; prize {'paid' if market.prize_paid else 'not paid yet'}"
        words += f", fee {'collected' if market.fee_collected else 'not collected yet'}"
    return words


def _history(past: Past) -> Iterator[str]:
    happened = events(past)
    if not happened:
        yield "nothing has happened yet"
        return
    yield "what happened (UTC):"
    if past.more:
        yield "(only the newest: --all shows everything)"
    for event in happened:
        yield f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {event.words}"


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One thing that happened to a market, in words; with its whole signature where it is a transaction."""

    at: datetime
    words: str
    signature: str | None = field(default=None, compare=False)
    wrong: bool = field(default=False, compare=False)
    """Whether it went wrong."""


def events(past: Past) -> list[Event]:
    """Return what happened, oldest first; looks in a row that found the same reason to wait are one event."""
    return sorted([*_runs(past.runs), *map(_sent, past.sent), *map(_act, past.acts)])


def _runs(runs: Sequence[PastRun]) -> Iterator[Event]:
    seen = 0
    for key, group in groupby(runs, key=lambda run: (run.phase, run.outcome, run.reason)):
        looks = list(group)
        seen += len(looks)
        if len(looks) == 1 and _is_planned_wait(looks[0]):
            yield Event(looks[0].started_at, _planned_wait(looks[0], runs[seen] if seen < len(runs) else None))
            continue
        if key[1] in _REPEATED and len(looks) > 1:
            first, last = looks[0], looks[-1]
            spent = span(_s(first.started_at, last.ended_at or last.started_at))
            yield Event(first.started_at, f"{_outcome(first)}, {len(looks)} looks in {spent}{_reason(first)}")
        else:
            yield from (Event(run.started_at, _run(run), wrong=run.outcome in _WRONG) for run in looks)


def _is_planned_wait(run: PastRun) -> bool:
    """Whether it is no work at all but a wait that belongs to every settlement, which lasts until the next run."""
    return (
        run.outcome == RunOutcome.WAITED and run.ended_at is not None and _s(run.started_at, run.ended_at) < _NO_TIME_S
    )


def _planned_wait(run: PastRun, following: PastRun | None) -> str:
    awaited = _awaited(run.reason or "")
    if following is None:
        return f"{run.phase:<8} waits for {awaited}"
    return f"{run.phase:<8} waited {span(_s(run.started_at, following.started_at))} for {awaited}"


def _run(run: PastRun) -> str:
    took = f" in {span(_s(run.started_at, run.ended_at))}" if run.ended_at else ", no end yet"
    by = "" if run.outcome == RunOutcome.DONE else f", attempt {run.attempt}, {plain(run.worker)}"
    return f"{_outcome(run)}{took}{by}{_reason(run)}"


def _outcome(run: PastRun) -> str:
    return f"{run.phase:<8} {run.outcome or 'begun'}"


def _reason(run: PastRun) -> str:
    return f": {plain(run.reason)}" if run.reason else ""


def _sent(one: SentTransaction) -> Event:
    what = one.intent.partition(" ")[2] or one.intent
    ended = f"{one.outcome}" if one.outcome else "outcome not known yet"
    where = f" in slot {one.slot}" if one.slot is not None else ""
    took = f", known after {span(_s(one.signed_at, one.concluded_at))}" if one.concluded_at else ""
    words = f"signed   {plain(what)} {one.signature[:12]}\N{HORIZONTAL ELLIPSIS}: {ended}{where}{took}"
    return Event(one.signed_at, words, one.signature, wrong=one.outcome not in (None, Outcome.LANDED))


def _act(act: Act) -> Event:
    reason = act.details.get("reason")
    said = f": {plain(str(reason))}" if reason else ""
    return Event(act.at, f"{act.act:<8} by {plain(act.actor)}{said}")


def _market(told: Explanation) -> Market | MarketReceipt | None:
    if isinstance(told.chain, OnChain) and told.chain.market is not None:
        return told.chain.market
    return told.followed.market.account if told.followed else None


def _chain_report(chain: OnChain) -> dict[str, Any]:
    request = None if chain.request is None else _named(chain.request.status)
    market = chain.market
    return {"slot": chain.slot, "state": None if market is None else _named(market.state), "request": request}


def _followed_report(told: Explanation) -> dict[str, Any] | None:
    if told.followed is None:
        return None
    kept = told.followed.market
    return {"slot": kept.slot, "state": _named(kept.account.state), "seen_at": _json(kept.seen_at)}


def _json(value: Any) -> Any:
    """Plain JSON values of what dataclasses hold."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, StrEnum):
        return value.value
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _awaited(reason: str) -> str:
    return WAITS.get(reason, plain(reason))


def _named(value: IntEnum) -> str:
    return value.name.replace("_", " ").title().replace(" ", "")


def _chain_time(seconds: int) -> str:
    return utc(datetime.fromtimestamp(seconds, UTC))


def _s(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def _ago(at: datetime, now: datetime) -> str:
    return f"{span(_s(at, now))} ago"
