"""The Alerts screen by keys, over a real Prometheus and real Alertmanagers; and the bell, in a real terminal."""

import json
import re
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from settings import Settings
from store.database import Database
from store.migrations import migrate
from store.schema import audit
from tests.console.frames import Terminal
from tests.console.pilots import Seat, seated
from tests.monitoring_stack import MonitoringStack, alertmanager

NOWHERE = "http://127.0.0.1:1"
ALL = ("Watchdog", "OracleDown", "SentimentSlow", "QueueGrows")


@pytest.fixture
async def database(tmp_path: Path) -> str:
    """The URL of a database that has its tables."""
    url = f"sqlite:///{tmp_path}/oracle.db"
    async with Database(url) as db:
        await migrate(db)
    return url


def settings_of(database: str, prometheus: str, alertmanagers: str) -> Settings:
    return Settings(
        database_url=database,
        solana_rpc_url=NOWHERE,  # pyright: ignore[reportArgumentType]
        redis_url="redis://127.0.0.1:1/0",
        prometheus_urls=prometheus,  # pyright: ignore[reportArgumentType]
        alertmanager_urls=alertmanagers,  # pyright: ignore[reportArgumentType]
    )


@asynccontextmanager
async def at_alerts(stack: MonitoringStack, database: str, *, read_only: bool = False) -> AsyncIterator[Seat]:
    settings = settings_of(database, stack.prometheus.url, ",".join(stack.alertmanager_urls))
    async with seated(settings, "alerts", read_only=read_only) as seat:
        yield seat


async def acts(database: str) -> list[str]:
    async with Database(database) as db, db.read() as connection:
        return list((await connection.execute(select(audit.c.act).order_by(audit.c.number))).scalars())


async def test_what_fires_is_shown_in_full_with_its_value_and_its_runbook(
    monitoring_servers: MonitoringStack, database: str
) -> None:
    await monitoring_servers.quiet()
    async with at_alerts(monitoring_servers, database) as seat:
        await seat.until("Nothing is firing.")
        monitoring_servers.set(watchers=0, latency_seconds=44, queue_jobs=500)
        await monitoring_servers.fires(*ALL)
        text = await seat.until("Firing: 1 critical, 1 warning, 1 inhibited.")
        assert "2 firing  1 suppressed (x)" in text
        assert "!! CRIT OracleDown" in text
        assert "QueueGrows" not in text

        await seat.press("x")
        assert "inhibited while OracleDown fires" in await seat.until("QueueGrows")

        await seat.press("down", "enter")
        text = await seat.until("fires > 30")
        assert "! warn SentimentSlow, firing since" in text
        assert "44, fires > 30" in text
        assert "component=analysis" in text
        await seat.press("r")
        await seat.until("Sentiment is slow, or fails (for on-call)")
        await seat.press("escape")
        await seat.until("daily-signer")
        await seat.press("escape")
        await seat.until("! warn SentimentSlow, firing since")
        monitoring_servers.set(latency_seconds=1)
        await seat.until("It is over")

        await seat.press("escape")
        await seat.until("!! CRIT OracleDown")
        await seat.press("G", "r")
        await seat.until("It has no runbook")
        await seat.press("y")
        await seat.until('Copied: alertname="QueueGrows"')


async def test_silenced_and_ended_by_keys(monitoring_servers: MonitoringStack, database: str) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(latency_seconds=44)
    await monitoring_servers.fires("Watchdog", "SentimentSlow")
    async with at_alerts(monitoring_servers, database) as seat:
        await seat.until("! warn  SentimentSlow")
        await seat.press("s")
        await seat.until("Now it silences SentimentSlow.")
        await seat.press("enter")
        await seat.until("A comment has 1 to 500 characters")
        await seat.type("a look")
        await seat.press("enter")
        await seat.until("Silenced until")
        await seat.until("Nothing is firing; 1 silenced.")

        await seat.press("x")
        await seat.until("silenced  until")
        await seat.press("tab")
        text = await seat.until("silences: 1")
        assert 'alertname="SentimentSlow"' in text
        await seat.press("escape", "e")
        await seat.until("End the silence of")
        await seat.press("enter")
        await seat.until("The silence is ended.")
        await seat.until("Firing: 1 warning.")
    assert await acts(database) == ["silence", "silenced", "expire silence", "silence expired"]


