"""The clients of Prometheus and Alertmanager: against real ones, and against servers that misbehave."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_api_client import PrometheusConnect

from monitoring.clients import server as server_module
from monitoring.clients.alertmanager import Alert, Alertmanager, AlertState, Matcher, SilenceState
from monitoring.clients.errors import MonitoringError
from monitoring.clients.labels import Labels
from monitoring.clients.prometheus import Pending, Prometheus, Rule
from monitoring.clients.server import Reach, names
from tests.monitoring_stack import MonitoringStack, alertmanager, until

NOWHERE = "http://127.0.0.1:1"
ALL = ("Watchdog", "OracleDown", "SentimentSlow", "QueueGrows")


async def alerts_of(*urls: str) -> dict[str, Alert]:
    async with Alertmanager(urls, 5) as client:
        found = await client.alerts()
    assert [one.why for one in found.reach] == [None] * len(urls)
    return {alert.labels.get("alertname"): alert for alert in found.value}


async def rules_of(*urls: str) -> dict[str, Rule]:
    async with Prometheus(urls, 5) as client:
        return {rule.name: rule for rule in (await client.rules()).value}


async def test_two_of_each_tell_everything_once(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(watchers=0, latency_seconds=44, queue_jobs=500)
    await monitoring_servers.fires(*ALL)
    found = await alerts_of(*monitoring_servers.alertmanager_urls)
    assert set(found) == set(ALL)
    down, grows = found["OracleDown"], found["QueueGrows"]
    assert (down.state, down.inhibited_by, down.receivers) == (AlertState.ACTIVE, (), ("nobody", "page"))
    assert (grows.state, grows.inhibited_by) == (AlertState.SUPPRESSED, (down.fingerprint,))
    assert len(down.servers) == 2
    assert down.labels.get("site") == "here"

    url = monitoring_servers.prometheus.url
    rules = await rules_of(url, url)
    [instance] = rules["SentimentSlow"].instances
    assert (instance.value, instance.state, len(instance.servers)) == (44.0, Pending.FIRING, 2)
    assert instance.annotations.get("summary") == "Analyses take 44 s."
    assert instance.labels.within(found["SentimentSlow"].labels)
    assert rules["OracleDown"].annotations.get("runbook_url").endswith("oracle-down.md")
    assert rules["OracleDown"].trouble is None


async def test_values_over_time_are_those_of_the_reference_client(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    end = datetime.now(UTC).replace(microsecond=0)
    start, step = end - timedelta(seconds=60), timedelta(seconds=1)
    url = monitoring_servers.prometheus.url
    async with Prometheus([url, NOWHERE, url], 5) as client:
        found = await client.range("test_queue_jobs", start, end, step)
    assert [one.why for one in found.reach] == [None, "cannot be reached", None]
    [series] = found.value
    reference = PrometheusConnect(url=url, timeout=5)
    [expected] = await asyncio.to_thread(reference.custom_query_range, "test_queue_jobs", start, end, "1")
    reference.close()
    assert dict(series.labels.pairs) == expected["metric"]
    assert {at.timestamp(): value for at, value in series.points.items()} == {
        float(at): float(value) for at, value in expected["values"]
    }
    assert series.points


async def test_what_a_server_refuses_is_told_in_its_words(monitoring_servers: MonitoringStack) -> None:
    async with Prometheus([monitoring_servers.prometheus.url], 5) as client:
        found = await client.range("no(", datetime.now(UTC), datetime.now(UTC), timedelta(seconds=1))
    [reach] = found.reach
    assert not found.answered
    assert reach.why is not None
    assert "HTTP 400" in reach.why
    assert "parse error" in reach.why


async def test_a_silence_is_placed_once_in_a_cluster_and_ended(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    matchers = (Matcher("alertname", "Watch.*", is_regex=True), Matcher("severity", "critical", is_equal=False))
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    async with Alertmanager(monitoring_servers.alertmanager_urls, 5) as client:
        done = await client.create(matchers, ends_at=ends_at, created_by="alice@host", comment="a look")
        assert len(done.value) == 1

        async def everywhere() -> bool:
            return [len(silence.places) for silence in (await client.silences()).value] == [2]

        await until(everywhere)
        [silence] = (await client.silences()).value
        assert silence.matchers == matchers
        assert (silence.created_by, silence.comment, silence.state) == ("alice@host", "a look", SilenceState.ACTIVE)
        assert abs(silence.ends_at - ends_at) < timedelta(seconds=1)
        [watchdog] = (await client.alerts()).value
        assert (watchdog.state, watchdog.silenced_by) == (AlertState.SUPPRESSED, silence.ids)

        assert len((await client.expire(silence)).value) == 1

        async def gone() -> bool:
            return not (await client.silences()).value

        await until(gone)
        unknown = replace(silence, places=tuple(replace(place, id="a/b") for place in silence.places))
        with pytest.raises(MonitoringError, match=r"127\.0\.0\.1:\d+ refuses \(HTTP 4\d\d\)"):
            await client.expire(unknown)


async def test_servers_by_themselves_each_get_the_silence_and_show_it_as_one(
    monitoring_servers: MonitoringStack,
) -> None:
    await monitoring_servers.quiet()
    alone = alertmanager()
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    try:
        async with Alertmanager([monitoring_servers.alertmanager_urls[0], alone.url, NOWHERE], 5) as client:
            matchers = (Matcher("alertname", "Watchdog"),)
            done = await client.create(matchers, ends_at=ends_at, created_by="alice", comment="a look")
            assert len({place.id for place in done.value}) == 2
            assert [one.why for one in done.reach] == [None, None, "cannot be reached"]
            [silence] = (await client.silences()).value
            assert len(silence.ids) == 2
            assert len((await client.expire(silence)).value) == 2
            assert (await client.silences()).value == ()
    finally:
        alone.remove()


async def test_a_refused_silence_says_why(monitoring_servers: MonitoringStack) -> None:
    async with Alertmanager(monitoring_servers.alertmanager_urls, 5) as client:
        ends_at = datetime.now(UTC) - timedelta(hours=1)
        with pytest.raises(MonitoringError, match=r"HTTP 4\d\d"):
            await client.create((Matcher("a", "b"),), ends_at=ends_at, created_by="a", comment="b")


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handle: Handler) -> AsyncIterator[str]:
    """A server that does with each connection what it is told; yields its address, with a user and password in it."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            # The client hung up, as it should.
            return
        finally:
            writer.close()

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield f"http://alice:the-secret@127.0.0.1:{port}"


