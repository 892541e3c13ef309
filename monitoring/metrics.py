"""Every metric of ours, declared once: its name, kind, words, labels and buckets. Imports nothing of ours.

What counts work is derived from committed rows, so it is the same whichever watcher exports it, and nothing is lost
with a process. Rows of history are therefore never deleted: a counter would go down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)


class Kind(StrEnum):
    """What Prometheus may do with a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One metric. `buckets` (upper bounds, without +Inf) are a histogram's alone, in the unit that its name ends in."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


# 1 and 30 s are the bounds that objectives are written in.
PHASE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
ANALYSIS_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 60.0)
WORK_BUCKETS = (1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0, 120.0, 300.0)
# From a slot to the two weeks after which a market refunds.
WAIT_BUCKETS = (0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0, 1_209_600.0)

QUEUE_DUE = Declaration(
    "opinion_queue_due", Kind.GAUGE, "Settlements that are due and that nobody holds, by queue.", ("queue",)
)
QUEUE_OLDEST_DUE = Declaration(
    "opinion_queue_oldest_due_seconds",
    Kind.GAUGE,
    "How long the oldest due settlement of the queue has been due; 0 when there is none.",
    ("queue",),
)
QUEUE_JOBS = Declaration("opinion_queue_jobs", Kind.GAUGE, "Jobs that stand in Redis, by queue.", ("queue",))
QUEUE_OLDEST_JOB = Declaration(
    "opinion_queue_oldest_job_seconds",
    Kind.GAUGE,
    "How long the oldest job of the queue has stood in Redis; 0 when there is none.",
    ("queue",),
)
SETTLEMENTS = Declaration(
    "opinion_settlements",
    Kind.GAUGE,
    "Settlements by status and by what they wait for (empty where they do not wait).",
    ("status", "wait_reason"),
)
SETTLEMENTS_PARKED = Declaration(
    "opinion_settlements_parked", Kind.GAUGE, "Settlements that a person must look at, by phase.", ("phase",)
)
LEASES = Declaration("opinion_leases", Kind.GAUGE, "Settlements that a worker holds now, by phase.", ("phase",))
PHASE_RUNS = Declaration(
    "opinion_phase_runs_total",
    Kind.COUNTER,
    "Ended runs of a phase; outcome failed costs an attempt, outage and waited do not, lost were taken over.",
    ("phase", "outcome"),
)
PHASE_DURATION = Declaration(
    "opinion_phase_duration_seconds",
    Kind.HISTOGRAM,
    "How long a phase's runs took, without those that were lost.",
    ("phase",),
    PHASE_BUCKETS,
)
LEASES_TAKEN_OVER = Declaration(
    "opinion_leases_taken_over_total", Kind.COUNTER, "Runs whose lease ended before they did, by phase.", ("phase",)
)
WAIT = Declaration(
    "opinion_wait_seconds",
    Kind.HISTOGRAM,
    "From the end of a run that had to wait to the next run, by what it waited for; each further look counts anew.",
    ("reason",),
    WAIT_BUCKETS,
)
SETTLEMENT_WORK = Declaration(
    "opinion_settlement_work_seconds",
    Kind.HISTOGRAM,
    "Own work of a market from its first phase to being paid or refunded: the sum of its runs, waits left out.",
    ("ending",),
    WORK_BUCKETS,
)
SETTLEMENT_ELAPSED = Declaration(
    "opinion_settlement_elapsed_seconds",
    Kind.HISTOGRAM,
    "A market's time from the start of its first phase to being paid or refunded, with all waits.",
    ("ending",),
    WAIT_BUCKETS,
)
ANALYSIS_LATENCY = Declaration(
    "opinion_analysis_latency_seconds",
    Kind.HISTOGRAM,
    "How long a market's analysis took, all opinions, by analyser.",
    ("analyser",),
    ANALYSIS_BUCKETS,
)
ANALYSIS_TOKENS = Declaration(
    "opinion_analysis_tokens_total",
    Kind.COUNTER,
    "Tokens that analyses took, by analyser and direction.",
    ("analyser", "direction"),
)
ANALYSIS_COST = Declaration(
    "opinion_analysis_cost_dollars_total", Kind.COUNTER, "What analyses cost, by analyser.", ("analyser",)
)
MODEL_AVAILABLE = Declaration(
    "opinion_model_available",
    Kind.GAUGE,
    "0 when the newest run of the analysis ended in an outage of the model, else 1; absent before the first.",
)
RANDOMNESS_OUTSTANDING = Declaration(
    "opinion_randomness_outstanding",
    Kind.GAUGE,
    "Markets that await randomness, by how far the request has come.",
    ("status",),
)
RANDOMNESS_OLDEST = Declaration(
    "opinion_randomness_oldest_seconds",
    Kind.GAUGE,
    "How long ago the oldest request that is not drawn yet was made; 0 when there is none.",
    ("status",),
)
MARKETS = Declaration(
    "opinion_markets",
    Kind.GAUGE,
    "Markets by state, as the follower saw them last; finished ones by receipt.",
    ("state",),
)
TRANSACTIONS = Declaration(
    "opinion_transactions_total", Kind.COUNTER, "Concluded transactions of the oracle by outcome.", ("outcome",)
)
TRANSACTIONS_OPEN = Declaration(
    "opinion_transactions_open", Kind.GAUGE, "Signed transactions whose outcome is not known yet."
)
RPC_ERRORS = Declaration(
    "opinion_rpc_errors_total",
    Kind.COUNTER,
    "Failed RPC calls by endpoint (without path and key) and kind of error.",
    ("endpoint", "kind"),
)
HOLD_PLACED = Declaration(
    "opinion_hold_placed", Kind.GAUGE, "1 while a person holds the oracle: nothing of it acts on the outside."
)
WATCHER_ACTIVE = Declaration("opinion_watcher_active", Kind.GAUGE, "1 in the active watcher, 0 in one on standby.")
FOLLOWER_READ = Declaration(
    "opinion_follower_last_read_timestamp_seconds",
    Kind.GAUGE,
    "When the follower last heard from the chain, Unix time; absent before the first time.",
)
FOLLOWER_LAG = Declaration(
    "opinion_follower_lag_slots", Kind.GAUGE, "Slots between the newest known one and what the follower has read."
)
FULL_READ = Declaration(
    "opinion_follower_full_read_timestamp_seconds",
    Kind.GAUGE,
    "When the follower last read every account of the program, by commitment, Unix time.",
    ("commitment",),
)
DATABASE_UP = Declaration(
    "opinion_database_up", Kind.GAUGE, "0 when the figures could not be read for this scrape: they are then left out."
)
REDIS_UP = Declaration("opinion_redis_up", Kind.GAUGE, "0 when Redis did not answer for this scrape.")
LAST_REFRESH = Declaration(
    "opinion_exporter_last_refresh_timestamp_seconds",
    Kind.GAUGE,
    "When figures were last read from the database, Unix time; absent before the first time.",
)