async def test_a_silence_that_would_catch_more_than_was_shown_asks_again(
    monitoring_servers: MonitoringStack, database: str
) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(watchers=0, latency_seconds=44)
    await monitoring_servers.fires("Watchdog", "OracleDown", "SentimentSlow")
    async with at_alerts(monitoring_servers, database) as seat:
        await seat.until("! warn  SentimentSlow")
        await seat.press("s")
        await seat.until("Now it silences OracleDown.")
        # To the first line, and another condition in the place of all that stand there.
        await seat.press("shift+tab", "shift+tab", "ctrl+u")
        await seat.type('severity=~".+"')
        await seat.press("tab", "ctrl+u")
        await seat.type("10x")
        await seat.press("tab")
        await seat.type("a look")
        await seat.press("enter")
        await seat.until("'10x' is no time")
        await seat.press("ctrl+u")
        await seat.type("10m")
        await seat.press("enter", "enter")
        await seat.until("It silences OracleDown, SentimentSlow, Watchdog: more than was shown.")
        await seat.press("escape")
        await seat.until("Nothing was done.")
    assert await acts(database) == []


async def test_a_silence_needs_an_alert_and_a_runbook_too(monitoring_servers: MonitoringStack, database: str) -> None:
    await monitoring_servers.quiet()
    async with at_alerts(monitoring_servers, database) as seat:
        await seat.until("Nothing is firing.")
        for key, words in (("s", "No alert is here to be silenced."), ("e", "No silence is here"), ("r", "No alert")):
            await seat.press(key)
            await seat.until(words)


async def test_who_only_looks_cannot_silence(monitoring_servers: MonitoringStack, database: str) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(latency_seconds=44)
    await monitoring_servers.fires("Watchdog", "SentimentSlow")
    async with at_alerts(monitoring_servers, database, read_only=True) as seat:
        text = await seat.until("! warn  SentimentSlow")
        assert "silence" not in text.splitlines()[-1].replace("Tab silences", "")
        await seat.press("s", "e")
        assert "Now it silences" not in seat.text()


