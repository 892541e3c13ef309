"""Silences that people place and end: what they do at real Alertmanagers, and what the audit log keeps of it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from monitoring.clients.alertmanager import Matcher
from ops.alerts.seen import State
from ops.alerts.silencing import Wish, expire, silence
from ops.alerts.watching import Watch
from ops.errors import OperatorError, UsageError
from settings import Settings
from store.audit import verify
from store.database import Database
from store.errors import StoreUnavailable
from store.migrations import migrate
from store.schema import audit
from tests.monitoring_stack import MonitoringStack, until

WHO = "alice@host (pts/1)"
WISH = Wish(matchers=(Matcher("alertname", "OracleDown"),), duration=timedelta(hours=1), comment=" an upgrade ")
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/oracle.db") as opened:
        await migrate(opened)
        yield opened


async def acts(db: Database) -> list[tuple[str, str, dict[str, object]]]:
    async with db.read() as connection:
        rows = (await connection.execute(select(audit).order_by(audit.c.number))).all()
    assert (await verify(db)).ok
    return [(row.actor, row.act, json.loads(row.details)) for row in rows]


def settings(*urls: str, prometheus: str = "") -> Settings:
    return Settings(prometheus_urls=prometheus, alertmanager_urls=",".join(urls))  # pyright: ignore[reportArgumentType]


async def test_a_silence_holds_and_ends_and_both_are_audited(monitoring_servers: MonitoringStack, db: Database) -> None:
    await monitoring_servers.quiet()
    monitoring_servers.set(watchers=0)
    await monitoring_servers.fires("Watchdog", "OracleDown")
    urls = monitoring_servers.alertmanager_urls
    async with Watch(settings(*urls, prometheus=monitoring_servers.prometheus.url)) as watch:
        done = await silence(watch, db, WISH, WHO)
        assert (len(done.places), done.missing) == (1, ())

        async def silenced() -> bool:
            return [one.state for one in (await watch.read()).alerts] == [State.SILENCED]

        await until(silenced)
        seen = await watch.read()
        [alert] = seen.alerts
        [kept] = alert.silenced_by
        assert (kept.comment, kept.created_by) == ("an upgrade", WHO)

        await expire(watch, db, kept, WHO)

        async def fires() -> bool:
            return [one.state for one in (await watch.read()).alerts] == [State.FIRING]

        await until(fires)
    found = await acts(db)
    assert [act for _, act, _ in found] == ["silence", "silenced", "expire silence", "silence expired"]
    assert {who for who, _, _ in found} == {WHO}
    assert {str(details["matchers"]) for _, _, details in found} == {'alertname="OracleDown"'}
    assert found[0][2]["comment"] == "an upgrade"
    assert found[1][2]["places"] == [f"{done.places[0].server} {done.places[0].id}"]
    assert found[2][2]["silence"] == list(kept.ids)


async def test_an_attempt_that_fails_is_audited_too(db: Database, monitoring_servers: MonitoringStack) -> None:
    async with Watch(settings(NOWHERE)) as watch:
        with pytest.raises(OperatorError, match=r"Nothing is silenced: 127\.0\.0\.1:1 cannot be reached\."):
            await silence(watch, db, WISH, WHO)
    assert [act for _, act, _ in await acts(db)] == ["silence", "silence failed"]
    async with Watch(settings(NOWHERE, monitoring_servers.alertmanager_urls[0])) as watch:
        done = await silence(watch, db, WISH, WHO)
        assert done.missing == ("127.0.0.1:1 cannot be reached",)
        [kept] = (await watch.alertmanager.silences()).value
    async with Watch(settings(NOWHERE)) as watch:
        with pytest.raises(OperatorError, match="The silence was not ended"):
            await expire(watch, db, kept, WHO)
    assert [act for _, act, _ in await acts(db)][-2:] == ["expire silence", "expire silence failed"]
    await monitoring_servers.quiet()


@pytest.mark.parametrize("comment", ["", "  ", "x" * 501])
async def test_without_a_comment_nothing_is_done(db: Database, comment: str) -> None:
    wish = Wish(matchers=WISH.matchers, duration=WISH.duration, comment=comment)
    async with Watch(settings(NOWHERE)) as watch:
        with pytest.raises(UsageError, match="A comment has 1 to 500 characters"):
            await silence(watch, db, wish, WHO)
    assert await acts(db) == []


async def test_what_cannot_be_audited_is_not_done(monitoring_servers: MonitoringStack) -> None:
    await monitoring_servers.quiet()
    away = Database("postgresql://opinion@127.0.0.1:1/opinion")
    async with away, Watch(settings(*monitoring_servers.alertmanager_urls)) as watch:
        with pytest.raises(StoreUnavailable):
            await silence(watch, away, WISH, WHO)
        assert (await watch.alertmanager.silences()).value == ()
