"""`make run` at a terminal: a console over an oracle with something to do."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from chain.constants import MarketState
from tests.console.frames import Terminal
from tests.journeys.conftest import environment, one_sentence, opinion
from tests.parts import program
from tests.ports import free_port_pair

WITHIN_S = 120.0
RECEIPT = -1
SEEN = "SELECT CASE kind WHEN 'Market' THEN state ELSE -1 END FROM chain_account WHERE kind LIKE 'Market%'"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """As `make run` does, with quick slots."""
    for name, package in (("prometheus", "prometheus"), ("prometheus-alertmanager", "prometheus-alertmanager")):
        program(name, f"install Debian's {package}")
    opened = Terminal(
        "up", "--traffic", "--console", "--state", str(tmp_path / "state"), "--workers", "1",
        "--slot-ms", "100", "--rpc-port", str(free_port_pair()),
        environment=environment(XDG_CONFIG_HOME=str(tmp_path)),
    )  # fmt: skip
    yield opened
    opened.close()


def test_within_two_minutes_every_state_a_parked_market_a_failing_job_and_an_alert(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.until("Overview")
    began, seen = time.monotonic(), set[int]()
    wanted = {*MarketState, RECEIPT}
    with sqlite3.connect(f"file:{tmp_path}/state/oracle.db?mode=ro", uri=True) as database:
        while seen != wanted:
            assert time.monotonic() - began < WITHIN_S, f"of the states {wanted} only {seen}:\n{terminal.text()}"
            seen |= {state for (state,) in database.execute(SEEN)}
            terminal.read(0.02)
    database.close()
    terminal.until("is parked: a person must look")
    kept = (tmp_path / "state" / "env").read_text().splitlines()
    told = {name: value.strip("'") for name, _, value in (line.partition("=") for line in kept)}
    with Redis.from_url(told["REDIS_URL"]) as redis:
        assert Queue("clean", connection=redis, serializer=JSONSerializer).failed_job_registry.count == 1
    url, firing = told["ALERTMANAGER_URLS"], set[str]()
    while firing != {"SettlementParked", "Watchdog"}:
        assert time.monotonic() - began < WITHIN_S, firing
        firing = {alert["labels"]["alertname"] for alert in httpx.get(f"{url}/api/v2/alerts", trust_env=False).json()}
        terminal.read(0.2)

    children = psutil.Process(terminal.pid).children(recursive=True)
    terminal.press("q")
    assert terminal.end() == 0
    assert "nothing is left running" in terminal.text()
    assert not [child for child in children if child.is_running()]


def test_traffic_is_for_a_localnet(tmp_path: Path) -> None:
    abroad = opinion("traffic", NETWORK="devnet", cwd=tmp_path)
    there = opinion("up", "--traffic", "--rpc", "http://127.0.0.1:1", cwd=tmp_path)
    without = opinion("up", "--console", cwd=tmp_path)
    assert (abroad.returncode, there.returncode, without.returncode) == (2, 2, 2)
    assert all(one_sentence(done.stderr) for done in (abroad, there, without)), (abroad, there, without)