async def test_alerts_of_one_name_are_opened_and_filtered(monitoring_servers: MonitoringStack, database: str) -> None:
    await monitoring_servers.quiet()
    alone = alertmanager()
    labels = [{"alertname": "EndpointLags", "severity": "warning", "endpoint": name} for name in ("one", "two")]
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = json.dumps([{"labels": of, "annotations": {"summary": "It lags."}, "endsAt": ends_at} for of in labels])
    request = urllib.request.Request(  # noqa: S310 - an address of our own
        f"{alone.url}/api/v2/alerts", body.encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: ASYNC210, S310 - before the console
        settings = settings_of(database, monitoring_servers.prometheus.url, alone.url)
        async with seated(settings, "alerts") as seat:
            await seat.until("> EndpointLags (2)")
            await seat.press("enter")
            text = await seat.until("v EndpointLags (2)")
            assert "    one" in text
            await seat.press("s")
            await seat.until("Now it silences EndpointLags (2).")
            assert "endpoint" not in seat.text(), "what they have in common"
            await seat.press("escape")
            await seat.press("slash")
            await seat.type("endpoint=two")
            await seat.press("enter")
            await seat.without("EndpointLags (2)")
            assert "EndpointLags" in seat.text()
            assert "/endpoint=two" in seat.text()
            await seat.press("escape", "slash")
            await seat.type("since>x")
            await seat.until("is no duration")
    finally:
        alone.remove()


async def test_what_is_not_known_is_told_apart(monitoring_servers: MonitoringStack, database: str) -> None:
    await monitoring_servers.quiet()
    async with seated(settings_of(database, "", ""), "alerts") as seat:
        await seat.until("Alerts are not configured: set PROMETHEUS_URLS")
        await seat.press("s")
        await seat.until("No alert is here")
    async with seated(settings_of(database, NOWHERE, NOWHERE), "alerts") as seat:
        await seat.until("Cannot reach Prometheus: 127.0.0.1:1 cannot be reached.")
        await seat.until("no alerts yet")
    monitoring_servers.set(watchdog=0)
    await monitoring_servers.fires()
    async with at_alerts(monitoring_servers, database) as seat:
        await seat.until("Watchdog is missing: its rule does not fire")


async def test_when_all_are_lost_the_last_stays(monitoring_servers: MonitoringStack, database: str) -> None:
    await monitoring_servers.quiet()
    alone = alertmanager()
    labels = {"alertname": "EndpointLags", "severity": "warning"}
    request = urllib.request.Request(  # noqa: S310 - an address of our own
        f"{alone.url}/api/v2/alerts", json.dumps([{"labels": labels}]).encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: ASYNC210, S310 - before the console
        async with seated(settings_of(database, "", alone.url), "alerts") as seat:
            await seat.until("Watchdog is missing: Alertmanager hears from no Prometheus")
            await seat.until("EndpointLags")
            alone.end()
            text = await seat.until("Cannot reach Alertmanager")
            assert "EndpointLags" in text
            await seat.until(", again in")
            assert seat.app.screen.query_one("#alerts").has_class("stale")
    finally:
        alone.remove()


@pytest.fixture
async def terminal(monitoring_servers: MonitoringStack, database: str, tmp_path: Path) -> AsyncIterator[Terminal]:
    """A console in a terminal, on another screen than Alerts."""
    environment = {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "DATABASE_URL": database,
        "SOLANA_RPC_URL": NOWHERE,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PROMETHEUS_URLS": monitoring_servers.prometheus.url,
        "ALERTMANAGER_URLS": ",".join(monitoring_servers.alertmanager_urls),
    }
    await monitoring_servers.quiet()
    opened = Terminal("console", "--screen", "markets", environment=environment)
    yield opened
    opened.close()


def read_again(terminal: Terminal, words: str) -> None:
    """Go to the alerts, have them read anew, and wait until they tell the words."""
    terminal.press("\x12")
    terminal.until(words)


def bells(terminal: Terminal) -> int:
    """How often it rang: a BEL may also end an operating system command."""
    return re.sub(rb"\x1b\][^\x07\x1b]*\x07", b"", terminal.sent).count(b"\x07")


async def test_a_new_critical_rings_once_on_any_screen(monitoring_servers: MonitoringStack, terminal: Terminal) -> None:
    terminal.until("Markets")
    assert bells(terminal) == 0
    monitoring_servers.set(watchers=0)
    await monitoring_servers.fires("Watchdog", "OracleDown")
    terminal.until("CRITICAL: OracleDown: No watcher is active.")
    notification = b"\x1b]9;CRITICAL: OracleDown: No watcher is active.\x07"
    assert terminal.sent.count(notification) == 1
    assert bells(terminal) == 1

    terminal.press(":alerts\r")
    terminal.until("Firing: 1 critical.")
    monitoring_servers.set(latency_seconds=44)
    await monitoring_servers.fires("Watchdog", "OracleDown", "SentimentSlow")
    read_again(terminal, "Firing: 1 critical, 1 warning.")
    assert terminal.sent.count(b"\x1b]9;") == 1

    monitoring_servers.set(watchers=1, latency_seconds=1)
    await monitoring_servers.fires("Watchdog")
    read_again(terminal, "Nothing is firing.")
    monitoring_servers.set(watchers=0)
    await monitoring_servers.fires("Watchdog", "OracleDown")
    read_again(terminal, "Firing: 1 critical.")
    assert terminal.sent.count(notification) == 2, "another episode"