ALL: tuple[Declaration, ...] = (
    QUEUE_DUE,
    QUEUE_OLDEST_DUE,
    QUEUE_JOBS,
    QUEUE_OLDEST_JOB,
    SETTLEMENTS,
    SETTLEMENTS_PARKED,
    LEASES,
    PHASE_RUNS,
    PHASE_DURATION,
    LEASES_TAKEN_OVER,
    WAIT,
    SETTLEMENT_WORK,
    SETTLEMENT_ELAPSED,
    ANALYSIS_LATENCY,
    ANALYSIS_TOKENS,
    ANALYSIS_COST,
    MODEL_AVAILABLE,
    RANDOMNESS_OUTSTANDING,
    RANDOMNESS_OLDEST,
    MARKETS,
    TRANSACTIONS,
    TRANSACTIONS_OPEN,
    RPC_ERRORS,
    HOLD_PLACED,
    WATCHER_ACTIVE,
    FOLLOWER_READ,
    FOLLOWER_LAG,
    FULL_READ,
    DATABASE_UP,
    REDIS_UP,
    LAST_REFRESH,
)


@dataclass(frozen=True, slots=True)
class Spread:
    """A histogram's values: how many are at or below each of its buckets, how many there are, and their sum."""

    upto: tuple[int, ...]
    count: int
    total: float


def single(declaration: Declaration, value: float) -> Metric:
    """Return a metric without labels and its one value."""
    return family(declaration, [((), value)])


def family(declaration: Declaration, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
    """Return a counter or gauge with a value for each tuple of label values; raises ValueError for wrong labels."""
    made = CounterMetricFamily if declaration.kind is Kind.COUNTER else GaugeMetricFamily
    metric = made(declaration.name, declaration.help, labels=declaration.labels)
    for labels, value in samples:
        metric.add_metric(_fitting(declaration, labels), value)
    return metric


def histogram(declaration: Declaration, samples: Iterable[tuple[Sequence[str], Spread]]) -> Metric:
    """Return a histogram with a spread for each tuple of label values; raises ValueError where one does not fit."""
    metric = HistogramMetricFamily(declaration.name, declaration.help, labels=declaration.labels)
    bounds = [str(float(bound)) for bound in declaration.buckets]
    for labels, spread in samples:
        buckets = [*zip(bounds, spread.upto, strict=True), ("+Inf", spread.count)]
        metric.add_metric(_fitting(declaration, labels), buckets, spread.total)
    return metric


def _fitting(declaration: Declaration, labels: Sequence[str]) -> Sequence[str]:
    if len(labels) != len(declaration.labels):
        raise ValueError(f"{declaration.name} has the labels {declaration.labels}, not values {tuple(labels)}")
    return labels
