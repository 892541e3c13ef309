"""What PostgreSQL lets a viewer, an operator and the oracle do: their own work, and nothing of the others'."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from chain.journal import Outcome
from chain.units import Slot
from console.actions import Role
from settings import Settings
from store import accounts, analyses, audit, by_hand, figures, holds, locks, pauses, runbooks, settlements
from store.analyses import KeptAnalysis
from store.cluster import pin
from store.database import Database
from store.errors import NotPermitted
from store.grants import WRITES, Member
from store.journal import FencedJournal
from store.migrations import check
from store.schema import metadata
from store.settlements import Phase, RunOutcome
from tests.console.pilots import seated
from tests.samples import key
from tests.store.granted import grant, url_of
from tests.store.test_store_accounts import CONFIRMED, HERE, MARKET, OPEN, hear, on_chain, read
from tests.store.test_store_journal import attempt, claimed

WHO = "ada@bastion"


@pytest.fixture
def granted(postgres: Database) -> str:
    """The URL of a database whose roles are made."""
    grant(postgres.name)
    return postgres.name


@asynccontextmanager
async def user(granted: str, member: Member) -> AsyncIterator[Database]:
    async with Database(url_of(granted, member)) as db:
        yield db


async def refused(act: Callable[[], Awaitable[object]]) -> str:
    with pytest.raises(NotPermitted) as told:
        await act()
    return str(told.value)


def test_every_table_is_written_by_somebody() -> None:
    assert {table.name for tables in WRITES.values() for table in tables} == set(metadata.tables)


async def test_an_operator_does_all_that_hands_do(postgres: Database, granted: str) -> None:
    claim = await claimed(postgres, market="m")
    await settlements.begin(postgres, claim, Phase.CLOSE, "worker")
    async with user(granted, Member.OPERATOR) as db:
        await check(db)
        await by_hand.settle(db, "new", WHO)
        await settlements.park(db, "m", "the vault is empty", WHO)
        await settlements.retry(db, "m", WHO)
        await holds.place(db, "why", WHO)
        assert await holds.lift(db, WHO) == 1
        await pauses.place(db, "settle", "why", WHO)
        assert await pauses.lift(db, "settle", WHO) == 1
        run, _ = await runbooks.start(db, "oracle-down", "d" * 64, WHO)
        await runbooks.note(db, run.id, "look", "seen", WHO)
        await runbooks.end(db, run.id, runbooks.Outcome.FINISHED, "", [], WHO)
        assert (await audit.verify(db)).ok


async def test_a_signer_keeps_what_was_seen_in_runbooks_and_does_nothing_else(granted: str) -> None:
    async with user(granted, Member.SIGNER) as db:
        run, _ = await runbooks.start(db, "daily-signer", "d" * 64, WHO)
        await runbooks.note(db, run.id, "look", "seen", WHO)
        await runbooks.end(db, run.id, runbooks.Outcome.FINISHED, "", [], WHO)
        assert (await audit.verify(db)).ok
        await refused(lambda: holds.place(db, "why", WHO))
        await refused(lambda: by_hand.settle(db, "m", WHO))


async def test_the_oracle_does_all_its_work(granted: str) -> None:
    async with user(granted, Member.ORACLE) as db:
        await check(db)
        await pin(db, "genesis", str(key(1)))
        await read(db, 100, on_chain(MARKET, OPEN))
        await read(db, 110)
        await read(db, 120)
        await hear(db, on_chain(MARKET, OPEN, slot=130))
        fence = await locks.take(db, "watcher", "one", timedelta(seconds=5))
        assert fence is not None
        assert await locks.renew(db, "watcher", fence, timedelta(seconds=5))
        claim = await claimed(db)
        run = await settlements.begin(db, claim, Phase.CLOSE, "worker")
        journal = FencedJournal(db, claim, "one")
        await journal.record(attempt())
        await journal.conclude(attempt().signature, Outcome.LANDED, Slot(7))
        await settlements.end(db, claim, run, RunOutcome.DONE)
        await figures.add(db, "rpc", {"method": "getSlot"})
        await figures.add(db, "rpc", {"method": "getSlot"})
        made = KeptAnalysis(
            market=claim.market, document=b"{}", summary_hash=bytes(32), score=61, confidence=2, analyser="lexicon",
            input_tokens=1, output_tokens=2, cost_microdollars=3, latency_ms=4, made_at=await db.now(),
        )  # fmt: skip
        await settlements.add(db, "other", Phase.ANALYSE)
        await analyses.save(db, claim, made)
        await settlements.park(db, "other", "no text", "one")
        assert await settlements.finish(db, claim)
        assert (await audit.verify(db)).ok


async def test_a_viewer_reads_all_and_writes_nothing(granted: str) -> None:
    async with user(granted, Member.VIEWER) as db:
        await check(db)
        for table in metadata.tables:
            async with db.read() as connection:
                await connection.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - our own names
        told = await refused(lambda: holds.place(db, "why", WHO))
        assert told.startswith("opinion_viewer_user may not do this in postgresql://opinion_viewer_user@127.0.0.1")
        assert "permission denied for table" in told
        await refused(lambda: by_hand.settle(db, "m", WHO))
        await refused(lambda: accounts.see(db, HERE, accounts.Heard([on_chain(MARKET, OPEN)], CONFIRMED)))


REWRITING = (
    "UPDATE audit SET actor = 'somebody else'",
    "DELETE FROM audit",
    "DELETE FROM audit_head",
    "DELETE FROM settlement",
    "DELETE FROM attempt",
    "DELETE FROM hold",
    "UPDATE hold SET why = 'another'",
    "UPDATE phase_run SET worker = 'somebody else'",
    "UPDATE attempt SET wire = ''",
    "UPDATE analysis SET score = 1",
    "UPDATE runbook_mark SET words = ''",
    "TRUNCATE audit",
    "DROP TABLE audit",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "CREATE TABLE public.mine (a int)",
)


async def test_nobody_rewrites_what_was_done(granted: str) -> None:
    async def act(db: Database, statement: str) -> None:
        async with db.write() as connection:
            await connection.execute(text(statement))

    for member in Member:
        async with user(granted, member) as db:
            for statement in REWRITING:
                await refused(partial(act, db, statement))


async def test_an_operator_signs_nothing_and_feigns_no_chain(postgres: Database, granted: str) -> None:
    claim = await claimed(postgres)
    async with user(granted, Member.OPERATOR) as db:
        await refused(lambda: FencedJournal(db, claim, "one").record(attempt()))
        await refused(lambda: accounts.see(db, HERE, accounts.Heard([on_chain(MARKET, OPEN)], CONFIRMED)))
        await refused(lambda: locks.take(db, "watcher", "one", timedelta(seconds=5)))


async def test_a_console_of_a_viewer_shows_all_and_its_acts_are_refused_in_a_sentence(
    postgres: Database, granted: str, tmp_path: Path
) -> None:
    """Even where the console believes that an operator sits there."""
    await read(postgres, 100, on_chain(MARKET, OPEN))
    await holds.place(postgres, "the vault is empty", WHO)
    nowhere = "http://127.0.0.1:1"
    settings = Settings(
        solana_rpc_url=nowhere,  # pyright: ignore[reportArgumentType]
        database_url=url_of(granted, Member.VIEWER),
        redis_url="redis://127.0.0.1:1/0",
        texts_path=tmp_path,
    )
    async with seated(settings, "markets", role=Role.OPERATOR) as seat:
        await seat.until("Trams should be")
        await seat.until("HELD")
        await seat.press("H")
        await seat.until("Hold the whole oracle")
        await seat.type("why")
        await seat.press("enter")
        await seat.type("localnet")
        await seat.press("enter")
        await seat.until("opinion_viewer_user may not do this")
        assert (await audit.verify(postgres)).rows == 1
