"""The journal: what it said it wrote is there, whatever dies; and one intent has one open attempt."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chain_child import attempt

from chain.errors import (
    JournalError,
)
from chain.journal import Outcome, SqliteJournal

ROOT = Path(__file__).parents[2]
CHILD = [sys.executable, "-c", "import sys; sys.path[:0] = ['', 'tests/chain']; import chain_child; chain_child.main()"]

OPEN_AND_CLOSE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("SELECT count(*) FROM attempt").fetchall()
database.close()
"""


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.sqlite")


async def test_the_journal_refuses_a_second_open_attempt(journal: SqliteJournal, tmp_path: Path) -> None:
    await journal.record(attempt("a", 1))
    for other in (journal, SqliteJournal(tmp_path / "journal.sqlite")):
        with pytest.raises(JournalError, match="signed already by somebody else"):
            await other.record(attempt("a", 2))
    await journal.conclude(attempt("a", 1).signature, Outcome.EXPIRED, None)
    await journal.conclude(attempt("a", 1).signature, Outcome.EXPIRED, None)
    with pytest.raises(JournalError, match="no open attempt"):
        await journal.conclude(attempt("a", 1).signature, Outcome.LANDED, None)
    await journal.record(attempt("a", 2))
    assert [a.number for a in await journal.open_attempts()] == [2]


def test_a_journal_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database, and long enough to be none for certain" * 99)
    for path in (tmp_path / "no" / "folder", tmp_path / "text"):
        with pytest.raises(JournalError, match=str(path)):
            SqliteJournal(path)


@pytest.mark.parametrize("ending", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_written_to_a_journal_that_is_no_longer_there(
    tmp_path: Path, ending: str, replaced: bool
) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path)
    await journal.record(attempt("a", 1))
    file = tmp_path / f"journal.sqlite{ending}"
    file.rename(tmp_path / "moved")
    if replaced:
        shutil.copy(tmp_path / "moved", file)
    with pytest.raises(JournalError, match=f"{path} was deleted or replaced while in use"):
        await journal.record(attempt("b", 1))
    assert await journal.attempts("b") == []


async def test_a_journal_stays_usable_while_others_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path)
    for n in range(3):
        other = SqliteJournal(path)
        await other.record(attempt(f"other {n}", 1))
        other.close()
        other_process = await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN_AND_CLOSE, str(path))
        assert await other_process.wait() == 0
        await journal.record(attempt(f"ours {n}", 1))
    assert len(await SqliteJournal(path).open_attempts()) == 6


def test_an_existing_journal_becomes_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.touch()
    path.chmod(0o644)
    journal = SqliteJournal(path)
    asyncio.run(journal.record(attempt("a", 1)))
    assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == dict.fromkeys(
        ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"], 0o600
    )


@pytest.mark.parametrize("kill_after", [1, 7, 23])
def test_what_the_journal_said_it_wrote_survives_sigkill(tmp_path: Path, kill_after: int) -> None:
    path = tmp_path / "journal.sqlite"
    with subprocess.Popen([*CHILD, "write", str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(kill_after)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [line.strip() for line in writer.stdout if line.endswith("\n")]
    kept = {str(a.signature): a for a in asyncio.run(SqliteJournal(path).open_attempts())}
    assert [signature for signature in told if signature not in kept] == []
    assert all(a.wire == bytes(300) for a in kept.values())
