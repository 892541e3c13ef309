"""An incident's timeline: put together from what was read, and read from a real database and a real Prometheus."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chain.rpc import Rpc
from chain.units import Slot
from monitoring.clients.labels import Labels
from monitoring.clients.prometheus import Series
from monitoring.clients.server import Merged, Reach
from ops.alerts.watching import Watch
from ops.incident.document import document
from ops.incident.events import Kind, alerts, intervals, silent
from ops.incident.reading import MOST, Read, part_of, read, step_of
from ops.incident.timeline import Timeline, assemble, report
from ops.standing import Deployed, Standing
from ops.times import Span
from settings import Network, Settings
from store import holds, runbooks, settlements
from store.audit_log import Entry
from store.database import Database
from store.migrations import migrate
from store.runbooks import Run
from store.settlements import Phase, Queue
from store.spans import PhasesDone, PhaseSeen, Settling, Stop
from tests.monitoring_stack import MonitoringStack, until
from tests.ops.test_markdown import HOSTILE
from tests.samples import key

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
HOUR, STEP = timedelta(hours=1), timedelta(seconds=15)
SPAN = Span(NOW - HOUR, NOW)
NOWHERE = "http://127.0.0.1:1"
NOTHING = Read(
    acts=(), troubles=(), successes=(), counted=(), part=timedelta(minutes=5),
    settling=Settling(done=0, refunded=0, p95_s=None, failed=0, failed_markets=0), stops=(), runs=(), fired=None,
    step=STEP, program="No RPC node answers",
)  # fmt: skip


def minute(number: float) -> datetime:
    return SPAN.since + timedelta(minutes=number)


def entry(number: int, at: datetime, act: str = "park", reason: str = "a look", actor: str = "ann@bastion") -> Entry:
    return Entry(number=number, at=at, actor=actor, act=act, subject="M", details=json.dumps({"reason": reason}))


def run(at: datetime, outcome: str | None, reason: str | None = None) -> PhaseSeen:
    ended = None if outcome is None else at + timedelta(seconds=2)
    return PhaseSeen(
        market="M",
        phase="prove",
        attempt=1,
        worker="vm:1:a",
        started_at=at,
        ended_at=ended,
        outcome=outcome,
        reason=reason,
    )


def fires(name: str, *minutes: tuple[float, float]) -> Series:
    """An alert that fires between these."""
    points = {}
    for first, last in minutes:
        at = minute(first)
        while at <= minute(last):
            points[at] = 1.0
            at += STEP
    return Series(Labels.of({"alertname": name, "alertstate": "firing", "severity": "critical", "job": "x"}), points)


def told(kept: Read, **others: object) -> str:
    return document(assemble(replace(kept, **others), SPAN), Network.DEVNET, "ann@bastion", NOW).text  # pyright: ignore[reportArgumentType]


def test_all_that_happened_stands_in_its_order_with_its_kind() -> None:
    text = told(
        NOTHING,
        acts=(entry(1, minute(5), "hold"), entry(2, minute(20), "start runbook")),
        troubles=(run(minute(3), "failed", "no answer"), run(minute(30), None)),
        counted=(
            PhasesDone(start=minute(10), phase="close", count=1200),
            PhasesDone(start=minute(10), phase="pay", count=34),
        ),
        fired=Merged((fires("Watchdog", (0, 60)), fires("OracleDown", (4, 6))), (Reach("one"),)),
    )
    lines = [line for line in text.splitlines() if line.startswith("- 0")]
    assert lines == [
        "- 02:03:00 **phase** `prove` of `M`, attempt 1: `failed` after 2.00 s: `no answer`, by `vm:1:a`",
        "- 02:04:00 **alert** `OracleDown` fires: `job=x, severity=critical`",
        "- 02:05:00 **stop** `ann@bastion`: `hold` `M`: `reason: a look`",
        "- 02:06:00 **alert** `OracleDown` ends after 2 min 0 s: `job=x, severity=critical`",
        "- 02:10:00 **settled** 1,234 phases done until 02:15:00: `close` 1,200, `pay` 34",
        "- 02:20:00 **runbook** `ann@bastion`: `start runbook` `M`: `reason: a look`",
        "- 02:30:00 **phase** `prove` of `M`, attempt 1: no end: under way, or its worker died, by `vm:1:a`",
    ]
    assert "In all: acts by people 2, by the oracle 0; alerts 1; phases that went wrong 2, well 1,234;" in text


def test_what_held_before_is_told_first() -> None:
    before = minute(-10)
    stop = Stop(queue=None, why="an upgrade", placed_by="ann", placed_at=before, lifted_by=None, lifted_at=None)
    gone = Run(
        id=1, runbook="oracle-down", digest="", started_by="bob", started_at=before, ended_by=None, ended_at=None,
        outcome=None, note=None,
    )  # fmt: skip
    text = told(
        NOTHING,
        stops=(stop, replace(stop, queue="capture"), replace(stop, placed_at=minute(5))),
        runs=(gone, replace(gone, started_at=minute(1))),
    )
    start = text.partition("## At the start\n")[2].partition("\n## ")[0].split("\n- ")[1:]
    assert [line.strip() for line in start] == [
        "the whole oracle is held since 2026-11-24 01:50:00, by `ann`: `an upgrade`",
        "the queue `capture` is paused since 2026-11-24 01:50:00, by `ann`: `an upgrade`",
        "the runbook `oracle-down` is gone through since 2026-11-24 01:50:00, begun by `bob`",
    ]


def test_what_is_not_known_or_left_out_is_told() -> None:
    text = told(NOTHING, acts=tuple(entry(n, minute(n / 100)) for n in range(MOST + 1)))
    assert f"Only the first {MOST} acts are told, up to 2026-11-24 02:05:00." in text
    assert "no Prometheus is configured" in text
    assert "What the program runs is not known: `No RPC node answers`." in text
    assert text.count("**act**") == MOST
    away = Merged((), (Reach("here:9090", "cannot be reached"),))
    assert "Prometheus `here:9090` was not heard: `cannot be reached`." in told(NOTHING, fired=away)
    assert "No Watchdog" not in told(NOTHING, fired=away)
    gap = Merged((fires("Watchdog", (0, 10), (30, 60)),), (Reach("here"),))
    assert "No Watchdog from 2026-11-24 02:10:00 to 2026-11-24 02:30:00" in told(NOTHING, fired=gap)


def test_what_the_program_runs_is_told() -> None:
    deployed = Deployed(program=key(1), slot=Slot(1234), length=5, hash_="ab" * 32, built_hash="ab" * 32)
    text = told(NOTHING, program=Standing(slot=Slot(2000), paused=False, authorities=[], deployed=deployed))
    assert f"The program runs `{'ab' * 32}` since slot 1,234: the build that came with this software." in text


def test_an_alert_that_fires_already_or_still_has_no_beginning_or_end() -> None:
    found = [event.plain() for event in alerts([fires("A", (0, 1), (59.9, 60))], SPAN, STEP)]
    assert found == ["A fires already: job=x, severity=critical", "A ends after 1 min 0 s: job=x, severity=critical",
                     "A fires: job=x, severity=critical"]  # fmt: skip


def test_without_any_watchdog_all_of_the_time_is_told() -> None:
    assert list(silent([], SPAN, STEP)) == [(SPAN.since, SPAN.until)]
    assert list(silent([fires("Watchdog", (0, 60))], SPAN, STEP)) == []


@given(st.lists(st.integers(0, 200), unique=True, max_size=40))
def test_intervals_hold_every_value_and_lie_apart(steps: list[int]) -> None:
    series = Series(Labels(()), {NOW + STEP * step: 1.0 for step in steps})
    found = list(intervals(series, STEP))
    inside = [at for first, last in found for at in series.points if first <= at <= last]
    assert sorted(inside) == sorted(series.points)
    assert all(later[0] - earlier[1] > STEP for earlier, later in pairwise(found))


@given(st.integers(1, 31 * 86_400))
def test_steps_are_whole_and_parts_are_few(seconds: int) -> None:
    span = Span(NOW, NOW + timedelta(seconds=seconds))
    step, part = step_of(span), part_of(span)
    assert step.microseconds == 0
    assert span.seconds / step.total_seconds() <= 1_440
    assert span.seconds / part.total_seconds() <= 12


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_words_break_the_document(reason: str, worker: str, label: str) -> None:
    def structure(reason: str, worker: str, label: str) -> list[str]:
        series = Series(Labels((("alertname", label or "x"), ("job", reason))), {minute(5): 1.0})
        failed = replace(run(minute(1), "failed", reason or None), worker=worker or "w")
        text = told(
            NOTHING,
            acts=(entry(1, minute(1), reason=reason, actor=worker),),
            troubles=(failed,) if reason else (),
            fired=Merged((series,), (Reach("here", label or "x"),)),
        )
        return [token.type for token in MarkdownIt("commonmark").enable("table").parse(text)]

    assert structure(reason, worker, label) == structure("x" if reason else "", "x", "x")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as found:
        await migrate(found)
        yield found


async def timeline(db: Database, settings: Settings, since: datetime, market: str = "") -> Timeline:
    span = Span(since, await db.now() + timedelta(seconds=1))
    async with Watch(settings) as watch, Rpc(settings.solana_rpc_url, timeout=2, rounds=1) as rpc:
        return assemble(await read(db, watch, settings, rpc, span, market), span, market)


async def test_a_real_incident_is_told(db: Database, monitoring_servers: MonitoringStack) -> None:
    settings = Settings(
        solana_rpc_url=NOWHERE,  # pyright: ignore[reportArgumentType]
        prometheus_urls=monitoring_servers.prometheus.url,  # pyright: ignore[reportArgumentType]
    )
    await monitoring_servers.quiet()
    since = await db.now() - timedelta(minutes=10)
    monitoring_servers.set(watchers=0)
    await monitoring_servers.fires("Watchdog", "OracleDown")
    await holds.place(db, "no watcher", "ann@bastion")
    await runbooks.start(db, "oracle-down", "digest", "ann@bastion")
    await settlements.add(db, "A", Phase.PROVE, Queue.SETTLE)
    await settlements.park(db, "A", "it fails", "ann@bastion")
    await settlements.add(db, "B", Phase.PROVE, Queue.SETTLE)
    await settlements.park(db, "B", "it fails too", "bob@bastion")

    async def known() -> bool:
        seen = await timeline(db, settings, since)
        return any(event.said[0] == "OracleDown" for event in seen.events)

    await until(known)
    seen = await timeline(db, settings, since)
    acts = [event.said[1] for event in seen.events if event.kind is not Kind.ALERT]
    assert acts == ["hold", "start runbook", "park", "park"]
    assert [event.kind for event in seen.events if event.kind is not Kind.ALERT][:2] == [Kind.STOP, Kind.RUNBOOK]
    assert "No RPC node" in seen.deployed.plain() or "cannot be reached" in seen.deployed.plain()
    one = await timeline(db, settings, since, "B")
    assert [event.said[0] for event in one.events if event.kind is Kind.ACT] == ["bob@bastion"]
    as_json = report(one)
    assert (as_json["schema"], as_json["market"]) == (1, "B")
    assert {event["kind"] for event in as_json["events"]} >= {"act", "alert"}
    await monitoring_servers.quiet()


async def test_a_prometheus_that_is_away_is_told_in_the_document(db: Database) -> None:
    settings = Settings(prometheus_urls=NOWHERE, solana_rpc_url=NOWHERE)  # pyright: ignore[reportArgumentType]
    seen = await timeline(db, settings, NOW)
    assert "Alerts: Prometheus 127.0.0.1:1 was not heard: cannot be reached." in [one.plain() for one in seen.limits]
