"""Who is active: over SQLite, and over a PostgreSQL that goes away."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import update

from chain.errors import EndpointUnreachable
from oracle.turns import Pace, Part, Role, take_turns
from store import locks
from store.database import Database, clock
from store.errors import OtherCluster
from store.migrations import migrate
from store.schema import lock
from tests.servers import postgresql

# So long a lease that no machine is too slow to renew it, and what ends it does so for a reason.
PATIENT = Pace(lease=600.0, renew=0.1, poll=0.1, first_wait=0.01, longest_wait=0.1)
SHORT = replace(PATIENT, lease=2.0)


class Member:
    """One process's part in the turns. `work` counts how often its part began and stands while it runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.role: Role | None = None
        self.began = 0
        self.working = False
        self.failures: list[Exception] = []

    async def work(self) -> None:
        self.began += 1
        if self.failures:
            raise self.failures.pop()
        self.working = True
        try:
            await asyncio.Event().wait()
        finally:
            self.working = False

    async def parts(self) -> Sequence[Part]:
        return [Part("work", self.work)]

    def turn(self, role: Role) -> None:
        self.role = role


@asynccontextmanager
async def taking_turns(
    db: Database,
    member: Member,
    parts: Callable[[], Awaitable[Sequence[Part]]] | None = None,
    pace: Pace = PATIENT,
) -> AsyncGenerator[asyncio.Task[None]]:
    turns = take_turns(db, "it", member.name, parts or member.parts, turn=member.turn, pace=pace)
    task = asyncio.create_task(turns)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, OtherCluster):
            await task


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not what():  # noqa: ASYNC110 - looks at a state
            await asyncio.sleep(0.01)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    async with Database(f"sqlite:///{tmp_path}/store.db", connections=4) as database:
        await migrate(database)
        yield database


async def test_one_works_and_the_other_takes_over_at_once_when_it_stops(db: Database) -> None:
    one, two = Member("one"), Member("two")
    async with taking_turns(db, one) as first:
        await until(lambda: one.working)
        async with taking_turns(db, two):
            await until(lambda: two.role is Role.STANDBY)
            assert (one.role, one.working, two.working) == (Role.ACTIVE, True, False)
            first.cancel()
            # Long before the lease would have run out: the lock was handed back.
            await until(lambda: two.working)
            assert not one.working


async def test_one_that_dies_is_followed_when_its_lease_runs_out(db: Database) -> None:
    assert await locks.take(db, "it", "the dead", timedelta(seconds=1)) is not None
    one = Member("one")
    async with taking_turns(db, one):
        await until(lambda: one.working)


async def test_a_lost_lock_stops_the_work_and_a_new_term_begins_it_anew(db: Database) -> None:
    one = Member("one")
    async with taking_turns(db, one):
        await until(lambda: one.working)
        stolen = update(lock).where(lock.c.name == "it")
        async with db.write() as connection:
            await connection.execute(stolen.values(holder="thief", fence=lock.c.fence + 1))
        await until(lambda: not one.working)
        await until(lambda: one.role is Role.STANDBY)
        async with db.write() as connection:
            await connection.execute(stolen.values(until=clock()))
        await until(lambda: one.working)
        assert one.began == 2


async def test_a_part_that_fails_is_named_and_started_again_while_the_others_go_on(db: Database) -> None:
    one, two = Member("one"), Member("two")
    one.failures = [ValueError("nonsense"), EndpointUnreachable("no node")]

    async def parts() -> Sequence[Part]:
        return [Part("shaky", one.work), Part("steady", two.work)]

    with structlog.testing.capture_logs() as logs:
        async with taking_turns(db, Member("both"), parts):
            await until(lambda: one.working)
    assert (one.began, two.began) == (3, 1)
    told = [(line["part"], line["reason"], line["exc_info"]) for line in logs if line["event"] == "a part failed"]
    # A trace only of what nobody expected.
    assert told == [("shaky", "no node", False), ("shaky", "nonsense", True)]


async def test_a_part_that_ends_is_started_again(db: Database) -> None:
    times = 0

    async def ends() -> None:
        nonlocal times
        times += 1

    async def parts() -> Sequence[Part]:
        return [Part("short", ends)]

    async with taking_turns(db, Member("one"), parts):
        await until(lambda: times > 2)


async def test_what_cannot_begin_yet_is_tried_again_and_another_cluster_ends_it(db: Database) -> None:
    outcomes: list[Exception] = [OtherCluster("another chain"), EndpointUnreachable("no node")]

    async def parts() -> Sequence[Part]:
        raise outcomes.pop()

    async with taking_turns(db, Member("one"), parts) as task:
        with pytest.raises(OtherCluster, match="another chain"):
            await task
    assert await locks.take(db, "it", "the next", timedelta(seconds=1)) is not None


async def test_a_database_that_goes_away_stops_the_work_until_it_is_back() -> None:
    server = postgresql()
    try:
        async with Database(f"{server.url}/postgres", connections=4) as db:
            await migrate(db)
            one = Member("one")
            async with taking_turns(db, one, pace=SHORT):
                await until(lambda: one.working)
                await asyncio.to_thread(server.end)
                await until(lambda: not one.working)
                await until(lambda: one.role is Role.STANDBY)
                await asyncio.to_thread(server.start)
                await until(lambda: one.working)
    finally:
        server.remove()
