"""A real Prometheus and Alertmanager with a Watchdog and three rules, which tests make fire by setting a gauge."""

import asyncio
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http.server import HTTPServer
from pathlib import Path
from threading import Thread

from prometheus_client import CollectorRegistry, Gauge, start_http_server

from monitoring.clients.alertmanager import Alertmanager
from monitoring.clients.prometheus import Prometheus
from tests.parts import program
from tests.ports import free_port
from tests.servers import Server

PATIENCE_S = 60.0
REMEDY = "install Debian's {}"
GAUGES = {"watchdog": 1.0, "watchers": 1.0, "latency_seconds": 1.0, "queue_jobs": 0.0}
"""Each gauge, `test_` before its name, with the value at which all is quiet."""
RULES = """
groups:
  - name: test
    interval: 200ms
    rules:
      - alert: Watchdog
        expr: vector(1) and on () (test_watchdog == 1)
        labels: {severity: none}
        annotations: {summary: Fires always.}
      - alert: OracleDown
        expr: test_watchers < 1
        labels: {severity: critical, component: oracle}
        annotations:
          summary: No watcher is active.
          runbook_url: https://example.org/runbooks/oracle-down.md
      - alert: SentimentSlow
        expr: test_latency_seconds > 30
        labels: {severity: warning, component: analysis}
        annotations:
          summary: "Analyses take {{ $value }} s."
          runbook: sentiment-slow
      - alert: QueueGrows
        expr: test_queue_jobs > 100
        labels: {severity: warning, component: oracle}
        annotations: {summary: Jobs pile up.}
"""
PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 200ms, external_labels: {{site: here}}}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: test
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: [{targets}]}}]
"""
ALERTMANAGER = """
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 0s
  routes: [{receiver: nobody, continue: true}, {receiver: page}]
receivers: [{name: nobody}, {name: page}]
inhibit_rules:
  - source_matchers: [alertname = OracleDown]
    target_matchers: [alertname = QueueGrows]
    equal: [component]
"""


@dataclass
class MonitoringStack:
    """The servers, and what makes their rules fire."""

    prometheus: Server
    alertmanagers: Sequence[Server]
    """Two, of one cluster."""
    gauges: dict[str, Gauge]
    exporter: tuple[HTTPServer, Thread]

    @property
    def alertmanager_urls(self) -> tuple[str, ...]:
        """Of both."""
        return tuple(server.url for server in self.alertmanagers)

    def set(self, **values: float) -> None:
        """Set gauges by their names."""
        for name, value in values.items():
            self.gauges[name].set(value)

    async def quiet(self) -> None:
        """Nothing fires but the Watchdog, nothing is silenced; returns once both servers say so."""
        self.set(**GAUGES)
        async with Alertmanager(self.alertmanager_urls, 5) as alertmanager:
            for silence in (await alertmanager.silences()).value:
                await alertmanager.expire(silence)
        await self.fires("Watchdog")

    async def fires(self, *names: str) -> None:
        """Return once these and no others are known, to Prometheus and to each Alertmanager."""
        wanted = set(names)

        async def known() -> bool:
            async with Prometheus([self.prometheus.url], 5) as prometheus:
                rules = (await prometheus.rules()).value
            if {rule.name for rule in rules if rule.instances} != wanted:
                return False
            for url in self.alertmanager_urls:
                async with Alertmanager([url], 5) as alertmanager:
                    if {alert.labels.get("alertname") for alert in (await alertmanager.alerts()).value} != wanted:
                        return False
                    if (await alertmanager.silences()).value and wanted == {"Watchdog"}:
                        return False
            return True

        await until(known)

    def remove(self) -> None:
        """End everything."""
        for server in (self.prometheus, *self.alertmanagers):
            server.remove()
        httpd, thread = self.exporter
        httpd.shutdown()
        httpd.server_close()
        thread.join()


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Return once the awaited condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not await happened():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.05)


def monitoring_stack() -> MonitoringStack:
    """Start it all."""
    registry = CollectorRegistry()
    gauges = {name: Gauge(f"test_{name}", "Set by a test.", registry=registry) for name in GAUGES}
    for name, value in GAUGES.items():
        gauges[name].set(value)
    exporter = start_http_server(0, "127.0.0.1", registry)
    first_gossip, second_gossip = free_port(), free_port()
    alertmanagers = [
        alertmanager(f"127.0.0.1:{first_gossip}"),
        alertmanager(f"127.0.0.1:{second_gossip}", f"127.0.0.1:{first_gossip}"),
    ]
    server = prometheus(exporter[0].server_port, alertmanagers)
    return MonitoringStack(server, alertmanagers, gauges, exporter)


def prometheus(exporter: int, alertmanagers: Sequence[Server], rules: str = RULES) -> Server:
    """A Prometheus that reads the exporter of this port and tells the Alertmanagers."""
    binary = program("prometheus", REMEDY.format("prometheus"))
    folder, port = Path(tempfile.mkdtemp(prefix="opinion-")), free_port()
    targets = ", ".join(f'"{server.url.removeprefix("http://")}"' for server in alertmanagers)
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(exporter=exporter, targets=targets))
    (folder / "rules.yml").write_text(rules)
    command = [
        binary,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        # An Alertmanager that was started anew hears of what fires within seconds.
        "--rules.alert.resend-delay=5s",
    ]
    url = f"http://127.0.0.1:{port}"
    return Server(command, folder, url, lambda: _answers(f"{url}/-/ready")).start()


def alertmanager(gossip: str = "", peer: str = "") -> Server:
    """An Alertmanager by itself, or one that gossips at this address, with this peer."""
    binary = program("prometheus-alertmanager", REMEDY.format("prometheus-alertmanager"))
    folder, port = Path(tempfile.mkdtemp(prefix="opinion-")), free_port()
    (folder / "alertmanager.yml").write_text(ALERTMANAGER)
    command = [
        binary,
        "--config.file=alertmanager.yml",
        "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--cluster.listen-address={gossip}",
        "--cluster.settle-timeout=1s",
        *([f"--cluster.peer={peer}"] if peer else []),
    ]
    url = f"http://127.0.0.1:{port}"
    return Server(command, folder, url, lambda: _answers(f"{url}/-/ready")).start()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - an address of our own
            return answer.status == 200
    except OSError:
        return False
