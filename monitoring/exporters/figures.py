"""Pure: what the store counts, as metric families. Milliseconds and microdollars become seconds and dollars here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain as joined

from prometheus_client.metrics_core import Metric

from chain.constants import MarketState, RequestStatus
from monitoring import metrics
from monitoring.metrics import Spread, family, histogram, single
from store.settlements import Queue, RunOutcome, Status
from store.standing import Line, Standing
from store.tallies import Bounds, Tallies, Tally, Work

_LONGEST_REASON = 32
_NOBODY = Line(0, 0.0)


def milliseconds(bounds: Sequence[float]) -> tuple[int, ...]:
    """Return buckets' bounds in seconds as whole milliseconds."""
    return tuple(round(bound * 1_000) for bound in bounds)


BOUNDS = Bounds(
    durations=milliseconds(metrics.PHASE_BUCKETS),
    waits=milliseconds(metrics.WAIT_BUCKETS),
    work=milliseconds(metrics.WORK_BUCKETS),
    elapsed=milliseconds(metrics.WAIT_BUCKETS),
    analyses=milliseconds(metrics.ANALYSIS_BUCKETS),
)
"""What to ask store.tallies for."""


def of_the_moment(standing: Standing) -> Iterator[Metric]:
    """Yield the gauges; a queue, status or state in which there is nothing is shown as 0, so that no series ends."""
    due = {queue: standing.due.get(queue, _NOBODY) for queue in Queue}
    yield family(metrics.QUEUE_DUE, (((queue,), line.count) for queue, line in due.items()))
    yield family(metrics.QUEUE_OLDEST_DUE, (((queue,), line.oldest_s) for queue, line in due.items()))
    settlements = {(status, ""): 0 for status in Status} | dict(standing.settlements)
    yield family(metrics.SETTLEMENTS, settlements.items())
    yield family(metrics.SETTLEMENTS_PARKED, _named(standing.parked))
    yield family(metrics.LEASES, _named(standing.leases))
    yield family(metrics.MARKETS, _markets(standing.markets))
    yield from _randomness(standing.randomness)
    ended = {outcome: count for outcome, count in standing.transactions.items() if outcome is not None}
    yield family(metrics.TRANSACTIONS, _named(ended))
    yield single(metrics.TRANSACTIONS_OPEN, standing.transactions.get(None, 0))
    yield single(metrics.HOLD_PLACED, standing.held)
    if standing.model_available is not None:
        yield single(metrics.MODEL_AVAILABLE, standing.model_available)
    yield family(metrics.FULL_READ, (((level,), at.timestamp()) for level, at in standing.reads.items()))


def of_work(work: Work) -> Iterator[Metric]:
    """Yield what ended runs add up to."""
    yield family(metrics.PHASE_RUNS, ((key, tally.count) for key, tally in work.durations.items()))
    yield histogram(metrics.PHASE_DURATION, _spreads(_durations(work.durations)))
    lost = [(key[:1], tally.count) for key, tally in work.durations.items() if key[1] == RunOutcome.LOST]
    yield family(metrics.LEASES_TAKEN_OVER, lost)
    yield histogram(metrics.WAIT, _spreads(_reasons(work.waits)))
    yield histogram(metrics.SETTLEMENT_WORK, _spreads(work.work))
    yield histogram(metrics.SETTLEMENT_ELAPSED, _spreads(work.elapsed))
    yield histogram(metrics.ANALYSIS_LATENCY, _spreads(work.analyses))
    yield family(metrics.ANALYSIS_TOKENS, joined.from_iterable(_tokens(*item) for item in work.analyses.items()))
    yield family(metrics.ANALYSIS_COST, ((key, tally.sums[2] / 1e6) for key, tally in work.analyses.items()))


def of_rpc(errors: Iterable[tuple[Mapping[str, str], int]]) -> Metric:
    """Return the failed RPC calls, as store.figures keeps them under RPC_ERRORS."""
    names = metrics.RPC_ERRORS.labels
    return family(metrics.RPC_ERRORS, ((tuple(labels.get(name, "") for name in names), n) for labels, n in errors))


def _named(counts: Mapping[str, int]) -> Iterator[tuple[tuple[str], int]]:
    return (((name,), count) for name, count in counts.items())


def _markets(counts: Mapping[MarketState | None, int]) -> Iterator[tuple[tuple[str], int]]:
    for state in (*MarketState, None):
        yield (state.name.lower() if state is not None else "finished",), counts.get(state, 0)


def _randomness(requests: Mapping[RequestStatus, Line]) -> Iterator[Metric]:
    lines = [((status.name.lower(),), requests.get(status, _NOBODY)) for status in RequestStatus]
    yield family(metrics.RANDOMNESS_OUTSTANDING, ((labels, line.count) for labels, line in lines))
    yield family(metrics.RANDOMNESS_OLDEST, ((labels, line.oldest_s) for labels, line in lines))


def _durations(runs: Tallies) -> Tallies:
    """By phase alone. A run that was lost ended when somebody noticed, which is no duration of a phase."""
    return _regrouped((key[:1], tally) for key, tally in runs.items() if key[1] != RunOutcome.LOST)


def _reasons(waits: Tallies) -> Tallies:
    """Reasons are names; words of any other kind would make series without end."""
    return _regrouped(((_reason(key[0]),), tally) for key, tally in waits.items())


def _reason(words: str) -> str:
    return words if words.isidentifier() and len(words) <= _LONGEST_REASON else "other"


def _regrouped(tallies: Iterable[tuple[tuple[str, ...], Tally]]) -> Tallies:
    grouped: dict[tuple[str, ...], Tally] = {}
    for key, tally in tallies:
        grouped[key] = grouped[key] + tally if key in grouped else tally
    return grouped


def _spreads(tallies: Tallies) -> Iterator[tuple[tuple[str, ...], Spread]]:
    return ((key, Spread(tally.upto, tally.count, tally.total / 1_000)) for key, tally in tallies.items())


def _tokens(key: tuple[str, ...], tally: Tally) -> Iterator[tuple[tuple[str, str], int]]:
    yield (key[0], "input"), tally.sums[0]
    yield (key[0], "output"), tally.sums[1]
