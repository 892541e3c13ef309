"""Prometheus and Alertmanager beside a localnet's oracle, where this host has them."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx

from ops.up.child import Child
from ops.up.state import State

PROMETHEUS, ALERTMANAGER = "prometheus", "prometheus-alertmanager"
"""As Debian names the programs; the second goes by its own name elsewhere."""
_LOOK_TIMEOUT_S = 2.0
_PROMETHEUS = """\
global: {{scrape_interval: 5s, evaluation_interval: 5s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: oracle
    static_configs: [{{targets: ["127.0.0.1:{metrics}"]}}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
"""
_ALERTMANAGER = """\
route: {receiver: nobody, group_by: [component], group_wait: 1s, group_interval: 5s}
receivers: [{name: nobody}]
"""


@dataclass(frozen=True)
class Addresses:
    """Where both listen, on loopback."""

    prometheus: int
    alertmanager: int

    def told(self) -> dict[str, str]:
        """What the oracle's processes and the console are told by their environment."""
        return {
            "PROMETHEUS_URLS": f"http://127.0.0.1:{self.prometheus}",
            "ALERTMANAGER_URLS": f"http://127.0.0.1:{self.alertmanager}",
        }


def children(state: State, addresses: Addresses, metrics_port: int, layer: int) -> list[Child]:
    """Return both servers; none where this host lacks one of them or where nothing is measured.

    What they gather is kept in the state's folder, for an hour.
    """
    prometheus = shutil.which(PROMETHEUS)
    alertmanager = shutil.which(ALERTMANAGER) or shutil.which("alertmanager")
    if not (prometheus and alertmanager and metrics_port):
        return []
    folder = state.folder / "monitoring"
    folder.mkdir(exist_ok=True)
    rules = Path(str(files("monitoring") / "rules" / "localnet.yml"))
    ours, theirs = addresses.prometheus, addresses.alertmanager
    config, routes = folder / "prometheus.yml", folder / "alertmanager.yml"
    config.write_text(_PROMETHEUS.format(rules=rules, metrics=metrics_port, alertmanager=theirs))
    routes.write_text(_ALERTMANAGER)
    return [
        Child(
            "alerts",
            (
                alertmanager, f"--config.file={routes}", f"--storage.path={folder / 'alerts'}",
                f"--web.listen-address=127.0.0.1:{theirs}", "--cluster.listen-address=", "--log.level=warn",
            ),
            state.log("alerts"),
            layer,
            ready=_ready(theirs),
        ),
        Child(
            "prometheus",
            (
                prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'series'}",
                "--storage.tsdb.retention.time=1h", f"--web.listen-address=127.0.0.1:{ours}", "--log.level=warn",
            ),
            state.log("prometheus"),
            layer,
            ready=_ready(ours),
        ),
    ]  # fmt: skip


def _ready(port: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        async with httpx.AsyncClient(timeout=_LOOK_TIMEOUT_S, trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/-/ready")).is_success
            except httpx.HTTPError:
                return False

    return look