def answering(body: bytes, status: str = "200 OK", headers: str = "") -> Handler:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
        await writer.drain()

    return answer


async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def breaking(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n[")
    await writer.drain()


ALERT = {
    "fingerprint": "ab", "labels": {"alertname": "A"}, "annotations": {}, "startsAt": "2026-11-24T03:00:00.123456789Z",
    "status": {"state": "active", "silencedBy": [], "inhibitedBy": None}, "receivers": [{"name": "x"}],
}  # fmt: skip


def told(**changes: object) -> bytes:
    return json.dumps([ALERT | changes]).encode()


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        (dripping, "did not answer within 0.5 s"),
        (breaking, "broke off its answer"),
        (answering(b"<html>"), "answers with no JSON"),
        (answering(b"[" * 100_000), "answers with no JSON"),
        (answering(b"{}"), "alerts that is no list"),
        (answering(b"[1]"), "an alert that is no object"),
        (answering(told(labels={"a": 1})), "labels that are no texts"),
        (answering(told(labels=[])), "labels that is no object"),
        (answering(told(startsAt="yesterday")), "startsAt that is no time"),
        (answering(told(startsAt="2026-11-24T03:00:00")), "startsAt that is no time"),
        (answering(told(startsAt="0001-01-01T00:00:00+10:00")), "startsAt that is no time"),
        (answering(told(fingerprint=None)), "fingerprint that is no text"),
        (answering(told(status={"state": "lost"})), "no known state"),
        (answering(told(status={"state": "active", "silencedBy": [1]})), "silences that are no texts"),
        (answering(b"no", "401 Unauthorized"), "does not let us in (HTTP 401)"),
        (answering(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), "refuses (HTTP 302)"),
        (answering(b'{"message": "too \\u001b[31mmany"}', "503 Busy"), "refuses (HTTP 503): too  [31mmany"),
    ],
)  # fmt: skip
async def test_a_server_that_misbehaves_is_told_by_its_name(handler: Handler, why: str) -> None:
    async with serving(handler) as url, Alertmanager([url], 0.5) as client:
        found = await client.alerts()
    [reach] = found.reach
    assert found.value == ()
    assert reach.why is not None
    assert why in reach.why
    assert "secret" not in repr(reach)
    assert "alice" not in repr(reach)


async def test_an_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_BYTES", 100_000)
    async with serving(answering(b" " * 200_000)) as url, Alertmanager([url], 5) as client:
        [reach] = (await client.alerts()).reach
    assert reach.why is not None
    assert "answers with more than" in reach.why


async def test_one_that_answers_is_enough_and_times_are_utc() -> None:
    async with serving(answering(told())) as url, Alertmanager([NOWHERE, url], 5) as client:
        found = await client.alerts()
    [alert] = found.value
    assert found.answered
    assert found.reach[0] == Reach("127.0.0.1:1", "cannot be reached")
    assert alert.starts_at == datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "error"},
        {"status": "success", "data": {"groups": [{"name": "g", "rules": [{"name": "a"}]}]}},
        {"status": "success", "data": {"groups": [{"rules": []}]}},
        {"status": "success", "data": []},
    ],
)
async def test_rules_that_are_none_are_refused(answer: object) -> None:
    async with serving(answering(json.dumps(answer).encode())) as url, Prometheus([url], 5) as client:
        found = await client.rules()
    assert not found.answered
    assert found.value == ()


def rule(state: str, active_at: str, health: str = "ok", value: str = "1e+00") -> bytes:
    alert = {"labels": {"alertname": "A"}, "annotations": {}, "state": state, "activeAt": active_at, "value": value}
    found = {"name": "A", "query": "x > 1", "duration": 60, "labels": {}, "annotations": {}, "health": health}
    groups = [{"name": "g", "rules": [found | {"alerts": [alert], "lastError": "many-to-many"}]}]
    return json.dumps({"status": "success", "data": {"groups": groups}}).encode()


async def test_a_pair_agrees_on_the_stronger_state_and_the_earlier_time() -> None:
    one, other = rule("pending", "2026-11-24T03:00:00Z", value="+Inf"), rule("firing", "2026-11-24T03:00:05Z", "err")
    async with (
        serving(answering(one)) as first,
        serving(answering(other)) as second,
        Prometheus([first, second], 5) as client,
    ):
        [found] = (await client.rules()).value
    [instance] = found.instances
    assert instance.state is Pending.FIRING
    assert instance.active_at == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert instance.value == float("inf")
    assert found.trouble == "many-to-many"
    assert found.for_ == timedelta(minutes=1)


def test_servers_are_named_by_host_and_told_apart() -> None:
    urls = ["https://u:p@a/one", "https://a/two", "http://a:9090", "https://a/three"]
    assert names(urls) == ("a", "a#2", "a:9090", "a#3")


def test_an_empty_label_is_none() -> None:
    assert Labels.of({"a": "", "b": "c"}) == Labels((("b", "c"),))
