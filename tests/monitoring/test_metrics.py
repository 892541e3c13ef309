"""What is declared keeps Prometheus' rules, and renders as Prometheus reads it."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from monitoring import metrics
from monitoring.metrics import ALL, Declaration, Kind, Spread, family, histogram, single


class _Of:
    """A collector of what it is given."""

    def __init__(self, *made: Metric) -> None:
        self._made = made

    def collect(self) -> tuple[Metric, ...]:
        return self._made


def _rendered(*made: Metric) -> str:
    registry = CollectorRegistry()
    registry.register(_Of(*made))
    return generate_latest(registry).decode()


def test_every_declaration_of_the_module_is_in_the_list_once() -> None:
    declared = [value for value in vars(metrics).values() if isinstance(value, Declaration)]
    assert sorted(declared, key=lambda d: d.name) == sorted(ALL, key=lambda d: d.name)
    assert len({declaration.name for declaration in ALL}) == len(ALL)


@pytest.mark.parametrize("declaration", ALL, ids=lambda d: d.name)
def test_a_declaration_keeps_the_rules(declaration: Declaration) -> None:
    assert declaration.name.startswith("opinion_")
    assert declaration.name.endswith("_total") == (declaration.kind is Kind.COUNTER)
    assert bool(declaration.buckets) == (declaration.kind is Kind.HISTOGRAM)
    assert list(declaration.buckets) == sorted(set(declaration.buckets))
    assert declaration.help.endswith(".")
    if declaration.kind is Kind.HISTOGRAM:
        assert declaration.name.endswith("_seconds")
        assert "le" not in declaration.labels


@pytest.mark.parametrize("declaration", [metrics.PHASE_DURATION, metrics.ANALYSIS_LATENCY, metrics.SETTLEMENT_WORK])
def test_objectives_have_their_buckets(declaration: Declaration) -> None:
    assert {1.0, 30.0} <= set(declaration.buckets)


def test_a_family_renders_as_prometheus_reads_it() -> None:
    hostile = 'a"b\\c\nd'
    text = _rendered(
        family(metrics.PHASE_RUNS, [(("pay", hostile), 7)]),
        single(metrics.HOLD_PLACED, 1),
        histogram(metrics.PHASE_DURATION, [(("pay",), Spread((1,) * 4 + (2,) * 8, 3, 301.5))]),
    )
    read = {f.name: f for f in text_string_to_metric_families(text)}
    assert read["opinion_phase_runs"].samples[0].labels == {"phase": "pay", "outcome": hostile}
    assert read["opinion_phase_runs"].samples[0].value == 7
    assert read["opinion_hold_placed"].samples[0].value == 1
    duration = {s.labels.get("le", s.name): s.value for s in read["opinion_phase_duration_seconds"].samples}
    assert duration["1.0"] == 2
    assert duration["30.0"] == 2
    assert duration["+Inf"] == duration["opinion_phase_duration_seconds_count"] == 3
    assert duration["opinion_phase_duration_seconds_sum"] == 301.5


def test_wrong_labels_or_buckets_are_refused() -> None:
    with pytest.raises(ValueError, match="opinion_phase_runs_total has the labels"):
        family(metrics.PHASE_RUNS, [(("pay",), 1)])
    with pytest.raises(ValueError, match="zip"):
        histogram(metrics.PHASE_DURATION, [(("pay",), Spread((1,), 1, 1.0))])
